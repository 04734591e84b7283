"""Syslog over UDP and TCP, by lines and by counts."""

from __future__ import annotations

import pytest

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.syslog import MAX_MESSAGE, Syslog


def test_datagrams(wire):
    wire.proto = "udp"
    analyzer = Syslog(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, b"<34>Oct 11 22:14:15 gw su: \xe5\xa4\xb1\xe8\xb4\xa5\n", 0.0)
    analyzer.feed(True, b"<189>1 - - - - -", 0.0)
    analyzer.feed(True, b"no priority", 0.0)
    analyzer.feed(False, b"<34>back", 0.0)
    analyzer.finish(0.0)
    assert [(event.facility, event.severity, event.message) for event in wire.of("syslog")] == [
        ("AUTH", "CRIT", "Oct 11 22:14:15 gw su: 失败"),
        ("LOCAL7", "NOTICE", "1 - - - - -"),
        ("UNSPECIFIED", "UNSPECIFIED", "no priority"),
    ]
    assert wire.of("syslog")[0].proto == "udp"


@pytest.mark.parametrize("talk", [b"<13>one\n<14>two\n<15>last", b"7 <13>one7 <14>two8 <15>last"])
def test_streams(speak, talk):
    told = speak(Syslog, [(True, talk)]).of("syslog")
    assert [(event.severity, event.message) for event in told] == [
        ("NOTICE", "one"),
        ("INFO", "two"),
        ("DEBUG", "last"),
    ]


def test_long_messages_are_cut(speak):
    told = speak(Syslog, [(True, b"<13>" + b"x" * 20_000 + b"\n")]).of("syslog")
    assert len(told[0].message) == MAX_MESSAGE - 4
    told = speak(Syslog, [(True, b"20000 <13>" + b"x" * 19_996 + b"5 <13>y")]).of("syslog")
    assert [len(event.message) for event in told] == [MAX_MESSAGE - 10, 1]


def test_nonsense_ends_the_reading(speak):
    assert "syslog_invalid_frame" in speak(Syslog, [(True, b"<13>a\nHELO x\n")]).weirds


def test_sturdy(sturdy):
    sturdy(Syslog, [(True, b"<13>one\n<14>two\n"), (True, b"<15>three\n")])
    sturdy(Syslog, [(True, b"7 <13>one7 <14>two")])


@pytest.mark.parametrize(
    ("data", "transport", "answer"),
    [
        (b"<34>Oct 11", "udp", True),
        (b"<192>x", "udp", False),
        (b"<>x", "udp", False),
        (b"<html>", "udp", False),
        (b"<34>\x00\x01", "udp", False),
        (b"<3", "tcp", None),
        (b"<34>1 ", "tcp", True),
        (b"<?xml", "tcp", False),
        (b"12 <34>x", "tcp", True),
        (b"12 ", "tcp", None),
        (b"220 ftp", "tcp", False),
    ],
)
def test_recognition(data, transport, answer):
    assert Syslog.recognise(data, True, transport) is answer
    assert Syslog.recognise(data, False, transport) is False
