"""VNC: versions 3.3 to 3.8 and Apple's, log-ins that succeed and fail, the screen."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.rfb import Rfb

SCREEN = pack("!HH16xI", 1280, 800, 4) + b"desk"
TALK = [
    (False, b"RFB 003.008\n"),
    (True, b"RFB 003.008\n"),
    (False, b"\x02\x01\x02"),
    (True, b"\x02"),
    (False, bytes(16)),
    (True, bytes(16)),
    (False, bytes(4)),
    (True, b"\x01"),
    (False, SCREEN),
]


def test_log_in(speak):
    (told,) = speak(Rfb, TALK, finish=False).of("rfb")
    assert (told.client_major_version, told.client_minor_version) == ("003", "008")
    assert (told.server_major_version, told.server_minor_version) == ("003", "008")
    assert (told.authentication_method, told.auth, told.share_flag) == ("VNC", True, True)
    assert (told.width, told.height, told.desktop_name) == (1280, 800, "desk")


def test_refused_log_in_is_told_at_once(speak):
    (told,) = speak(
        Rfb, [*TALK[:6], (False, b"\x00\x00\x00\x01" + pack("!I", 6) + b"denied")], finish=False
    ).of("rfb")
    assert told.auth is False and told.width is None


def test_version_3_3(speak):
    talk = [TALK[0], (True, b"RFB 003.003\n"), (False, pack("!I", 2)), *TALK[4:]]
    (told,) = speak(Rfb, talk).of("rfb")
    assert (told.authentication_method, told.auth, told.client_minor_version) == ("VNC", True, "003")


@pytest.mark.parametrize("minor", [b"007", b"008"])
def test_without_authentication(speak, minor):
    talk = [TALK[0], (True, b"RFB 003." + minor + b"\n"), (False, b"\x01\x01"), (True, b"\x01")]
    talk += ([(False, bytes(4))] if minor == b"008" else []) + TALK[7:]
    (told,) = speak(Rfb, talk).of("rfb")
    assert (told.authentication_method, told.desktop_name) == ("None", "desk")
    assert told.auth is (True if minor == b"008" else None)


def test_apple(speak):
    talk = [(False, b"RFB 003.889\n"), (True, b"RFB 003.889\n"), (False, b"\x01\x1e"), (True, b"\x1e")]
    talk += [(False, b"\x00\x02\x00\x80" + bytes(256)), (True, bytes(256)), (False, b"\x00\x00\x00\x01")]
    (told,) = speak(Rfb, talk).of("rfb")
    assert (told.authentication_method, told.auth) == ("Apple Remote Desktop", False)


def test_too_many_failures_and_other_methods(speak):
    (told,) = speak(Rfb, [*TALK[:2], (False, b"\x00" + pack("!I", 3) + b"no!")]).of("rfb")
    assert told.authentication_method == "Invalid"
    (told,) = speak(Rfb, [*TALK[:2], (False, b"\x01\x13"), (True, b"\x13"), (False, bytes(50))]).of("rfb")
    assert told.authentication_method == "VeNCrypt" and told.auth is None


def test_nonsense_ends_the_reading(speak):
    assert "RFB_bad_version" in speak(Rfb, [TALK[0], (True, b"GET / HTTP/1.1")]).weirds
    assert "RFB_message_too_long" in speak(Rfb, [TALK[0], (False, bytes(9000))]).weirds


def test_sturdy(sturdy):
    sturdy(Rfb, TALK)


def test_recognition():
    assert Rfb.recognise(b"RFB 003.008\n", False, "tcp") is True
    assert Rfb.recognise(b"RFB 003", False, "tcp") is None
    assert Rfb.recognise(b"RFB 003.008\n", True, "tcp") is False
    assert Rfb.recognise(b"RFB abc.def\n", False, "tcp") is False
    assert Rfb.recognise(b"RPC", False, "tcp") is False
