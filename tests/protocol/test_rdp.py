"""Remote Desktop: requests, settings, certificates, and TLS after them."""

from __future__ import annotations

import struct

import pytest
from test_tls import certificates, client_hello, message, record, server_hello
from test_x509 import make

from sentinel.protocol.rdp import WATCHED_PACKETS, Rdp, RdpEudp
from sentinel.protocol.rdp_names import keyboard_name
from sentinel.protocol.settings import ProtocolSettings


def tpkt(body):
    return b"\x03\x00" + struct.pack(">H", len(body) + 4) + body


def request(user="administr", protocols=3):
    variable = f"Cookie: mstshash={user}\r\n".encode() + struct.pack("<BBHI", 1, 0, 8, protocols)
    return tpkt(bytes([6 + len(variable), 0xE0, 0, 0, 0, 0, 0]) + variable)


def confirm(protocol=None, failure=None):
    variable = b""
    if protocol is not None:
        variable = struct.pack("<BBHI", 2, 0, 8, protocol)
    elif failure is not None:
        variable = struct.pack("<BBHI", 3, 0, 8, failure)
    return tpkt(bytes([6 + len(variable), 0xD0, 0, 0, 0x12, 0x34, 0]) + variable)


def utf16(text, room):
    return text.encode("utf-16-le").ljust(room, b"\0")


def core(layout=2052, build=9600, whole=True):
    block = struct.pack("<IHHHHII", 0x80004, 1920, 1080, 0xCA01, 0xAA03, layout, build) + utf16(
        "PC-OFFICE-7", 32
    )
    if whole:
        block += bytes(76) + bytes(8) + struct.pack("<HHH", 24, 15, 2) + utf16("0123-4567", 64)
    return struct.pack("<HH", 0xC001, len(block) + 4) + block


def network(*channels):
    block = struct.pack("<I", len(channels)) + b"".join(
        name.encode().ljust(8, b"\0") + bytes(4) for name in channels
    )
    return struct.pack("<HH", 0xC003, len(block) + 4) + block


def initial(*blocks):
    data = b"".join(blocks)
    gcc = (
        b"\x00\x05\x00\x14\x7c\x00\x01"
        + b"\x00" * 10
        + b"Duca"
        + struct.pack(">H", 0x8000 | len(data))
        + data
    )
    return tpkt(b"\x02\xf0\x80\x7f\x65\x82" + struct.pack(">H", len(gcc)) + gcc)


def security(certificate, method=2, level=3):
    block = struct.pack("<IIII", method, level, 32, len(certificate)) + bytes(32) + certificate
    return struct.pack("<HH", 0x0C02, len(block) + 4) + block


def answer(*blocks, result=0):
    data = b"".join(blocks)
    gcc = b"\x00\x05\x00\x14\x7c\x00\x01\x2a\x14\x76\x0a\x01\x01" + bytes([result]) + b"\x01\xc0\x00McDn"
    gcc += struct.pack(">H", 0x8000 | len(data)) + data
    return tpkt(b"\x02\xf0\x80\x7f\x66\x82" + struct.pack(">H", len(gcc)) + gcc)


def chain(*blobs, version=2):
    return struct.pack("<II", version, len(blobs)) + b"".join(struct.pack("<I", len(b)) + b for b in blobs)


def test_own_security(speak):
    root, leaf = make(), make()
    wire = speak(
        Rdp,
        [
            (True, request("JOHN-PC  ", 0)),
            (False, confirm()),
            (True, initial(core(), network("rdpdr", "cliprdr"))),
            (False, answer(security(chain(root, leaf)))),
        ],
    )
    (event,) = wire.of("rdp")
    assert (event.cookie, event.result, event.security_protocol) == ("JOHN-PC  ", "Success", "RDP")
    assert (event.client_name, event.client_build) == ("PC-OFFICE-7", "RDP 8.1")
    assert event.keyboard_layout == "Chinese - People's Republic of China"
    assert (event.desktop_width, event.desktop_height, event.requested_color_depth) == (1920, 1080, "32bit")
    assert (event.client_dig_product_id, event.client_channels) == ("0123-4567", ["rdpdr", "cliprdr"])
    assert (event.encryption_method, event.encryption_level) == ("128bit", "High")
    assert (event.cert_type, event.cert_count, event.cert_permanent) == ("X.509", 2, True)
    assert [found.host_cert for found in wire.of("x509")] == [True, False]


