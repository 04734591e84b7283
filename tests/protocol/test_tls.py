"""TLS and TLCP over TCP: true handshakes made by OpenSSL in memory, and hand-made ones."""

from __future__ import annotations

import datetime
import ssl
from contextlib import suppress
from functools import lru_cache
from struct import pack

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import MAX_MESSAGE, Tls

NAME = "oa.example.gov.cn"


@lru_cache
def identity() -> tuple[bytes, bytes]:
    """PEM and DER of a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2024, 1, 1))
        .not_valid_after(datetime.datetime(2054, 1, 1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem + made.public_bytes(serialization.Encoding.PEM), made.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "identity.pem"
    path.write_bytes(identity()[0])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    server.set_alpn_protocols(["h2", "http/1.1"])
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_alpn_protocols(["h2"])
    return client, server


def handshake(contexts, version, session=None, messages=3):
    """Bytes of both sides of a true handshake with some data after it: (talk, the client's session)."""
    client, server = contexts
    client.maximum_version = client.minimum_version = version
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=NAME, session=session)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    talk: list[tuple[bool, bytes]] = []

    def carry(step, is_orig, outgoing):
        with suppress(ssl.SSLWantReadError):
            step()
        data = outgoing.read()
        if data:
            talk.append((is_orig, data))
            outgoing.write(data)

    for _ in range(4):
        carry(near.do_handshake, True, to_server)
        carry(far.do_handshake, False, to_client)
    for _ in range(messages):
        carry(lambda: near.write(b"GET / HTTP/1.1\r\n\r\n"), True, to_server)
        carry(lambda: far.read(100), False, to_client)
        carry(lambda: far.write(b"x" * 2000), False, to_client)
        carry(lambda: near.read(4000), True, to_server)
    return talk, near.session


def test_tls12_is_told_whole(contexts, speak):
    talk, _ = handshake(contexts, ssl.TLSVersion.TLSv1_2)
    wire = speak(Tls, talk)
    (told,) = wire.of("ssl")
    assert told.version == "TLSv12"
    assert told.cipher.startswith("TLS_ECDHE_ECDSA_WITH_")
    assert told.curve in ("x25519", "secp256r1")
    assert told.server_name == NAME
    assert told.next_protocol == "h2"
    assert told.established and not told.resumed
    assert told.ssl_history == "CsxknGIti"
    assert told.subject == told.issuer == f"CN={NAME}"
    assert told.sni_matches_cert is True
    assert told.ja4.startswith("t12d") and len(told.ja3) == len(told.ja3s) == 32
    (certificate,) = wire.of("x509")
    assert certificate.fingerprint == told.cert_chain_fps[0]
    assert certificate.host_cert and not certificate.client_cert
    assert not wire.weirds


def test_tls12_resumption(contexts, speak):
    _, session = handshake(contexts, ssl.TLSVersion.TLSv1_2)
    talk, _ = handshake(contexts, ssl.TLSVersion.TLSv1_2, session)
    (told,) = speak(Tls, talk).of("ssl")
    assert told.resumed and told.established
    assert told.ssl_history.startswith("Cs") and "x" not in told.ssl_history


def test_tls13_is_told_as_far_as_it_shows(contexts, speak):
    talk, _ = handshake(contexts, ssl.TLSVersion.TLSv1_3)
    wire = speak(Tls, talk)
    (told,) = wire.of("ssl")
    assert told.version == "TLSv13"
    assert told.cipher.startswith("TLS_")
    assert told.curve is not None
    assert told.established and not told.resumed
    assert told.ssl_history == "CsiI"
    assert told.ja4.startswith("t13d")
    assert not wire.of("x509") and told.next_protocol is None


