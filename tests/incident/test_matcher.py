"""Matchers: what holds, what does not, and what is none."""

from __future__ import annotations

import pytest

from sentinel.incident import IncidentError
from sentinel.incident.matcher import FIELDS, OF_INCIDENTS, matches_all, read_matchers

ALERT: dict[str, str | None] = {
    "rule_id": "scan-ports",
    "src": "10.1.2.3",
    "dst": "2001:db8::7",
    "zone": None,
    "category": "NASCAN",
    "severity": "high",
    "title": "端口扫描 [外部]",
    "kind": "conn",
}


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("src=10.1.2.3", True),
        ("src=10.1.2", False),
        ("src=10.1.0.0/16", True),
        ("src=10.1.9.9/16", True),
        ("src=10.2.0.0/16", False),
        ("src!=10.2.0.0/16", True),
        ("src=10.1.*", True),
        ("src=2001:db8::/32", False),
        ("dst=2001:db8::/32", True),
        ("dst=10.0.0.0/8", False),
        ("category=NA*", True),
        ("category=na*", False),
        ("severity=hig?", True),
        ("severity!=high", False),
        ("title=*扫描*", True),
        ("zone=*", True),
        ("zone=town", False),
        ("zone!=town", True),
        (" rule_id = scan-ports ", True),
        ("rule_id=scan=ports", False),
    ],
)
def test_what_holds(written: str, holds: bool) -> None:
    assert matches_all(read_matchers([written]), ALERT) is holds


def test_a_network_holds_for_no_text_that_is_no_address() -> None:
    (inside,), (outside,) = read_matchers(["src=10.0.0.0/8"]), read_matchers(["src!=10.0.0.0/8"])
    for value in (None, "", "printer", "10.0.0.0/8"):
        assert not inside.holds({"src": value})
        assert outside.holds({"src": value})


def test_all_must_hold() -> None:
    assert matches_all(read_matchers(["src=10.1.2.3", "category=NASCAN"]), ALERT)
    assert not matches_all(read_matchers(["src=10.1.2.3", "category=NADOS"]), ALERT)


@pytest.mark.parametrize(
    "written", ["", "src", "src=", "=10.0.0.1", "src!", "!=x", "colour=red", "SRC=10.0.0.1", "src>=1"]
)
def test_what_is_none(written: str) -> None:
    with pytest.raises(IncidentError) as raised:
        read_matchers(["kind=conn", written])
    assert raised.value.message.id == "incident.bad-matcher"
    assert raised.value.message.values["got"] == written


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0/8", "town/8", "2001:db8::/129"])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(IncidentError) as raised:
        read_matchers([f"dst={network}"])
    assert raised.value.message.id == "incident.bad-network"


@pytest.mark.parametrize("written", ["src=10.1.9.9/16", "title!=a=b", "zone=*"])
def test_it_is_written_as_it_was_read(written: str) -> None:
    (matcher,) = read_matchers([written])
    assert str(matcher) == written
    assert read_matchers([str(matcher)]) == (matcher,)


def test_incidents_have_no_kind_of_event() -> None:
    assert set(FIELDS) - set(OF_INCIDENTS) == {"kind"}
    with pytest.raises(IncidentError, match="kind"):
        read_matchers(["kind=conn"], OF_INCIDENTS)
