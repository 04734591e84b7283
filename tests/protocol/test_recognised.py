"""Protocols that are only named: what they are known by, and what they are not."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.bittorrent import Bittorrent
from sentinel.protocol.http import HttpAnalyzer
from sentinel.protocol.http2 import Http2
from sentinel.protocol.known import ANALYZERS
from sentinel.protocol.openvpn import Openvpn
from sentinel.protocol.wireguard import Wireguard

SESSION = b"\x11\x22\x33\x44\x55\x66\x77\x88"
PLAIN = b"\x38" + SESSION + bytes(5)
AUTH = b"\x38" + SESSION + b"\xaa" * 20 + b"\x00\x00\x00\x01\x66\x00\x00\x00" + bytes(5)
CRYPT = b"\x38" + SESSION + b"\x00\x00\x00\x01\x66\x00\x00\x00" + b"\xaa" * 32 + b"\xbb" * 5
INITIATION = b"\x01\x00\x00\x00" + b"\x07" * 144
PING = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"


@pytest.mark.parametrize(
    ("kind", "data", "transport", "answer"),
    [
        (Wireguard, INITIATION, "udp", True),
        (Wireguard, b"\x02\x00\x00\x00" + b"\x07" * 88, "udp", True),
        (Wireguard, INITIATION[:-1], "udp", False),
        (Wireguard, b"\x01\x00\x00\x00" + bytes(144), "udp", False),
        (Wireguard, b"\x01\x01\x00\x00" + b"\x07" * 144, "udp", False),
        (Openvpn, PLAIN, "udp", True),
        (Openvpn, AUTH, "udp", True),
        (Openvpn, CRYPT, "udp", True),
        (Openvpn, b"\x50" + CRYPT[1:] + bytes(300), "udp", True),
        (Openvpn, pack("!H", 14) + PLAIN, "tcp", True),
        (Openvpn, pack("!H", 14) + PLAIN[:9], "tcp", None),
        (Openvpn, b"\x00", "tcp", None),
        (Openvpn, PLAIN[:-1] + b"\x01", "udp", False),
        (Openvpn, b"\x38" + bytes(13), "udp", False),
        (Openvpn, b"\x16\x03\x01", "tcp", False),
        (Bittorrent, b"\x13BitTorrent protocol" + bytes(48), "tcp", True),
        (Bittorrent, b"\x13Bit", "tcp", None),
        (Bittorrent, b"\x13BitTornado protocol!", "tcp", False),
        (Bittorrent, PING, "udp", True),
        (Bittorrent, PING[:-1], "udp", False),
        (Bittorrent, b"d8:announce3:abce", "udp", False),
        (Http2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12", "tcp", True),
        (Http2, b"PRI * HTTP", "tcp", None),
        (Http2, b"POST / HTTP/1.1\r\nHost: a.test", "tcp", False),
    ],
)
def test_recognition(kind, data, transport, answer):
    assert kind.recognise(data, True, transport) is answer


@pytest.mark.parametrize(
    ("kind", "tunnel"),
    [(Wireguard, "Tunnel::WIREGUARD"), (Openvpn, "Tunnel::OPENVPN"), (Bittorrent, None), (Http2, None)],
)
def test_let_go_at_once(wire, kind, tunnel):
    analyzer = kind(wire, wire.events.append, None)
    analyzer.feed(True, b"x", 0.0)
    assert analyzer.done and analyzer.encrypted is (tunnel is not None)
    analyzer.feed(True, b"x", 0.0)
    assert [event.tunnel_type for event in wire.events] == ([tunnel] if tunnel else [])


def test_http2_is_asked_before_http():
    assert ANALYZERS.index(Http2) < ANALYZERS.index(HttpAnalyzer) and Http2.ports == HttpAnalyzer.ports


def test_noise_never_raises():
    for kind, data in ((Wireguard, INITIATION), (Openvpn, AUTH), (Openvpn, CRYPT), (Bittorrent, PING)):
        for size in range(1, len(data)):
            for transport in kind.transports:
                kind.recognise(data[:size], True, transport)
                kind.recognise(data[:size], False, transport)
