import gzip
import random
import zlib
from pathlib import Path

import pytest

from sentinel.capture.fault import CaptureError, Fault
from sentinel.capture.source import ByteSource, open_source, zstd

CONTENT = random.Random(1).randbytes(1000) * 300


def drain(source: ByteSource, room: int = 7000) -> bytes:
    buffer = bytearray(room)
    content = b""
    while count := source.read_into(memoryview(buffer)):
        content += buffer[:count]
    source.close()
    return content


def opened(tmp_path: Path, content: bytes) -> ByteSource:
    path = tmp_path / "x"
    path.write_bytes(content)
    source, size = open_source(path)
    assert size == len(content)
    return source


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("", CONTENT),
        ("gzip", gzip.compress(CONTENT, mtime=0)),
        (
            "gzip",
            gzip.compress(CONTENT[:70_000], mtime=0)
            + gzip.compress(b"", mtime=0)
            + gzip.compress(CONTENT[70_000:], mtime=0),
        ),
        ("gzip", gzip.compress(CONTENT, mtime=0) + bytes(512)),
        ("zstd", zstd.compress(CONTENT)),
        ("zstd", zstd.compress(CONTENT[:70_000]) + zstd.compress(CONTENT[70_000:])),
        ("zstd", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd.compress(CONTENT)),
    ],
)
@pytest.mark.parametrize("room", [1000, 1 << 20])
def test_expands(tmp_path: Path, name: str, packed: bytes, room: int) -> None:
    source = opened(tmp_path, packed)
    assert source.compression == name
    assert drain(source, room) == CONTENT
    assert source.fault is None
    assert source.position == len(packed)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_truncated_stream_gives_what_was_there(tmp_path: Path, pack: type) -> None:
    content = random.Random(2).randbytes(300_000)
    source = opened(tmp_path, pack(content)[:200_000])
    expanded = drain(source)
    assert content.startswith(expanded)
    assert len(expanded) > 30_000
    assert source.fault is Fault.STREAM_TRUNCATED


def checked_zstd(content: bytes) -> bytes:
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


@pytest.mark.parametrize("pack", [gzip.compress, checked_zstd])
def test_corrupt_stream_is_named(tmp_path: Path, pack: type) -> None:
    packed = bytearray(pack(CONTENT))
    packed[-5 if pack is gzip.compress else -1] ^= 1  # the checksum
    source = opened(tmp_path, bytes(packed))
    drain(source)
    assert source.fault is Fault.STREAM_CORRUPT


def test_garbage_behind_a_member_is_named(tmp_path: Path) -> None:
    source = opened(tmp_path, gzip.compress(CONTENT, mtime=0) + b"garbage")
    assert drain(source) == CONTENT
    assert source.fault is Fault.STREAM_CORRUPT


def test_bomb_expands_only_into_the_room(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    source = opened(tmp_path, packed)
    buffer = bytearray(4096)
    assert source.read_into(memoryview(buffer)) <= 4096
    source.close()


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        open_source(tmp_path / "missing")
    with pytest.raises(CaptureError, match="Is a directory"):
        open_source(tmp_path)
