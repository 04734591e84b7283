"""Signatures in p0f's language fit the packets that its README describes, and lines that are none are refused."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.event import TcpSyn
from sentinel.ledger.signature import SignatureError, read_label, read_signature

LABEL = read_label("s:unix:Some:1")
LAYOUT = "mss,nop,ws"


def fit(signature: str, **fields: Any) -> str | None:
    usual: dict[str, Any] = {
        "ts": 1.0, "host": "10.0.0.5", "ttl": 60, "window": 14600, "options": LAYOUT, "mss": 1460, "scale": 7,
    }  # fmt: skip
    return read_signature(signature, LABEL).fit(TcpSyn(**{**usual, **fields}))


@pytest.mark.parametrize(
    ("signature", "fields", "fits"),
    [
        ("*:64:0:*:*,*:mss,nop,ws::0", {}, "exact"),
        ("4:64:0:*:*,*:mss,nop,ws::0", {}, "exact"),
        ("6:64:0:*:*,*:mss,nop,ws::0", {}, None),
        ("6:64:0:*:*,*:mss,nop,ws::0", {"host": "fd00::1"}, "exact"),
        # TTL: at most 35 routers, never more than at the start
        ("*:64:0:*:*,*:mss,nop,ws::0", {"ttl": 29}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws::0", {"ttl": 28}, None),
        ("*:64:0:*:*,*:mss,nop,ws::0", {"ttl": 65}, None),
        ("*:54+10:0:*:*,*:mss,nop,ws::0", {"ttl": 64}, "exact"),
        ("*:64-:0:*:*,*:mss,nop,ws::0", {"ttl": 3}, "exact"),
        ("*:64-:0:*:*,*:mss,nop,ws::0", {"ttl": 65}, None),
        ("*:90+?:0:*:*,*:mss,nop,ws::0", {"ttl": 120}, "exact"),
        ("*:90+?:0:*:*,*:mss,nop,ws::0", {"ttl": 129}, None),
        # options of IP, mss, scale, payload
        ("*:64:4:*:*,*:mss,nop,ws::0", {}, None),
        ("*:64:4:*:*,*:mss,nop,ws::0", {"ip_options": 4}, "exact"),
        ("*:64:0:1400:*,*:mss,nop,ws::0", {}, None),
        ("*:64:0:0:*,*:mss,nop,ws::0", {"mss": None}, "exact"),
        ("*:64:0:*:*,6:mss,nop,ws::0", {}, None),
        ("*:64:0:*:*,0:mss,nop,ws::0", {"scale": None}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws::+", {}, None),
        ("*:64:0:*:*,*:mss,nop,ws::+", {"payload": 3}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws::0", {"payload": 3}, None),
        ("*:64:0:*:*,*:mss,nop,ws::*", {"payload": 3}, "exact"),
        # windows
        ("*:64:0:*:14600,*:mss,nop,ws::0", {}, "exact"),
        ("*:64:0:*:14601,*:mss,nop,ws::0", {}, None),
        ("*:64:0:*:mss*10,*:mss,nop,ws::0", {}, "exact"),
        ("*:64:0:*:mss*4,*:mss,nop,ws::0", {}, None),
        ("*:64:0:*:mss*10,*:mss,nop,ws::0", {"mss": 1400}, "exact"),  # counted in Ethernet's
        ("*:64:0:*:mss*10,*:mss,nop,ws::0", {"mss": None}, None),
        ("*:64:0:*:mss*10,*:mss,nop,ws::0", {"mss": 1}, None),
        ("*:64:0:*:mss*10,*:mss,ts::0", {"window": 14480, "options": "mss,ts"}, "exact"),
        ("*:64:0:*:mss*10,*:mss,nop,ws::0", {"window": 14480}, None),
        ("*:64:0:*:mtu*2,*:mss,nop,ws::0", {"mss": 1360, "window": 2800}, "exact"),
        ("*:64:0:*:mtu*2,*:mss,nop,ws::0", {"mss": 1360, "window": 2800, "host": "fd00::1"}, None),
        ("*:64:0:*:mtu*2,*:mss,nop,ws::0", {"mss": 1340, "window": 2800, "host": "fd00::1"}, "exact"),
        ("*:64:0:*:%8192,*:mss,nop,ws::0", {"window": 24576}, "exact"),
        ("*:64:0:*:%8192,*:mss,nop,ws::0", {}, None),
        # quirks: df and id+ may go, id- and ecn may come, no other
        ("*:64:0:*:*,*:mss,nop,ws:df,id+:0", {"quirks": "df,id+"}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws:df,id+:0", {"quirks": ""}, "distant"),
        ("*:64:0:*:*,*:mss,nop,ws:df,id+:0", {"quirks": "df,ecn,id+"}, "distant"),
        ("*:64:0:*:*,*:mss,nop,ws::0", {"quirks": "id-"}, "distant"),
        ("*:64:0:*:*,*:mss,nop,ws::0", {"quirks": "df"}, None),
        ("*:64:0:*:*,*:mss,nop,ws:seq-:0", {"quirks": ""}, None),
        # those of the other version count for nothing
        ("*:64:0:*:*,*:mss,nop,ws:df,id+:0", {"quirks": "", "host": "fd00::1"}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws:flow:0", {"quirks": ""}, "exact"),
        ("*:64:0:*:*,*:mss,nop,ws:flow:0", {"quirks": "", "host": "fd00::1"}, None),
        ("*:64:0:*:*,*:mss,nop,ws:flow:0", {"quirks": "flow", "host": "fd00::1"}, "exact"),
    ],
)
def test_what_fits(signature: str, fields: dict[str, Any], fits: str | None) -> None:
    assert fit(signature, **fields) == fits


@pytest.mark.parametrize(
    "line",
    [
        "",
        "*:64:0:*:*,*:mss,nop,ws:0",
        "5:64:0:*:*,*:mss::0",
        "*:0:0:*:*,*:mss::0",
        "*:250+10:0:*:*,*:mss::0",
        "*:64+:0:*:*,*:mss::0",
        "*:64:x:*:*,*:mss::0",
        "*:64:0:65536:*,*:mss::0",
        "*:64:0:*:*:mss::0",
        "*:64:0:*:mss*,*:mss::0",
        "*:64:0:*:%0,*:mss::0",
        "*:64:0:*:*,256:mss::0",
        "*:64:0:*:*,*:mss,eol::0",
        "*:64:0:*:*,*:mss:fast:0",
        "*:64:0:*:*,*:mss::1",
    ],
)
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(SignatureError):
        read_signature(line, LABEL)


@pytest.mark.parametrize("line", ["", "s:unix:Linux", "x:unix:Linux:", "s::Linux:", "s:unix::3"])
def test_a_label_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(SignatureError):
        read_label(line)


def test_a_label_tells_whether_it_is_a_last_resort_or_a_tool() -> None:
    assert str(read_label("g:unix:Linux:2.2.x-3.x (no timestamps)")) == "Linux 2.2.x-3.x (no timestamps)"
    assert [read_label(one).generic for one in ("g:unix:Linux:", "s:unix:Linux:")] == [True, False]
    assert [read_label(one).tool for one in ("s:!:Some scanner:", "s:unix:Linux:")] == [True, False]