def test_tls13_resumption(contexts, speak):
    _, session = handshake(contexts, ssl.TLSVersion.TLSv1_3)
    talk, _ = handshake(contexts, ssl.TLSVersion.TLSv1_3, session)
    (told,) = speak(Tls, talk).of("ssl")
    assert told.resumed


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_byte_by_byte_tells_the_same(contexts, speak, bytewise, version):
    talk, _ = handshake(contexts, version)
    whole = [(event.kind, event) for event in speak(Tls, talk).events]
    pieces = [(event.kind, event) for event in speak(Tls, bytewise(talk)).events]
    for _, event in [*whole, *pieces]:
        event.ts = 0.0
    assert pieces == whole


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_done_as_soon_as_nothing_more_shows(contexts, wire, version):
    talk, _ = handshake(contexts, version)
    analyzer = Tls(wire, wire.events.append, ProtocolSettings())
    fed = 0
    for is_orig, data in talk:
        if not analyzer.done:
            analyzer.feed(is_orig, data, 0.0)
            fed += 1
    assert analyzer.done and analyzer.encrypted
    assert fed <= len(talk) - 3


# -- hand-made ----------------------------------------------------------------------------------------


def record(content_type: int, content: bytes, version: int = 0x0303) -> bytes:
    return pack("!BHH", content_type, version, len(content)) + content


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def client_hello(version=0x0303, ciphers=(0x002F,), extensions=b"", session=b"") -> bytes:
    body = pack("!H32sB", version, bytes(range(32)), len(session)) + session
    body += pack("!H", 2 * len(ciphers)) + b"".join(pack("!H", one) for one in ciphers) + b"\x01\x00"
    if extensions:
        body += pack("!H", len(extensions)) + extensions
    return message(1, body)


def server_hello(version=0x0303, cipher=0x002F, extensions=b"", random=bytes(32), session=b"") -> bytes:
    body = pack("!H32sB", version, random, len(session)) + session + pack("!HB", cipher, 0)
    if extensions:
        body += pack("!H", len(extensions)) + extensions
    return message(2, body)


def extension(kind: int, content: bytes) -> bytes:
    return pack("!HH", kind, len(content)) + content


def certificates(*chain: bytes) -> bytes:
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in chain)
    return message(11, len(listed).to_bytes(3, "big") + listed)


def tlcp(*chain: bytes, cipher=0xE013) -> list[tuple[bool, bytes]]:
    """GB/T 38636: two certificates, ECC key exchange."""
    version = 0x0101
    hello = record(22, client_hello(version, (0xE013, 0xE011, 0xE053, 0xE051)), version)
    answer = server_hello(version, cipher) + certificates(*chain) + message(12, bytes(70)) + message(14, b"")
    end = (
        record(22, message(16, bytes(150)), version)
        + record(20, b"\x01", version)
        + record(22, bytes(64), version)
    )
    back = record(20, b"\x01", version) + record(22, bytes(64), version)
    return [(True, hello), (False, record(22, answer, version)), (True, end), (False, back)]


def test_tlcp_with_its_pair_of_certificates(speak):
    signing, encrypting = identity()[1], identity()[1][:-1] + b"\x00"
    wire = speak(Tls, tlcp(signing, encrypting))
    (told,) = wire.of("ssl")
    assert (told.version, told.cipher) == ("TLCPv11", "ECC_SM4_CBC_SM3")
    assert told.established and told.ssl_history == "CsxknGIi"
    first, second = wire.of("x509")
    assert told.cert_chain_fps == [first.fingerprint, second.fingerprint]
    assert told.tlcp_enc_cert_fp == second.fingerprint
    assert first.host_cert and not second.host_cert


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x00C6, "TLS_SM4_GCM_SM3"),
        (0x00C7, "TLS_SM4_CCM_SM3"),
        (0xE011, "ECDHE_SM4_CBC_SM3"),
        (0xE051, "ECDHE_SM4_GCM_SM3"),
        (0xE053, "ECC_SM4_GCM_SM3"),
        (0xE015, "IBSDH_SM4_CBC_SM3"),
        (0x1301, "TLS_AES_128_GCM_SHA256"),
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        (0x9999, "unknown-39321"),
    ],
)
def test_names_of_suites(speak, number, name):
    talk = [(True, record(22, client_hello())), (False, record(22, server_hello(cipher=number)))]
    assert speak(Tls, talk).of("ssl")[0].cipher == name


