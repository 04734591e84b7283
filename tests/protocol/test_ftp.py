"""FTP: commands with replies, URLs, announced data connections, passwords kept."""

from __future__ import annotations

from hashlib import md5, sha1

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.ftp import MAX_ANNOUNCED, MAX_PENDING, Ftp, announced
from sentinel.protocol.ftp_address import extended_passive_port, extended_port, host_port
from sentinel.protocol.ftp_data import FtpData
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls


def talk(*lines: str) -> list[tuple[bool, bytes]]:
    """`> command` and `< reply`."""
    return [(line[0] == ">", line[2:].encode() + b"\r\n") for line in lines]


def log_in(user="alice", password="secret"):
    return talk("< 220 FTP ready", f"> USER {user}", "< 331 password?", f"> PASS {password}", "< 230 welcome")


def test_download(speak):
    wire = speak(
        Ftp,
        log_in()
        + talk(
            "> CWD pub",
            "< 250 ok",
            "> PASV",
            "< 227 Entering Passive Mode (198,51,100,20,10,1)",
            "> RETR ../plan 2024.txt",
            "< 150 Opening data connection (1234 bytes).",
            "< 226 Transfer complete.",
            "> QUIT",
            "< 221 bye",
        ),
    )
    passive, retrieved = wire.of("ftp")
    assert (passive.command, passive.reply_code) == ("PASV", 227)
    assert passive.data_channel_passive is True
    assert (passive.data_channel_resp_h, passive.data_channel_resp_p) == ("198.51.100.20", 2561)
    assert retrieved.command == "RETR"
    assert retrieved.arg == "ftp://198.51.100.20/./plan 2024.txt"
    assert (retrieved.reply_code, retrieved.reply_msg) == (226, "Transfer complete.")
    assert retrieved.file_size == 1234
    assert (retrieved.user, retrieved.password) == ("alice", "<hidden>")


@pytest.mark.parametrize(
    ("user", "mask", "shown"),
    [("anonymous", True, "a@b"), ("root", True, "<hidden>"), ("root", False, "a@b")],
)
def test_passwords(speak, user, mask, shown):
    lines = log_in(user, "a@b") + talk("> DELE /x", "< 250 gone", "> QUIT")
    (told,) = speak(Ftp, lines, ProtocolSettings(mask_passwords=mask)).of("ftp")
    assert told.password == shown and told.arg == "ftp://198.51.100.20/x"


def test_refused_log_in_is_told_without_the_secret(speak):
    lines = talk(
        "< 220 x", "> USER root", "< 331 y", "> PASS toor", "< 530 Login incorrect.", "> QUIT", "< 221 z"
    )
    (told,) = speak(Ftp, lines).of("ftp")
    assert (told.command, told.arg, told.reply_code) == ("PASS", "<hidden>", 530)
    assert told.reply_msg == "Login incorrect."


def test_refused_log_in_at_the_very_end_is_told(speak):
    lines = talk("< 220 x", "> USER root", "< 331 y", "> PASS toor", "< 530 no")
    assert speak(Ftp, lines).of("ftp")[0].reply_code == 530


def test_replies_of_several_lines(speak):
    lines = log_in() + talk(
        "> STOR a", "< 150-one", "<  150 two", "< 150 three", "< 226-a", "< 226 done", "> NOOP"
    )
    assert speak(Ftp, lines).of("ftp")[0].reply_msg == "done"


def test_pipelined_commands_get_their_own_replies(speak):
    lines = log_in() + talk("> DELE a", "> DELE b", "< 250 a gone", "< 550 no b", "> QUIT")
    assert [(e.arg[-1], e.reply_code) for e in speak(Ftp, lines).of("ftp")] == [("a", 250), ("b", 550)]


def test_expected_data_connections(wire):
    analyzer = Ftp(wire, wire.events.append, ProtocolSettings())
    lines = log_in() + talk(
        "> PORT 192,0,2,10,131,46",
        "< 200 ok",
        "> EPRT |2|2001:db8::5|6275|",
        "< 200 ok",
        "> EPSV",
        "< 229 Entering Extended Passive Mode (|||6446|)",
    )
    for is_orig, data in lines:
        analyzer.feed(is_orig, data, 0.0)
    assert list(analyzer.expected_data) == [
        ("192.0.2.10", 33582),
        ("2001:db8::5", 6275),
        ("198.51.100.20", 6446),
    ]
    analyzer.expected_data = ()
    analyzer.feed(True, b"PORT 192,0,2,10,0,21\r\n", 0.0)
    assert list(analyzer.expected_data) == [("192.0.2.10", 21)]


