"""TFTP: files asked for and offered."""

from __future__ import annotations

import pytest

from sentinel.protocol.tftp import MAX_NAME, Tftp

READ = b"\x00\x01startup-config\x00octet\x00tsize\x000\x00"
WRITE = b"\x00\x02vmlinuz\x00NetASCII\x00"


def test_requests(speak):
    told = speak(Tftp, [(True, READ), (True, WRITE), (False, READ), (True, b"\x00\x03\x00\x01data")]).of(
        "tftp"
    )
    assert [(event.wrq, event.fname, event.mode) for event in told] == [
        (False, "startup-config", "octet"),
        (True, "vmlinuz", "netascii"),
    ]


def test_sturdy(sturdy):
    sturdy(Tftp, [(True, READ), (True, WRITE)])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (READ, True),
        (WRITE, True),
        (READ[:-20], False),
        (b"\x00\x01name\x00binary\x00", False),
        (b"\x00\x01\x01\x02\x00octet\x00", False),
        (b"\x00\x01" + b"x" * (MAX_NAME + 1) + b"\x00octet\x00", False),
        (b"\x00\x01\x00\x00", False),
    ],
)
def test_recognition(data, answer):
    assert Tftp.recognise(data, True, "udp") is answer
    assert Tftp.recognise(data, False, "udp") is False
