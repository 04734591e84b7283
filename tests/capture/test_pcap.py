import struct
from pathlib import Path

import pytest

from sentinel.capture.file import CaptureError, open_capture
from sentinel.capture.record import MAX_TIME

FRAMES = [bytes([number]) * (20 + number) for number in range(6)]
SECONDS = 1_700_000_000


def header(
    order: str = "<", magic: int = 0xA1B2C3D4, version: tuple[int, int] = (2, 4), link: int = 1
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, link)


def record(
    frame: bytes, order: str = "<", seconds: int = SECONDS, fraction: int = 5, wire: int | None = None
) -> bytes:
    wire = len(frame) if wire is None else wire
    return struct.pack(order + "IIII", seconds, fraction, len(frame), wire) + frame


def read(path: Path, content: bytes, **how: int) -> tuple[list[bytes], list[int], str | None]:
    path.write_bytes(content)
    frames, times = [], []
    with open_capture(path, **how) as capture:
        for batch in capture:
            starts = batch.offset.tolist()
            frames += [
                batch.data[start : start + length].tobytes()
                for start, length in zip(starts, batch.caplen.tolist(), strict=True)
            ]
            times += batch.ts.tolist()
            batch.release()
        assert capture.frames == len(frames)
        return frames, times, capture.fault


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "tick"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_byte_orders_and_resolutions(tmp_path: Path, order: str, magic: int, tick: int) -> None:
    content = header(order, magic) + b"".join(
        record(frame, order, SECONDS + number, number) for number, frame in enumerate(FRAMES)
    )
    frames, times, fault = read(tmp_path / "x", content)
    assert frames == FRAMES
    assert times == [(SECONDS + number) * 10**9 + number * tick for number in range(len(FRAMES))]
    assert fault is None


def test_kuznetzov_records_carry_eight_bytes_more(tmp_path: Path) -> None:
    content = header(magic=0xA1B2CD34)
    for frame in FRAMES:
        content += record(b"")[:8] + struct.pack("<IIIHBB", len(frame), len(frame), 3, 0x800, 0, 0) + frame
    assert read(tmp_path / "x", content)[0] == FRAMES


@pytest.mark.parametrize(
    ("version", "swapped"), [((2, 2), True), ((543, 0), True), ((2, 3), True), ((2, 3), False)]
)
def test_old_versions_interchange_the_lengths(
    tmp_path: Path, version: tuple[int, int], swapped: bool
) -> None:
    lengths = (90, 20) if swapped else (20, 90)
    content = header(version=version) + struct.pack("<IIII", 1, 2, *lengths) + bytes(20)
    path = tmp_path / "x"
    path.write_bytes(content)
    with open_capture(path) as capture:
        (batch,) = capture
    assert (batch.caplen.tolist(), batch.wirelen.tolist()) == ([20], [90])


def test_link_type_without_its_upper_bits(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(header(link=0xF400_0071) + record(b"abc"))
    with open_capture(path) as capture:
        (batch,) = capture
    assert batch.linktype.tolist() == [113]
    assert batch.vlan.tolist() == [-1]


def test_truncated_last_record_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    content = header() + b"".join(record(frame) for frame in FRAMES)
    frames, _, fault = read(tmp_path / "x", content[:-1])
    assert frames == FRAMES[:-1]
    assert fault == f"truncated_record at byte {len(content) - len(FRAMES[-1]) - 16}"


@pytest.mark.parametrize("length", [262_145, 0x7FFFFFFF, 0xFFFFFFFF])
def test_absurd_length_ends_the_reading(tmp_path: Path, length: int) -> None:
    sound = header() + record(FRAMES[0])
    content = sound + struct.pack("<IIII", 1, 2, length, length) + bytes(400_000)
    frames, _, fault = read(tmp_path / "x", content)
    assert frames == FRAMES[:1]
    assert fault == f"caplen_too_large at byte {len(sound)}"


def test_largest_frame_is_read_across_small_blocks(tmp_path: Path) -> None:
    frame = bytes(range(256)) * 1024
    frames, _, fault = read(tmp_path / "x", header() + record(frame) + record(b"end"), batch_bytes=1000)
    assert frames == [frame, b"end"]
    assert fault is None


def test_wire_length_is_never_below_captured_nor_beyond_its_column(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(header() + record(b"abcd", wire=2) + record(b"abcd", wire=0xFFFFFFFF))
    with open_capture(path) as capture:
        (batch,) = capture
        assert capture.faults == {"wirelen_below_caplen": 1}
    assert batch.wirelen.tolist() == [4, 2**31 - 1]


def test_garbage_times_are_clamped(tmp_path: Path) -> None:
    content = (
        header() + record(b"a", seconds=0xFFFFFFFF, fraction=0xFFFFFFFF) + record(b"b", fraction=999_999)
    )
    _, times, fault = read(tmp_path / "x", content)
    assert times == [0xFFFFFFFF * 10**9 + 999_999_000, SECONDS * 10**9 + 999_999_000]
    assert max(times) < MAX_TIME
    assert fault == "time_out_of_range at byte 24"


def test_frames_without_bytes(tmp_path: Path) -> None:
    frames, _, fault = read(tmp_path / "x", header() + record(b"", wire=60) * 3)
    assert frames == [b""] * 3
    assert fault is None


@pytest.mark.parametrize("length", range(4, 24))
def test_header_cut_short(tmp_path: Path, length: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(header()[:length])
    with pytest.raises(CaptureError, match=f"24 字节只有 {length} 字节"):
        open_capture(path)
