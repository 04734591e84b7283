"""Telnet: what is typed at which prompt, and whether it let someone in."""

from __future__ import annotations

import pytest

from sentinel.protocol.telnet import MAX_ATTEMPTS, Telnet

NEGOTIATION = b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01"
LINUX = [
    (False, NEGOTIATION),
    (True, b"\xff\xfb\x18\xff\xfa\x18\x00XTERM\xff\xf0"),
    (False, b"Ubuntu 22.04 LTS\r\ngw login: "),
    (True, b"root\r\x00"),
    (False, b"root\r\nPassword: "),
    (True, b"toor\r\x00"),
    (False, b"\r\n\r\nLogin incorrect\r\ngw login: "),
    (True, b"l"),
    (False, b"l"),
    (True, b"i\r\n"),
    (False, b"i\r\nPassword: "),
    (True, b"right\r\n"),
    (False, b"\r\nLast login: Tue Oct  7\r\nli@gw:~$ "),
    (True, b"ls\r\n"),
]
HUAWEI = [
    (False, b"\xff\xfb\x01\r\nUsername:"),
    (True, b"admin\r\n"),
    (False, b"admin\r\nPassword:"),
    (True, b"Admin@123\r\n"),
    (False, b"\r\nError: Failed to authenticate.\r\n  Logged Fail!\r\n\r\nUsername:"),
    (True, b"admin\r\n"),
    (False, b"admin\r\nPassword:"),
    (True, b"other\r\n"),
    (False, b"\r\nInfo: The max number of VTY users is 5.\r\n<SW-1>"),
]


def told(wire):
    return [(event.user, event.success, event.message) for event in wire.of("auth")]


def test_linux(speak):
    assert told(speak(Telnet, LINUX)) == [("root", False, "Login incorrect"), ("li", True, None)]


def test_switch(speak):
    assert told(speak(Telnet, HUAWEI)) == [
        ("admin", False, "Error: Failed to authenticate."),
        ("admin", True, None),
    ]


def test_chinese_prompts(speak):
    talk = [
        (False, NEGOTIATION + "用户名:".encode()),
        (True, b"li\r\n"),
        (False, "密码:".encode()),
        (True, b"x\r\n"),
    ]
    talk += [(False, "登录失败\r\n".encode()), (True, b"\r\n")]
    assert told(speak(Telnet, talk)) == [("li", False, "登录失败")]


def test_the_last_word_is_a_refusal_unless_it_is_a_welcome(speak):
    assert told(speak(Telnet, [*LINUX[:6], (False, b"\r\nGoodbye.\r\n")])) == [("root", False, "Goodbye.")]
    assert told(speak(Telnet, LINUX[:6])) == []


def test_motd_is_no_prompt(speak):
    talk = [
        *LINUX[:12],
        (False, b"\r\nLast login: yesterday\r\n"),
        (True, b"\r\n"),
        (False, b"gw# "),
        (True, b"ls\r\n"),
    ]
    assert told(speak(Telnet, talk)) == [("root", False, "Login incorrect"), ("li", True, None)]
    assert len(told(speak(Telnet, talk[:14]))) == 1


def test_attempts_are_bounded(speak):
    once = [*HUAWEI[1:5]]
    assert len(told(speak(Telnet, [HUAWEI[0], *once * (MAX_ATTEMPTS + 9)]))) == MAX_ATTEMPTS
    wire = speak(Telnet, [HUAWEI[0], (False, b"x" * 100_000), *once])
    assert not told(wire)


def test_sturdy(sturdy):
    sturdy(Telnet, HUAWEI)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (NEGOTIATION, True),
        (b"\xff\xfb\x01\r\nlogin:", True),
        (b"\xff", None),
        (b"\xff\xfd", None),
        (b"\xff\xd8\xff\xe0", False),  # JPEG
        (b"\xff\xfb\x90\x64", False),  # MPEG audio
        (b"login: ", False),
    ],
)
def test_recognition(data, answer):
    assert Telnet.recognise(data, False, "tcp") is answer