def test_hello_without_extensions_or_answer(speak):
    (told,) = speak(Tls, [(True, record(22, client_hello(0x0301), 0x0301))]).of("ssl")
    assert told.ssl_history == "C" and not told.established and told.version is None
    assert told.ja4.startswith("t10i010000_") and told.ja4.endswith("_000000000000")


def test_retry_and_draft_versions(speak):
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    draft = extension(43, b"\x7f\x1c")
    talk = [
        (True, record(22, client_hello())),
        (False, record(22, server_hello(cipher=0x1301, extensions=draft, random=retry))),
        (True, record(22, client_hello())),
        (False, record(22, server_hello(cipher=0x1301, extensions=draft))),
        (False, record(23, bytes(50))),
        (True, record(23, bytes(50))),
    ]
    (told,) = speak(Tls, talk).of("ssl")
    assert told.ssl_history == "CjCs"
    assert told.version == "TLSv13-draft28"
    assert told.established  # drafts may go without ChangeCipherSpec


def test_alert_in_clear(speak):
    talk = [(True, record(22, client_hello())), (False, record(21, b"\x02\x28"))]
    (told,) = speak(Tls, talk).of("ssl")
    assert told.last_alert == "handshake_failure" and told.ssl_history == "Cl"


def test_the_responder_as_client(speak):
    talk = [(False, record(22, client_hello())), (True, record(22, server_hello()))]
    assert speak(Tls, talk).of("ssl")[0].ssl_history == "^Cs"


def test_client_certificate(speak):
    talk = [
        (True, record(22, client_hello())),
        (False, record(22, server_hello() + message(13, b"") + message(14, b""))),
        (True, record(22, certificates(identity()[1]))),
    ]
    wire = speak(Tls, talk)
    (told,) = wire.of("ssl")
    assert told.client_subject == f"CN={NAME}" and told.subject is None
    assert wire.of("x509")[0].client_cert


def test_heartbleed_in_clear(speak):
    attack = record(24, b"\x01\x40\x00", 0x0302)
    talk = [(True, record(22, client_hello())), (False, record(22, server_hello())), (True, attack)]
    talk.append((False, record(24, b"\x02\x40\x00" + bytes(16_000))))
    wire = speak(Tls, talk)
    assert set(wire.weirds) == {"ssl_heartbleed_attempt", "ssl_heartbleed_success"}
    assert wire.of("ssl")[0].heartbleed is True


def test_honest_heartbeat(speak):
    honest = record(24, b"\x01\x00\x04ping" + bytes(16))
    wire = speak(
        Tls, [(True, record(22, client_hello())), (False, record(22, server_hello())), (True, honest)]
    )
    assert not wire.weirds and wire.of("ssl")[0].heartbleed is None


def test_heartbleed_after_the_handshake(speak):
    allowed = extension(15, b"\x01")
    talk = [
        (True, record(22, client_hello(extensions=allowed))),
        (False, record(22, server_hello(extensions=allowed))),
        (True, record(20, b"\x01") + record(22, bytes(40))),
        (False, record(20, b"\x01") + record(22, bytes(40))),
        (True, record(24, bytes(40))),
        (False, record(24, bytes(9000))),
    ]
    wire = speak(Tls, talk)
    assert "ssl_heartbleed_success" in wire.weirds
    assert len(wire.of("ssl")) == 1 and wire.of("ssl")[0].established


def test_ssl2_hello_answered_in_tls(speak):
    body = b"\x01\x03\x01" + pack("!HHH", 6, 0, 16) + b"\x00\x00\x2f\x00\x00\x35" + bytes(16)
    hello = bytes([0x80, len(body)]) + body
    assert Tls.recognise(hello, True, "tcp") is True
    (told,) = speak(Tls, [(True, hello), (False, record(22, server_hello(0x0301), 0x0301))]).of("ssl")
    assert told.ssl_history == "Cs" and told.version == "TLSv10"


