"""QUIC: Initial packets opened, hellos read, what each side's packets leave in the history."""

from __future__ import annotations

from struct import pack

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.quic import MAX_EVENTS, MAX_SHORT, Quic
from sentinel.protocol.quic_initial import (
    MAX_HELLO,
    MAX_PIECES,
    VERSION_1,
    VERSION_2,
    CryptoStream,
    InitialKeys,
    crypto_frames,
    versions,
)

DCID = bytes.fromhex("8394c8f03e515708")
CLIENT, SERVER = b"\xc1\xc2\xc3", b"\x51\x52\x53\x54"
SERVER_INITIAL = bytes.fromhex(
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3"
    "8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
    "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
)
"""RFC 9001 appendix A.3."""


def number(value: int) -> bytes:
    return pack("!H", value | 0x4000) if value > 63 else bytes([value])


def client_hello(name=b"gov.test", alpn=b"h3") -> bytes:
    sni = pack("!HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    offered = pack("!HHHB", 16, len(alpn) + 3, len(alpn) + 1, len(alpn)) + alpn
    extensions = sni + offered + pack("!HHBH", 43, 3, 2, 0x0304)
    body = (
        pack("!H32sBHHBB", 0x0303, bytes(32), 0, 2, 0x1301, 1, 0) + pack("!H", len(extensions)) + extensions
    )
    return b"\x01" + len(body).to_bytes(3, "big") + body


def server_hello() -> bytes:
    extensions = pack("!HHH", 43, 2, 0x0304) + pack("!HHHH", 51, 36, 29, 32) + bytes(32)
    body = pack("!H32sBHB", 0x0303, bytes(32), 0, 0x1301, 0) + pack("!H", len(extensions)) + extensions
    return b"\x02" + len(body).to_bytes(3, "big") + body


def crypto(data: bytes, offset=0) -> bytes:
    return b"\x06" + number(offset) + number(len(data)) + data


def initial(frames: bytes, is_orig=True, version=VERSION_1, dcid=DCID, at=0, token=b"", pad=0) -> bytes:
    """Seal an Initial packet as a sender does, with the library's own key derivation."""
    frames = frames.ljust(max(pad, 4), b"\x00")
    secret = HKDF.extract(SHA256(), versions[version], dcid)

    def derive(secret: bytes, label: bytes, length: int) -> bytes:
        label = b"tls13 " + label
        info = pack("!HB", length, len(label)) + label + b"\x00"
        return HKDFExpand(SHA256(), length, info).derive(secret)

    secret = derive(secret, b"client in" if is_orig else b"server in", 32)
    prefix = b"quicv2 " if version == VERSION_2 else b"quic "
    key, iv, hp = (
        derive(secret, prefix + name, size) for name, size in ((b"key", 16), (b"iv", 12), (b"hp", 16))
    )
    ids = (dcid, CLIENT) if is_orig else (CLIENT, SERVER)
    kind = 1 if version == VERSION_2 else 0
    head = bytes([0xC1 | kind << 4]) + version.to_bytes(4, "big")
    head += b"".join(bytes([len(one)]) + one for one in ids) + number(len(token)) + token
    head += pack("!H", 0x4000 | 2 + len(frames) + 16)
    header = head + pack("!H", at)
    nonce = (int.from_bytes(iv, "big") ^ at).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, header)
    mask = Cipher(AES(hp), ECB()).encryptor().update(sealed[2:18])
    packet = bytearray(header + sealed)
    packet[0] ^= mask[0] & 0x0F
    for place in (0, 1):
        packet[len(head) + place] ^= mask[1 + place]
    return bytes(packet)


def long(kind: int, is_orig: bool, body=bytes(30), version=VERSION_1) -> bytes:
    ids = (SERVER, CLIENT) if is_orig else (CLIENT, SERVER)
    listed = b"".join(bytes([len(one)]) + one for one in ids)
    return bytes([0xC0 | kind << 4]) + version.to_bytes(4, "big") + listed + number(len(body)) + body


def short(is_orig: bool) -> bytes:
    return b"\x40" + (SERVER if is_orig else CLIENT) + bytes(30)


def handshake(version=VERSION_1):
    kind = 3 if version == VERSION_2 else 2
    return [
        (True, initial(crypto(client_hello()), version=version, pad=1200)),
        (False, initial(crypto(server_hello()), False, version) + long(kind, False, version=version)),
        (True, long(kind, True, version=version) + short(True)),
        (False, short(False)),
        (False, short(False)),
        (False, short(False)),
    ]


@pytest.mark.parametrize(
    ("version", "name"),
    [(1, "1"), (VERSION_2, "quicv2"), (0xFF00001D, "draft-29"), (0xFACEB002, "mvfst (faceb002)")],
)
def test_handshake(speak, version, name):
    wire = speak(Quic, handshake(version))
    (quic,), (ssl,) = wire.of("quic"), wire.of("ssl")
    assert quic.version == name
    assert (quic.client_initial_dcid, quic.client_scid, quic.server_scid) == (
        DCID.hex(),
        CLIENT.hex(),
        SERVER.hex(),
    )
    assert (quic.server_name, quic.client_protocol, quic.history) == ("gov.test", "h3", "ISishHOoo")
    assert (ssl.version, ssl.cipher, ssl.curve) == ("TLSv13", "TLS_AES_128_GCM_SHA256", "x25519")
    assert ssl.ssl_history == "Cs" and ssl.ja4.startswith("q13d0103h3_") and not ssl.established
    assert wire.services == ["ssl"] and not wire.weirds


