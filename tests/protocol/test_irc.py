"""IRC: log-ins, channels, files offered, STARTTLS."""

from __future__ import annotations

import pytest

from sentinel.protocol.irc import MAX_CHANNELS, Irc

TALK = [
    (True, b"CAP LS 302\r\nNICK bot7\r\nUSER li 0 * :Li Si\r\n"),
    (False, b":irc.test 001 bot7 :Welcome\r\n"),
    (True, b"JOIN #ops,#c2 key1\r\n"),
    (False, b'@time=1 :boss!u@h PRIVMSG bot7 :\x01DCC SEND "run me.exe" 3232235777 5000 1234\x01\r\n'),
    (True, b"PRIVMSG #ops :hello\r\nJOIN :\r\n"),
]


def test_log_in_channels_and_files(speak):
    told = speak(Irc, TALK).of("irc")
    assert [(event.nick, event.user, event.command, event.value, event.addl) for event in told] == [
        (None, None, "NICK", "bot7", None),
        ("bot7", None, "USER", "li", "0 * Li Si"),
        ("bot7", "li", "JOIN", "#ops", " with channel key: 'key1'"),
        ("bot7", "li", "JOIN", "#c2", None),
        ("bot7", "li", "SEND", "bot7", None),
    ]
    assert (told[-1].dcc_file_name, told[-1].dcc_file_size) == ("run me.exe", 1234)


def test_starttls(speak, client_hello):
    talk = [(True, b"STARTTLS\r\n"), (False, b":irc.test 670 * :go ahead\r\n"), (True, client_hello)]
    assert len(speak(Irc, talk).of("ssl")) == 1


def test_caps(speak):
    wire = speak(Irc, [(True, b"JOIN " + b",".join([b"#c"] * 100) + b"\r\n" + b"x" * 20_000)])
    assert len(wire.of("irc")) == MAX_CHANNELS and "irc_line_size_exceeded" in wire.weirds


def test_a_hole_costs_its_lines(wire):
    analyzer = Irc(wire, wire.events.append, None)
    analyzer.feed(True, b"NICK a\r\nJOI", 0.0)
    analyzer.gap(True, 5, 0.0)
    analyzer.feed(True, b"#x\r\nJOIN #y\r\n", 0.0)
    assert [event.value for event in wire.of("irc")] == ["a", "#y"]


def test_sturdy(sturdy):
    sturdy(Irc, TALK)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (b"NICK a\r\n", True, True),
        (b"NICK", True, None),
        (b"PASS x\r\nNICK a\r\n", True, True),
        (b"USER a b c :d\r\n", True, True),
        (b"USER anonymous\r\n", True, None),  # FTP, perhaps
        (b"STARTTLS\r\n", True, None),
        (b"GET / HTTP/1.1\r\n", True, False),
        (b":irc.test NOTICE AUTH :*** Looking up\r\n", False, True),
        (b":irc.test 670 * :go\r\n", False, True),
        (b"NOTICE AUTH :x\r\n", False, True),
        (b"220 ftp\r\n", False, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Irc.recognise(data, is_orig, "tcp") is answer
