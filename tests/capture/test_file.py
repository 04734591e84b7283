import gzip
import json
import os
import random
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.all import IP, UDP, Ether, PcapNgWriter, PcapWriter, Raw

from sentinel.capture.batch import Batch
from sentinel.capture.file import CaptureError, open_capture
from sentinel.capture.source import zstd

SHARED = Path(os.environ.get("SENTINEL_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data folder")


def pcap(frames: list[bytes]) -> bytes:
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, frame in enumerate(frames):
        content += struct.pack("<IIII", 1000 + number, number, len(frame), len(frame) + 1) + frame
    return content


def pcapng(frames: list[bytes]) -> bytes:
    content = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    content += struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
    for number, frame in enumerate(frames):
        raw = (1000 + number) * 10**6 + number
        length = 32 + (len(frame) + 3 & ~3)
        content += struct.pack("<7I", 6, length, 0, raw >> 32, raw & 0xFFFFFFFF, len(frame), len(frame) + 1)
        content += frame + bytes(-len(frame) % 4) + struct.pack("<I", length)
    return content


FRAMES = [bytes([number]) * (number * 7 % 90) for number in range(200)]
FORMATS = [pcap, pcapng]


def frames_of(batch: Batch) -> list[bytes]:
    ends = (batch.offset + batch.caplen).tolist()
    return [batch.data[start:end].tobytes() for start, end in zip(batch.offset.tolist(), ends, strict=True)]


def read(path: Path, **how: int) -> tuple[list[bytes], str | None]:
    """All frames, each batch's properties checked; batches are released as a pipeline does."""
    frames = []
    with open_capture(path, **how) as capture:
        for batch in capture:
            assert 0 < len(batch) <= how.get("batch_frames", 16384)
            assert batch.data.dtype == np.uint8
            assert (batch.offset >= 0).all()
            assert (batch.caplen >= 0).all()
            assert (batch.caplen <= batch.wirelen).all()
            assert (batch.offset + batch.caplen <= len(batch.data)).all()
            assert (batch.ts >= 0).all()
            assert (batch.vlan == -1).all()
            frames += frames_of(batch)
            batch.release()
        assert capture.frames == len(frames)
        return frames, capture.fault


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize(
    "how", [{}, {"batch_frames": 7}, {"batch_bytes": 1}, {"batch_frames": 3, "batch_bytes": 500}]
)
def test_same_frames_however_packed_and_cut(
    tmp_path: Path, form: type, pack: type, how: dict[str, int]
) -> None:
    path = tmp_path / "x"
    path.write_bytes(pack(form(FRAMES)))
    assert read(path, **how) == (FRAMES, None)


@pytest.mark.parametrize("form", FORMATS)
def test_batches_that_are_kept_stay_whole(tmp_path: Path, form: type) -> None:
    path = tmp_path / "x"
    path.write_bytes(form(FRAMES))
    with open_capture(path, batch_bytes=300) as capture:
        batches = list(capture)
    assert len(batches) > 10
    assert [frame for batch in batches for frame in frames_of(batch)] == FRAMES


def test_release_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pcap(FRAMES))
    kept: list[tuple[Batch, list[bytes]]] = []
    with open_capture(path, batch_frames=5, batch_bytes=600) as capture:
        for number, batch in enumerate(capture):
            if number % 2:
                kept.append((batch, frames_of(batch)))
            else:
                batch.release()
                batch.release()
    assert all(frames_of(batch) == frames for batch, frames in kept)


def test_position_goes_from_little_to_size(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pcap(FRAMES))
    with open_capture(path, batch_bytes=1000) as capture:
        assert capture.size == path.stat().st_size
        positions = [capture.position for _ in capture]
        assert positions == sorted(positions)
        assert positions[0] < capture.size // 2
        assert capture.position == capture.size


def test_iterating_again_yields_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pcap(FRAMES))
    with open_capture(path) as capture:
        assert sum(len(batch) for batch in capture) == len(FRAMES)
        assert list(capture) == []


