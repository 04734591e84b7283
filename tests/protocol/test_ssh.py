"""SSH: banners, key exchange, HASSH, and log-ins inferred from sizes."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256
from struct import pack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.ssh import WATCHED_SEGMENTS, Ssh
from sentinel.protocol.ssh_kex import KexInit, agreed, agreed_both_ways

CLIENT = b"SSH-2.0-OpenSSH_9.6\r\n"
SERVER = b"SSH-2.0-OpenSSH_8.0\r\n"
KEY = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(32)


def string(value: bytes) -> bytes:
    return pack("!I", len(value)) + value


def packet(payload: bytes) -> bytes:
    padding = 8 - (len(payload) + 5) % 8 + 4
    return pack("!IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def kexinit(
    kex=b"curve25519-sha256", cipher=b"aes128-ctr", mac=b"hmac-sha2-256", compression=b"none"
) -> bytes:
    lists = [kex, b"ssh-ed25519", cipher, cipher, mac, mac, compression, compression, b"", b""]
    return packet(b"\x14" + bytes(16) + b"".join(map(string, lists)) + bytes(5))


def exchange(compression=b"none"):
    return [
        (False, SERVER),
        (True, CLIENT),
        (False, kexinit(b"curve25519-sha256,ecdh-sha2-nistp256", compression=compression)),
        (
            True,
            kexinit(
                b"ecdh-sha2-nistp256,curve25519-sha256", b"aes256-ctr,aes128-ctr", compression=compression
            ),
        ),
        (True, packet(b"\x1e" + string(bytes(32)))),
        (False, packet(b"\x1f" + string(KEY) + string(bytes(32)) + string(bytes(80))) + packet(b"\x15")),
        (True, packet(b"\x15")),
    ]


def login(*answers: int):
    """The client asks, the server answers with so many bytes."""
    return [turn for size in answers for turn in ((True, bytes(60)), (False, bytes(size)))]


def test_key_exchange_is_told(speak):
    wire = speak(Ssh, exchange())
    (told,) = wire.of("ssh")
    assert told.version == 2
    assert (told.client, told.server) == ("SSH-2.0-OpenSSH_9.6", "SSH-2.0-OpenSSH_8.0")
    assert told.kex_alg == "ecdh-sha2-nistp256"
    assert told.cipher_alg == "aes128-ctr"
    assert told.mac_alg == "hmac-sha2-256"
    assert told.compression_alg == "none"
    assert told.host_key_alg == "ssh-ed25519"
    assert told.host_key == md5(KEY).digest().hex(":")
    assert told.host_key_fingerprint == "SHA256:" + b64encode(sha256(KEY).digest()).decode()[:32]
    assert told.direction is None and told.auth_attempts == 0 and told.auth_success is None


@pytest.mark.parametrize(
    ("answers", "success", "attempts"),
    [
        ((44, 28), True, 1),  # accepted without a password
        ((44, 60, 28), True, 1),  # "none" refused, then right
        ((44, 60, 60, 28), True, 2),
        ((44, 60, 60, 60), False, 2),
        ((44, 500, 60, 60, 28), True, 2),  # a banner first
        ((44,), None, 0),
    ],
)
def test_log_ins_are_inferred_from_sizes(speak, answers, success, attempts):
    (told,) = speak(Ssh, exchange() + login(*answers)).of("ssh")
    assert (told.auth_success, told.auth_attempts) == (success, attempts)


def test_compressed_sizes_say_nothing(speak):
    (told,) = speak(Ssh, exchange(b"zlib@openssh.com") + login(44, 60, 60)).of("ssh")
    assert told.auth_success is None and told.compression_alg == "zlib@openssh.com"


def test_success_is_told_at_once_and_the_rest_let_go(wire):
    analyzer = Ssh(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in exchange() + login(44, 60, 28):
        analyzer.feed(is_orig, data, 1.0)
    assert analyzer.done and analyzer.encrypted and len(wire.of("ssh")) == 1
    analyzer.finish(2.0)
    assert len(wire.of("ssh")) == 1


def test_sessions_without_verdict_are_let_go(speak):
    wire = speak(Ssh, exchange() + login(*range(1000, 1000 + WATCHED_SEGMENTS)), finish=False)
    assert len(wire.of("ssh")) == 1


def test_byte_by_byte_the_clear_part_is_the_same(speak, bytewise):
    whole, pieces = speak(Ssh, exchange()).events, speak(Ssh, bytewise(exchange())).events
    for event in whole + pieces:
        event.ts = 0.0
    assert pieces == whole


@pytest.mark.parametrize(
    ("client", "server", "version"),
    [
        (b"SSH-1.99-Cisco-1.25\n", b"SSH-2.0-x\n", 2),
        (b"SSH-1.99-a\n", b"SSH-1.99-b\n", 2),
        (b"SSH-1.5-a\n", b"SSH-1.99-b\n", 1),
        (b"SSH-1.5-a\n", b"SSH-2.0-b\n", None),
    ],
)
def test_versions(speak, client, server, version):
    assert speak(Ssh, [(False, server), (True, client)]).of("ssh")[0].version == version


def test_one_side_alone(speak):
    (told,) = speak(Ssh, [(True, CLIENT), (True, kexinit())]).of("ssh")
    assert told.client and told.server is None and told.version is None and told.hassh is not None


def test_ssh1_host_key(speak):
    number = pack("!H", 16) + b"\xab\xcd"
    body = bytes(8) + (pack("!I", 16) + number + number) * 2 + bytes(12)
    length = 1 + len(body) + 4
    public = pack("!I", length) + bytes(8 - length % 8) + b"\x02" + body + bytes(4)
    talk = [(False, b"SSH-1.5-a\n"), (True, b"SSH-1.5-b\n"), (False, public)]
    talk.append((True, pack("!I", 5) + bytes(3) + b"\x03" + bytes(4)))
    (told,) = speak(Ssh, talk).of("ssh")
    assert told.version == 1 and told.host_key == md5(b"\xab\xcd\xab\xcd").digest().hex(":")


def test_hassh_is_the_md5_of_the_published_form():
    offer = KexInit("k1,k2", "h", "c-cs", "c-sc", "m-cs", "m-sc", "none", "zlib")
    assert offer.hassh() == md5(b"k1,k2;c-cs;m-cs;none").hexdigest()
    assert offer.hassh_server() == md5(b"k1,k2;c-sc;m-sc;zlib").hexdigest()


def test_agreement():
    assert agreed("a,b", "b,a") == "a"
    assert agreed("a", "b") == "Algorithm negotiation failed"
    assert agreed_both_ways(("a", "b"), ("a", "b")) == "To server: a, to client: b"


def test_direction_between_private_and_public(speak, wire):
    wire.orig_h, wire.resp_h = "10.1.1.1", "8.8.8.8"
    analyzer = Ssh(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, CLIENT, 0.0)
    analyzer.finish(0.0)
    assert wire.of("ssh")[0].direction == "OUTBOUND"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", None),
        (b"SSH", None),
        (b"SSH-2", True),
        (b"SSH-1.99-x", True),
        (b"SSH-9", False),
        (b"GET /", False),
    ],
)
def test_recognition(data, answer):
    assert Ssh.recognise(data, True, "tcp") is answer


def test_a_banner_without_end_is_let_go(speak):
    wire = speak(Ssh, [(False, b"SSH-2.0-" + b"x" * 20_000)])
    assert "malformed_ssh_identification" in wire.weirds


def test_a_packet_of_absurd_length_is_let_go(speak):
    wire = speak(Ssh, [(False, SERVER), (True, CLIENT), (True, b"\xff" * 20)])
    assert "malformed_ssh_packet" in wire.weirds and len(wire.of("ssh")) == 1


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=8), st.integers(0, 7))
def test_garbage_never_raises(speak, talk, kept):
    assert len(speak(Ssh, exchange()[:kept] + talk).of("ssh")) <= 1