def test_published_server_initial():
    keys = InitialKeys(VERSION_1, DCID, False)
    frames = keys.open(SERVER_INITIAL, 18)
    assert frames is not None and frames.hex().startswith(
        "02000000000600405a020000560303eefce7f7b37ba1d1632e"
    )
    ((offset, hello),), closes = crypto_frames(frames)
    assert offset == 0 and len(hello) == 90 and not closes
    assert keys.open(SERVER_INITIAL[:-1] + b"\x00", 18) is None


def test_the_event_of_the_handshake_does_not_wait_for_the_end(speak):
    assert [event.kind for event in speak(Quic, handshake()[:2], finish=False).events] == ["ssl"]


def test_hello_in_pieces_out_of_order(speak):
    hello = client_hello(b"a" * 200 + b".test")
    first = initial(crypto(hello[150:], 150) + b"\x01" + crypto(hello[:60]), pad=1200)
    second = initial(b"\x02\x00\x00\x00\x00" + crypto(hello[40:160], 40), at=1)
    (quic,) = speak(Quic, [(True, first), (True, second)]).of("quic")
    assert quic.server_name == "a" * 200 + ".test" and quic.history == "IIS"


def test_retry_begins_anew(speak):
    token = b"t" * 70
    retry = bytes([0xF0]) + pack("!I", 1) + bytes([3]) + CLIENT + bytes([4]) + SERVER + token + bytes(16)
    talk = [
        (True, initial(crypto(client_hello()), pad=1200)),
        (False, retry),
        (True, initial(crypto(client_hello()), dcid=SERVER, token=token, pad=1200)),
        (False, initial(crypto(server_hello()), False, dcid=SERVER)),
    ]
    wire = speak(Quic, talk)
    first, second = wire.of("quic")
    assert (first.history, second.history) == ("ISr", "ISis")
    assert second.client_initial_dcid == SERVER.hex()
    (ssl,) = wire.of("ssl")
    assert ssl.ssl_history == "CCs"


def test_version_negotiation(speak):
    grease = bytes([0xC0]) + pack("!I", 0x1A2A3A4A) + bytes([8]) + DCID + bytes([3]) + CLIENT + bytes(1200)
    offer = bytes([0xC0]) + bytes(4) + bytes([3]) + CLIENT + bytes([8]) + DCID + pack("!I", 1)
    assert Quic.recognise(grease, True, "udp")
    told = speak(Quic, [(True, grease), (False, offer), *handshake()]).of("quic")
    assert [(event.version, event.history) for event in told] == [
        ("unknown-1a2a3a4a", "U"),
        ("unknown-0", "u"),
        ("1", "ISishHOoo"),
    ]


def test_close_in_an_initial_is_told_at_once(speak):
    close = initial(b"\x1c\x02\x00\x00", False)
    wire = speak(Quic, [(True, initial(crypto(client_hello()), pad=1200)), (False, close)], finish=False)
    assert [event.history for event in wire.of("quic")] == ["ISic"]


def test_other_keys_cannot_be_read(speak):
    wire = speak(Quic, [(True, initial(crypto(client_hello()), pad=1200)[:-1] + b"\x00")])
    assert "QUIC_cannot_decipher" in wire.weirds and [event.history for event in wire.of("quic")] == ["I"]


def test_server_alone(speak):
    (quic,) = speak(Quic, handshake()[1:2]).of("quic")
    assert quic.history == "ih" and quic.client_initial_dcid is None


def test_elephants_are_let_go(speak):
    wire = speak(Quic, [*handshake(), *[(False, short(False))] * (MAX_SHORT + 10)], finish=False)
    (quic,) = wire.of("quic")
    assert quic.history == "ISishHOoo" + "o" * 7


def test_caps(speak):
    grease = bytes([0xC0]) + pack("!I", 0x1A2A3A4A) + bytes([8]) + DCID + bytes([3]) + CLIENT + bytes(1200)
    assert len(speak(Quic, [(True, grease)] * 100).of("quic")) == MAX_EVENTS
    stream = CryptoStream()
    for place in range(MAX_PIECES * 2):
        stream.add(1000 + 2 * place, b"x")
    assert len(stream._later) == MAX_PIECES
    assert stream.add(MAX_HELLO, b"x") is None


def test_recognition():
    first = initial(crypto(client_hello()), pad=1200)
    assert Quic.recognise(first, True, "udp") is True
    assert Quic.recognise(handshake()[1][1], False, "udp") is True
    assert Quic.recognise(first[:-1], True, "udp") is False
    assert Quic.recognise(short(True), True, "udp") is False
    assert Quic.recognise(b"", True, "udp") is False
    assert Quic.recognise(b"\xc0" + bytes(60), True, "udp") is False
    assert Quic.recognise(b"\x16\xfe\xfd" + bytes(60), True, "udp") is False  # DTLS


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=5),
    st.integers(0, 1230),
    st.integers(0, 255),
)
def test_damage_never_raises(speak, talk, place, value):
    first, second = handshake()[:2]
    damaged = bytearray(first[1])
    damaged[place % len(damaged)] = value
    speak(
        Quic,
        [(True, bytes(damaged)), (True, first[1][:place]), second, (False, second[1][: place % 200]), *talk],
    )
    speak(Quic, [first, (False, initial(bytes([value]) + second[1][:place], False)), *talk])
