"""DTLS: hellos, cookies, fragments, the end of the handshake."""

from __future__ import annotations

from struct import pack

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.dtls import MAX_DATAGRAMS, Dtls


def record(content: bytes, content_type=22, epoch=0) -> bytes:
    return pack("!BHH6sH", content_type, 0xFEFD, epoch, bytes(6), len(content)) + content


def fragment(kind: int, body: bytes, sequence=0, begin=0, end=None) -> bytes:
    piece = body[begin:end]
    return (
        bytes([kind])
        + len(body).to_bytes(3, "big")
        + pack("!H", sequence)
        + begin.to_bytes(3, "big")
        + len(piece).to_bytes(3, "big")
        + piece
    )


def client_hello(cookie=b"") -> bytes:
    body = pack("!H32sB", 0xFEFD, bytes(32), 0) + bytes([len(cookie)]) + cookie
    name = b"a.b.test"
    listed = pack("!HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    return body + pack("!HH", 2, 0xC02B) + b"\x01\x00" + pack("!H", len(listed)) + listed


SERVER_HELLO = pack("!H32sB", 0xFEFD, bytes(32), 0) + pack("!HB", 0xC02B, 0)


def test_handshake_with_cookie_and_fragments(speak):
    hello = client_hello(b"cookie")
    talk = [
        (True, record(fragment(1, client_hello()))),
        (False, record(fragment(3, b"\xfe\xfd\x06cookie"))),
        (True, record(fragment(1, hello, 1, 0, 30)) + record(fragment(1, hello, 1, 30))),
        (False, record(fragment(2, SERVER_HELLO, 1) + fragment(14, b"", 2))),
        (True, record(b"\x01", 20) + record(bytes(40), 22, 1)),
        (False, record(b"\x01", 20) + record(bytes(40), 22, 1)),
    ]
    (told,) = speak(Dtls, talk).of("ssl")
    assert told.version == "DTLSv12"
    assert told.cipher == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert told.ssl_history == "CvCsnIi" and told.established
    assert told.ja4.startswith("dd2d") and told.server_name == "a.b.test"


def test_fragments_out_of_place_are_left(speak):
    hello = client_hello()
    talk = [(True, record(fragment(1, hello, 0, 10, 20))), (True, record(fragment(1, hello, 0, 0, 10)))]
    assert not speak(Dtls, talk).events


def test_association_without_end_is_let_go(wire):
    analyzer = Dtls(wire, wire.events.append, None)
    for _ in range(MAX_DATAGRAMS + 2):
        analyzer.feed(True, record(fragment(1, client_hello())), 0.0)
    assert analyzer.done and len(wire.of("ssl")) == 1


def test_recognition():
    assert Dtls.recognise(record(fragment(1, client_hello())), True, "udp") is True
    assert Dtls.recognise(b"\x16\x03\x01" + bytes(40), True, "udp") is False
    assert Dtls.recognise(b"", True, "udp") is False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=6), st.binary(max_size=60))
def test_garbage_never_raises(speak, talk, content):
    speak(Dtls, [(True, record(fragment(1, client_hello()))), (False, record(content)), *talk])