def test_auth_tls_hands_over(wire):
    analyzer = Ftp(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in talk("< 220 FTP", "> AUTH TLS", "< 234 go on"):
        analyzer.feed(is_orig, data, 0.0)
    assert analyzer.successor is Tls and analyzer.done


def test_byte_by_byte_tells_the_same(speak, bytewise):
    lines = log_in() + talk("> PASV", "< 227 (1,2,3,4,5,6)", "> RETR x", "< 150 ok", "< 226 done", "> QUIT")
    whole, pieces = speak(Ftp, lines).events, speak(Ftp, bytewise(lines)).events
    for event in whole + pieces:
        event.ts = 0.0
    assert pieces == whole and len(whole) == 2


def test_pending_commands_are_bounded(speak):
    wire = speak(Ftp, log_in() + talk(*["> RETR x"] * 100))
    assert len(wire.of("ftp")) <= MAX_PENDING and "FTP_too_many_pending_commands" in wire.weirds


def test_overlong_lines_are_cut(speak):
    wire = speak(
        Ftp, [*log_in(), (True, b"RETR " + b"x" * 100_000 + b"\r\nDELE y\r\n"), (False, b"250 ok\r\n")]
    )
    assert [event.command for event in wire.of("ftp")] == ["DELE"] and "FTP_line_too_long" in wire.weirds


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (b"220 (vsFTPd 3.0.3)\r\n", False, True),
        (b"220 mail ESMTP\r\n", False, None),
        (b"220 x\r\n331 password\r\n", False, True),
        (b"+OK POP3\r\n", False, False),
        (b"HTTP/1.1 200 OK", False, False),
        (b"USER a\r\n", True, None),
        (b"USER a\r\nPASS b\r\nSYST\r\n", True, True),
        (b"EHLO x\r\n", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Ftp.recognise(data, is_orig, "tcp") is answer


def test_addresses():
    assert host_port("h (10,0,0,1,255,255).") == ("10.0.0.1", 65535)
    assert host_port("10,0,0,256,1,1") is None
    assert extended_port("|1|192.0.2.1|70000|") is None
    assert extended_port("|1|nonsense|70|") is None
    assert extended_port("") is None
    assert extended_passive_port("(|||99999|)") is None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [b"PASV\r\n", b"227 (1,2,3,4,5,6)\r\n", b"CWD ..\r\n", b"250 \r\n", b'257 "\r\n', b"\n"]
                ),
            ),
        ),
        max_size=12,
    )
)
def test_garbage_never_raises(speak, lines):
    speak(Ftp, lines)


def test_a_file_is_told_with_its_name_and_digests(wire):
    control = Ftp(wire, wire.events.append, ProtocolSettings())
    lines = log_in("ftp", "x") + talk(
        "> PASV", "< 227 (198,51,100,20,1,187)", "> RETR pub/a.txt", "< 150 (5 bytes)"
    )
    for is_orig, data in lines:
        control.feed(is_orig, data, 0.0)
    carried = FtpData(wire, wire.events.append, ProtocolSettings())
    carried.feed(False, b"he", 1.0)
    carried.feed(False, b"llo", 3.0)
    carried.closed(False, 3.0)
    carried.finish(4.0)
    carried.finish(5.0)
    control.feed(False, b"226 done\r\n", 5.0)
    control.finish(6.0)
    (file,) = wire.of("files")
    assert (file.source, file.filename, file.mime_type, file.is_orig) == (
        "FTP_DATA",
        "a.txt",
        "text/plain",
        False,
    )
    assert (file.ts, file.duration, file.seen_bytes, file.timedout) == (1.0, 2.0, 5, False)
    assert (file.md5, file.sha1) == (md5(b"hello").hexdigest(), sha1(b"hello").hexdigest())
    assert [(event.mime_type, event.fuid) for event in wire.of("ftp")] == [
        (None, None),
        ("text/plain", file.fuid),
    ]
    assert not wire.shared["ftp"]


def test_a_file_with_a_hole_has_no_digest(wire):
    carried = FtpData(wire, wire.events.append, ProtocolSettings())
    carried.feed(True, b"he", 1.0)
    carried.gap(True, 100, 2.0)
    carried.feed(True, b"llo", 3.0)
    carried.finish(4.0)
    (file,) = wire.of("files")
    assert (file.seen_bytes, file.missing_bytes, file.timedout, file.md5) == (5, 100, True, None)


def test_a_data_connection_without_bytes_is_no_file(wire):
    FtpData(wire, wire.events.append, ProtocolSettings()).finish(1.0)
    assert wire.events == []


def test_announcements_are_bounded(wire):
    control = Ftp(wire, wire.events.append, ProtocolSettings())
    for port in range(MAX_ANNOUNCED + 10):
        announced(wire)["198.51.100.20", port] = control
    assert len(announced(wire)) == MAX_ANNOUNCED
