"""Bytes of a file or a datagram as text, whatever they are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sentinel.intake.file import LogFile, decoded_line, is_text

CHINESE = "用户 张三 登录失败,来源 198.51.100.7"


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030"])
def test_chinese_in_its_usual_encodings(encoding: str) -> None:
    assert decoded_line(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize("more", [b"\x81\x40", b"\xff", b"\xe7\x94", b"\x80", b"\xc1\xaa\xcd\xa8"])
def test_bytes_that_are_no_text_do_not_hide_the_rest_of_a_line(more: bytes) -> None:
    """A device cuts its lines in the middle of a character, an attacker puts odd bytes into a URL."""
    told = decoded_line(CHINESE.encode() + more)
    assert told.startswith(CHINESE)
    told.encode()


@pytest.mark.parametrize("data", [bytes(range(256)), b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff" * 100])
def test_any_bytes_become_text_that_can_be_written(data: bytes) -> None:
    decoded_line(data).encode()


def test_a_zip_that_cannot_be_opened_is_a_fault_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.log", "hello\n")
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1  # says that it has a password
    path.write_bytes(data)
    for content in (bytes(data), b"PK\x03\x04 cut"):
        path.write_bytes(content)
        file = LogFile(path)
        assert list(file.lines()) == [] and file.fault
        file.close()


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b"Nov 25 18:00:01 h sshd[1]: Failed password\n" * 9, True),
        (bytes(3000) + b"Nov 25 18:00:01 h sshd[1]: Failed password\n" * 9, True),
        (b"Nov 25 18:00:01 h sshd[1]: \0 Failed password of somebody\n" * 9, True),
        (CHINESE.encode("utf-16"), True),
        (b"", False),
        (bytes(3000), False),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0\x01\0\0\0", False),
    ],
)
def test_a_hole_of_a_cut_log_does_not_make_it_binary(head: bytes, text: bool) -> None:
    assert is_text(head) is text
