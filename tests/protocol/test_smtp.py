"""SMTP: envelopes, headers, BDAT, STARTTLS, AUTH without secrets, attachments' names."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.mail_header import decode_words, filenames_in, ip_addresses, split_addresses
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.smtp import MAX_FILENAMES, Smtp
from sentinel.protocol.tls import Tls

MAIL = (
    "Received: from relay.example (relay.example [203.0.113.7])\r\n\tby mx.example; Tue, 1 Jan 2030\r\n"
    "Received: from [10.9.8.7] by relay.example\r\n"
    "From: =?utf-8?b?5byg5LiJ?= <zhang@example.gov.cn>\r\n"
    'To: "Li, Si" <li@example.gov.cn>, wang@example.gov.cn\r\n'
    "Cc: a@b.c\r\n"
    "Subject: =?gb2312?B?1tzK0w==?=\r\n a folded line\r\n"
    "Date: Tue, 1 Jan 2030 00:00:00 +0800\r\n"
    "Message-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\nReply-To: r@x.y\r\n"
    "X-Originating-IP: [192.0.2.99]\r\nX-Mailer: Foxmail 7\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\n\r\nSubject: not this\r\n..dotted\r\n"
    "--b\r\nContent-Type: application/zip\r\n"
    'Content-Disposition: attachment; filename="salaries.zip"\r\n\r\nUEsDBA==\r\n'
    "--b\r\nContent-Disposition: attachment; filename*=UTF-8''%E5%90%8D.doc\r\n\r\nxx\r\n--b--\r\n"
)


def talk(*lines: str) -> list[tuple[bool, bytes]]:
    return [(line[0] == ">", line[2:].encode() + b"\r\n") for line in lines]


def opening():
    return talk("< 220 mx ESMTP", "> EHLO pc1", "< 250-mx", "< 250 CHUNKING")


def envelope():
    return talk(
        "> MAIL FROM:<zhang@example.gov.cn> SIZE=100",
        "< 250 ok",
        "> RCPT TO:<li@example.gov.cn>",
        "< 250 ok",
        "> RCPT TO:<wang@example.gov.cn>",
        "< 250 ok",
    )


def message(mail: str = MAIL):
    body = [(True, mail.encode() + b".\r\n")]
    return envelope() + talk("> DATA", "< 354 go") + body + talk("< 250 2.0.0 queued as 1")


def test_a_message_is_told_whole(speak):
    (told,) = speak(Smtp, opening() + message() + talk("> QUIT", "< 221 bye")).of("smtp")
    assert told.trans_depth == 1 and told.helo == "pc1" and told.tls is False
    assert told.mailfrom == "zhang@example.gov.cn"
    assert told.rcptto == ["li@example.gov.cn", "wang@example.gov.cn"]
    assert told.from_ == "张三 <zhang@example.gov.cn>"
    assert told.to == ['"Li, Si" <li@example.gov.cn>', "wang@example.gov.cn"]
    assert told.cc == ["a@b.c"]
    assert told.subject.endswith("a folded line") and "=?" not in told.subject
    assert (told.msg_id, told.in_reply_to, told.reply_to) == ("<1@x>", "<0@x>", "r@x.y")
    assert told.x_originating_ip == "192.0.2.99" and told.user_agent == "Foxmail 7"
    assert told.last_reply == "250 2.0.0 queued as 1"
    assert told.first_received == "from [10.9.8.7] by relay.example"
    assert told.second_received.startswith("from relay.example")
    assert told.path == ["198.51.100.20", "192.0.2.10", "203.0.113.7", "10.9.8.7"]
    assert told.filenames == ["salaries.zip", "名.doc"]


def test_two_messages_and_depth(speak):
    told = speak(Smtp, opening() + message() + message("Subject: two\r\n\r\nx\r\n")).of("smtp")
    assert [(event.trans_depth, event.subject is None) for event in told] == [(1, False), (2, False)]
    assert told[1].filenames is None and told[1].subject == "two"


def test_byte_by_byte_tells_the_same(speak, bytewise):
    lines = opening() + message() + message("Subject: two\r\n\r\nx\r\n") + talk("> QUIT", "< 221 bye")
    whole, pieces = speak(Smtp, lines).events, speak(Smtp, bytewise(lines)).events
    for event in whole + pieces:
        event.ts = 0.0
    assert pieces == whole and len(whole) == 2


def test_bdat_chunks(speak, bytewise):
    mail = MAIL.encode()
    lines = opening() + envelope()
    lines += [(True, b"BDAT 100\r\n" + mail[:100]), (False, b"250 ok\r\n")]
    lines += [
        (True, b"BDAT %d LAST\r\n" % (len(mail) - 100) + mail[100:] + b"QUIT\r\n"),
        (False, b"250 queued\r\n"),
    ]
    lines += talk("< 221 bye")
    for way in (lines, bytewise(lines)):
        (told,) = speak(Smtp, way).of("smtp")
        assert told.msg_id == "<1@x>" and told.last_reply == "250 queued"
        assert told.filenames == ["salaries.zip", "名.doc"]


@pytest.mark.parametrize("size", ["-1 LAST", "99999999999999999999999 LAST", "x", ""])
def test_bdat_of_no_size(speak, size):
    wire = speak(Smtp, opening() + envelope() + talk(f"> BDAT {size}", "< 521 syntax"))
    assert wire.of("smtp")[0].last_reply == "521 syntax" and "smtp_bdat_invalid_size" in wire.weirds


def test_gap_inside_a_chunk(wire):
    analyzer = Smtp(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in opening() + envelope() + [(True, b"BDAT 1000 LAST\r\nSubject: s\r\n\r\n")]:
        analyzer.feed(is_orig, data, 0.0)
    analyzer.gap(True, 986, 0.0)
    for is_orig, data in talk("< 250 queued", "> QUIT", "< 221 bye"):
        analyzer.feed(is_orig, data, 0.0)
    (told,) = wire.of("smtp")
    assert told.last_reply == "250 queued" and told.subject == "s"


def test_starttls_hands_over(wire):
    analyzer = Smtp(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in opening() + talk("> STARTTLS", "< 220 ready"):
        analyzer.feed(is_orig, data, 0.0)
    assert analyzer.successor is Tls and analyzer.done
    (told,) = wire.of("smtp")
    assert told.tls is True and told.last_reply == "220 ready"


@pytest.mark.parametrize("code", [235, 535])
def test_auth_login_tells_who_never_the_secret(speak, code):
    user, secret = b64encode(b"zhang").decode(), b64encode(b"hunter2!").decode()
    lines = opening() + talk(
        "> AUTH LOGIN", "< 334 VXNlcm5hbWU6", f"> {user}", "< 334 UGFzc3dvcmQ6", f"> {secret}"
    )
    wire = speak(Smtp, lines + talk(f"< {code} x") + (envelope() if code == 235 else []))
    (told,) = wire.of("smtp")
    assert (told.auth_mechanism, told.auth_user, told.auth_success) == ("LOGIN", "zhang", code == 235)
    assert "hunter2" not in repr(wire.events) and secret not in repr(wire.events)


def test_auth_plain_at_once(speak):
    datum = b64encode(b"\0zhang\0hunter2!").decode()
    wire = speak(Smtp, opening() + talk(f"> AUTH PLAIN {datum}", "< 535 no"))
    assert wire.of("smtp")[0].auth_user == "zhang" and "hunter2" not in repr(wire.events)


def test_refused_data_goes_on_with_commands(speak):
    lines = opening() + envelope() + talk("> DATA", "< 554 no", "> RSET", "< 250 ok")
    (told,) = speak(Smtp, lines).of("smtp")
    assert told.last_reply == "250 ok"


def test_nothing_offered_nothing_told(speak):
    assert not speak(Smtp, opening() + talk("> QUIT", "< 221 bye")).of("smtp")


def test_null_sender(speak):
    (told,) = speak(Smtp, opening() + talk("> MAIL FROM:<>", "< 250 ok")).of("smtp")
    assert told.mailfrom is None


def test_filenames_are_bounded(speak):
    many = "".join(f'Content-Disposition: attachment; filename="{n}.txt"\r\n' for n in range(200))
    (told,) = speak(Smtp, opening() + message("Subject: x\r\n\r\n" + many)).of("smtp")
    assert len(told.filenames) == MAX_FILENAMES


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (b"220 mx ESMTP Postfix\r\n", False, True),
        (b"220 hello\r\n", False, None),
        (b"220 hello\r\n250 hi\r\n", False, True),
        (b"220 FTP\r\n331 x\r\n", False, None),
        (b"EHLO x\r\n", True, True),
        (b"EH", True, None),
        (b"USER x\r\n", True, False),
        (b"SSH-2.0", False, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Smtp.recognise(data, is_orig, "tcp") is answer


def test_header_words():
    assert decode_words("=?UTF-8?Q?=E4=BD=A0=E5=A5=BD?=") == "你好"
    assert decode_words("=?nonsense?B?AAAA?=") != ""
    assert decode_words("plain = text") == "plain = text"
    assert split_addresses('a, "b, c" <d@e>, (x, y) f', 9) == ["a", '"b, c" <d@e>', "(x, y) f"]
    assert split_addresses(",,", 9) == []
    assert ip_addresses("from [10.0.0.1] (IPv6:2001:db8::1) 999.1.1.1 10:20:30") == [
        "10.0.0.1",
        "2001:db8::1",
    ]
    assert filenames_in(b'name="=?utf-8?b?5ZCN?=.doc"; filename=x.txt') == ["名.doc", "x.txt"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [
                        b"MAIL FROM:<a>\r\n",
                        b"DATA\r\n",
                        b"354 \r\n",
                        b"\r\n.\r\n",
                        b"BDAT 5 LAST\r\n",
                        b"250 x\r\n",
                    ]
                    + [
                        b"AUTH PLAIN \xff\r\n",
                        b"334 \r\n",
                        b"To: =?x?b?%?=\r\n",
                        b'filename="',
                        b"Received: [::1]\r\n",
                    ]
                ),
            ),
        ),
        max_size=14,
    )
)
def test_garbage_never_raises(speak, lines):
    speak(Smtp, lines)