def test_pipe_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, pcap(FRAMES))
    os.close(writer)
    assert read(Path(f"/dev/fd/{reader}")) == (FRAMES, None)
    os.close(reader)


@pytest.mark.parametrize("nanoseconds", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_scapy_writes_pcap(tmp_path: Path, nanoseconds: bool, order: str) -> None:
    path = tmp_path / "x.pcap"
    packets = [Ether() / IP(dst="192.0.2.1") / UDP(dport=number) / Raw(bytes(number)) for number in range(50)]
    with PcapWriter(str(path), nano=nanoseconds, endianness=order) as writer:
        for number, packet in enumerate(packets):
            packet.time = 1000 + number
            writer.write(packet)
    frames, fault = read(path)
    assert frames == [bytes(packet) for packet in packets]
    assert fault is None


def test_scapy_writes_pcapng(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    writer = PcapNgWriter(str(path))
    packets = [Ether() / IP(dst="192.0.2.1") / UDP(dport=number) for number in range(50)]
    writer.write(packets)
    writer.close()
    assert read(path) == ([bytes(packet) for packet in packets], None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":空文件"),
        (b"\xd4", ":不是 pcap 或 pcapng 抓包文件(开头为 d4)"),
        (b"GET / HTTP/1.1\r\n", "(开头为 47 45 54 20)"),
        (b"\n\r\r\n" + bytes(20), ":不是 pcap 或 pcapng 抓包文件"),
        (gzip.compress(b"", mtime=0), " (gzip):空文件"),
        (gzip.compress(b"text", mtime=0), " (gzip):不是 pcap 或 pcapng 抓包文件"),
        (b"\x1f\x8b" + bytes(30), " (gzip):无法读取:压缩数据损坏"),
        (zstd.compress(pcap([]))[:9], " (zstd):无法读取:"),
    ],
)
def test_no_capture(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=re.escape(message)) as error:
        open_capture(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_truncated_at_every_byte(tmp_path: Path, form: type, pack: type) -> None:
    path = tmp_path / "x"
    frames = [random.Random(number).randbytes(5 + number) for number in range(5)]
    content = pack(form(frames))
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            got, fault = read(path)
        except CaptureError:
            assert pack is not bytes or length < 24
            continue
        assert got == frames[: len(got)]
        if pack is not bytes:
            assert fault is not None
        elif fault is None:
            assert form(frames[: len(got)]) == content[:length] or length == 28


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 7)), min_size=1, max_size=8))
def test_bit_flips_never_crash(tmp_path: Path, form: type, flips: list[tuple[int, int]]) -> None:
    content = bytearray(form(FRAMES[:30]))
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    path = tmp_path / "x"
    path.write_bytes(content)
    try:
        frames, _ = read(path)
    except CaptureError:
        return
    assert sum(map(len, frames)) <= len(content)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(max_size=600))
def test_garbage_behind_a_header_never_crashes(tmp_path: Path, form: type, garbage: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(form([]) + garbage)
    whole = read(path)
    assert read(path, batch_bytes=17) == whole


def _manifest() -> list[tuple[str, int]]:
    cases = []
    for folder in (SHARED, SHARED / "bulk"):
        if (folder / "manifest.json").is_file():
            for case in json.loads((folder / "manifest.json").read_text()):
                if "pcap" in case:
                    cases.append((str(folder / case["pcap"]), case["frames"]))
    return cases


@needs_shared_data
def test_shared_captures_have_the_published_number_of_frames() -> None:
    cases = _manifest()
    assert cases
    assert {path: len(read(Path(path))[0]) for path, _ in cases} == dict(cases)


@needs_shared_data
def test_shared_malformed_files_are_read() -> None:
    files = sorted(path for path in (SHARED / "malformed").rglob("*") if path.is_file())
    assert files
    opened = 0
    for path in files:
        try:
            read(path)
            opened += 1
        except CaptureError:
            continue
    assert opened > len(files) * 0.9
