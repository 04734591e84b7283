"""Whose TCP opens a connection so: by our own signatures, by those of a p0f database, by both."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.event import TcpSyn
from sentinel.ledger.stack import OURS, Stacks

DEBIAN = Path("/etc/p0f/p0f.fp")
LINUX = "mss,sok,ts,nop,ws"
DATABASE = """
; a comment
classes = win,unix,other
[mtu]
label = Ethernet
sig = 1500
[tcp:request]
label = g:unix:Linux:generic
sig = *:64:0:*:*,*:mss,sok,ts,nop,ws:df,id+:0
label = s:unix:Linux:9.x
sig = *:64:0:*:mss*99,7:mss,sok,ts,nop,ws:df,id+:0
sig = this is none
label = s:!:Some scanner:
sys = @unix,@win
sig = *:64-:0:*:777,*:mss,sok,ts,nop,ws:df,id+:0
label = bad
sig = *:64:0:*:1,*:mss::0
[tcp:response]
label = s:unix:Server:
sig = *:64:0:*:*,*:mss:df:0
"""


def syn(
    ttl: int, window: int, options: str, scale: int | None, mss: int | None = 1460, quirks: str = "df,id+"
) -> TcpSyn:
    return TcpSyn(
        ts=1.0, host="10.0.0.5", ttl=ttl, window=window, options=options, scale=scale, mss=mss, quirks=quirks
    )


@pytest.mark.parametrize(
    ("event", "system"),
    [
        (syn(64, 64240, LINUX, 7), "Linux"),
        (syn(61, 29200, LINUX, 7, quirks="df"), "Linux"),
        (syn(61, 29200, LINUX, 7, quirks=""), "Linux"),
        (syn(128, 64240, "mss,nop,ws,nop,nop,sok", 8), "Windows 10/11"),
        (syn(125, 8192, "mss,nop,ws,nop,nop,sok", 8), "Windows 7/8/2012"),
        (syn(125, 5000, "mss,nop,ws,nop,nop,sok", 8), "Windows"),
        (syn(128, 64240, "mss,nop,nop,sok", None), "Windows XP/2003"),
        (syn(64, 65535, "mss,nop,ws,nop,nop,ts,sok,eol+1", 6), "macOS/iOS"),
        (syn(64, 65535, "mss,nop,ws,nop,nop,ts,sok,eol+1", 6, quirks="df,ecn"), "macOS/iOS"),
        (syn(64, 65535, "mss,nop,ws,sok,ts", 6, quirks="df"), "FreeBSD"),
        (syn(64, 16384, "mss,nop,nop,sok,nop,ws,nop,nop,ts", 6), "OpenBSD"),
        (syn(60, 49640, "mss,nop,ws,nop,nop,sok", 0), "Solaris 10"),
        (syn(255, 4128, "mss", None, quirks=""), "Cisco IOS"),
        (syn(253, 4128, "mss", None, mss=536, quirks="id-"), "Cisco IOS"),
        (syn(255, 5840, "mss", None, quirks=""), "lwIP"),
        (syn(250, 8192, "mss", None, quirks=""), "network device"),
        (syn(57, 1024, "mss", None, quirks=""), None),  # Nmap's
        (syn(64, 65535, "", None), None),
        (syn(128, 64240, LINUX, 7), None),
    ],
)
def test_the_system_of_who_opens_a_connection(event: TcpSyn, system: str | None) -> None:
    assert OURS.system_of(event) == system


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "p0f.fp"
    path.write_text(DATABASE)
    return path


def test_a_database_adds_to_ours_and_its_bad_lines_are_named(database: Path) -> None:
    stacks, bad = Stacks.load(database)
    assert [DATABASE.splitlines()[line - 1] for line in bad] == [
        "sig = this is none",
        "label = bad",
        "sig = *:64:0:*:1,*:mss::0",
    ]
    assert stacks.system_of(syn(64, 99 * 1460, LINUX, 7)) == "Linux 9.x"
    assert stacks.system_of(syn(64, 99 * 1460, LINUX, 8)) == "Linux"
    assert stacks.system_of(syn(64, 777, LINUX, 8)) is None  # a program, whatever a last resort says
    assert stacks.system_of(syn(64, 99 * 1460, LINUX, 7, quirks="df,ecn,id+")) == "Linux 9.x"
    assert stacks.system_of(syn(64, 5, "mss", None, quirks="df")) is None  # of answers, not of requests


def test_without_a_database_ours_remain(tmp_path: Path) -> None:
    assert Stacks.load(tmp_path / "none") == (OURS, [])
    with pytest.raises(OSError):
        Stacks.load(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe\0", b"[tcp:request]\n=\nsig\nlabel\n", b"[tcp:request]"])
def test_a_file_that_is_no_database_costs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd").write_bytes(content)
    stacks, _ = Stacks.load(tmp_path / "odd")
    assert stacks.system_of(syn(64, 64240, LINUX, 7)) == "Linux"


@pytest.mark.skipif(not DEBIAN.is_file(), reason="no database of p0f (Debian's package p0f)")
def test_every_line_of_p0fs_own_database_is_understood() -> None:
    stacks, bad = Stacks.load(DEBIAN)
    assert bad == []
    assert stacks.system_of(syn(64, 20 * 1460, LINUX, 7)) == "Linux 3.11 and newer"
    assert stacks.system_of(syn(128, 64240, "mss,nop,ws,nop,nop,sok", 8)) == "Windows 10/11"