def test_ssl2_alone(speak):
    body = b"\x01\x00\x02" + pack("!HHH", 3, 0, 16) + b"\x01\x00\x80" + bytes(16)
    chain = identity()[1]
    answer = b"\x04\x00\x01\x00\x02" + pack("!HHH", len(chain), 3, 16) + chain + b"\x01\x00\x80" + bytes(16)
    talk = [
        (True, bytes([0x80, len(body)]) + body),
        (False, pack("!H", 0x8000 | len(answer)) + answer),
        (True, b"\x80\x02\x02\x00"),
    ]
    (told,) = speak(Tls, talk).of("ssl")
    assert (told.version, told.cipher) == ("SSLv2", "SSLv20_CK_RC4_128_WITH_MD5")
    assert told.established and told.subject == f"CN={NAME}"


def test_one_message_over_many_records_and_many_in_one(speak):
    hello = client_hello()
    split = b"".join(record(22, hello[at : at + 3]) for at in range(0, len(hello), 3))
    (told,) = speak(Tls, [(True, split), (False, record(22, server_hello() + message(14, b"")))]).of("ssl")
    assert told.ssl_history == "Csn"


def test_handshake_without_end_is_let_go(speak):
    endless = message(1, b"")[:1] + (MAX_MESSAGE + 1).to_bytes(3, "big")
    talk = [(True, record(22, client_hello())), (False, record(22, endless))]
    wire = speak(Tls, talk)
    assert "ssl_handshake_too_long" in wire.weirds and len(wire.of("ssl")) == 1


def test_records_without_end_are_let_go(speak):
    wire = speak(Tls, [(True, record(22, client_hello()) + record(21, b"\x01\x00") * 2000)])
    assert "ssl_too_many_records" in wire.weirds
    assert len(wire.of("ssl")[0].ssl_history) == 100


def test_plain_text_after_a_hello_is_not_taken_for_cipher(wire):
    analyzer = Tls(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, record(22, client_hello()) + b"GET / HTTP/1.1\r\n\r\n", 0.0)
    assert analyzer.done and not analyzer.encrypted and "ssl_invalid_record" in wire.weirds


def test_gap_in_what_is_skipped_anyway_does_no_harm(wire):
    analyzer = Tls(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, record(22, client_hello()), 0.0)
    analyzer.feed(False, record(22, server_hello()) + record(23, bytes(1000))[:105], 0.0)
    analyzer.gap(False, 800, 0.0)
    assert not analyzer.done
    analyzer.gap(False, 800, 0.0)
    assert analyzer.done and len(wire.of("ssl")) == 1


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", None),
        (b"\x16\x03\x01", None),
        (record(22, client_hello()), True),
        (record(22, client_hello(0x0101), 0x0101), True),
        (record(22, server_hello()), True),
        (b"\x16\x03\x01\x00\x05\x63", False),
        (b"\x16\x03\x09\x00\x05\x01", False),
        (b"GET / HTTP/1.1", False),
        (b"\x80\x2e\x05", False),
        (b"SSH-2.0-x", False),
    ],
)
def test_recognition(data, answer):
    assert Tls.recognise(data, True, "tcp") is answer


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=8), st.integers(0, 3))
def test_garbage_never_raises(speak, talk, how):
    before = [
        [],
        [(True, record(22, client_hello()))],
        tlcp(identity()[1])[:2],
        [(True, b"\x80\x03\x01\x00\x02")],
    ]
    speak(Tls, [*before[how], *talk])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3), st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_flipped_and_cut_talks_never_raise(speak, piece, where, value, cut):
    talk = tlcp(identity()[1])
    is_orig, data = talk[piece]
    broken = bytearray(data)
    broken[where % len(broken)] = value
    talk[piece] = (is_orig, bytes(broken[:where] if cut else broken))
    assert len(speak(Tls, talk).of("ssl")) <= 1