def test_microsofts_own_certificate(speak):
    wire = speak(
        Rdp,
        [
            (True, request()),
            (False, confirm(0)),
            (False, answer(security(chain(version=0x80000001)), result=4)),
        ],
    )
    (event,) = wire.of("rdp")
    assert (event.cert_type, event.cert_count, event.cert_permanent) == ("RSA", 1, False)
    assert event.result == "Locked conference"


def test_short_settings_of_old_clients(speak):
    (event,) = speak(Rdp, [(True, request()), (True, initial(core(66569, 2600, whole=False)))]).of("rdp")
    assert (event.keyboard_layout, event.client_build) == ("English - United States (Dvorak)", "RDP 5.1")
    assert event.requested_color_depth is None and event.client_dig_product_id is None


def tls():
    reply = record(22, server_hello() + certificates(make()) + message(14, b""))
    return [(True, record(22, client_hello())), (False, reply)]


def test_tls_is_read_after_the_confirmation(speak):
    wire = speak(Rdp, [(True, request()), (False, confirm(2)), *tls()])
    (event,) = wire.of("rdp")
    assert (event.result, event.security_protocol, event.cookie) == ("encrypted", "HYBRID", "administr")
    assert len(wire.of("ssl")) == len(wire.of("x509")) == 1 and wire.services == ["ssl"]


def test_refusal_and_silence(speak):
    (event,) = speak(Rdp, [(True, request(protocols=0)), (False, confirm(failure=5))]).of("rdp")
    assert (event.result, event.security_protocol) == ("HYBRID_REQUIRED_BY_SERVER", None)
    (event,) = speak(Rdp, [(True, request()), (False, confirm(1))]).of("rdp")
    assert (event.result, event.security_protocol) == (None, "SSL")


def test_packets_without_end_are_let_go(wire):
    analyzer = Rdp(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, request() + tpkt(b"\x02\xf0\x80abc") * (WATCHED_PACKETS + 1), 1.0)
    assert analyzer.done and len(wire.of("rdp")) == 1


def test_names_of_keyboards():
    assert keyboard_name(1033) == "English - United States"
    assert keyboard_name(263198) == "Thai (Best Guess for 263198)"
    assert keyboard_name(60000) == "keyboard-60000"


@pytest.mark.parametrize(
    ("data", "is_orig", "known"),
    [
        (request(), True, True),
        (confirm(1), False, True),
        (request(), False, False),
        (b"\x03\x00\x00", True, None),
        (
            b"\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01\x0a",
            True,
            True,
        ),
        (b"\x03\x00\x00\x1f\x02\xf0\x80\x32", True, False),
        (b"\x16\x03\x01\x00\x05\x01", True, False),
    ],
)
def test_recognition(data, is_orig, known):
    assert Rdp.recognise(data, is_orig, "tcp") is known


def test_side_channel(wire):
    syn = b"\xff\xff\xff\xff\x00\x40\x00\x01" + bytes(1224)
    assert RdpEudp.recognise(syn, True, "udp") and not RdpEudp.recognise(syn[:100], True, "udp")
    analyzer = RdpEudp(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, syn, 1.0)
    assert analyzer.done and analyzer.encrypted


def test_sturdy(sturdy):
    clear = [
        (True, request()),
        (False, confirm(0)),
        (True, initial(core(), network("rdpdr"))),
        (False, answer(security(chain(make())))),
    ]
    sturdy(Rdp, clear)
    sturdy(Rdp, [(True, request()), (False, confirm(1)), *tls()])
