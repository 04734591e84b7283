import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sentinel.capture.file import open_capture
from sentinel.capture.pcapng import MAX_INTERFACES
from sentinel.capture.record import MAX_TIME, UNKNOWN_LINKTYPE

SECONDS = 1_700_000_000


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    length = 12 + len(padded(body))
    return struct.pack(order + "II", kind, length) + padded(body) + struct.pack(order + "I", length)


def section(order: str = "<", major: int = 1) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1), order)


def interface(
    link: int = 1, order: str = "<", snaplen: int = 0, options: dict[int, bytes] | None = None
) -> bytes:
    body = struct.pack(order + "HHI", link, 0, snaplen)
    for code, value in (options or {}).items():
        body += struct.pack(order + "HH", code, len(value)) + padded(value)
    return block(1, body + (bytes(4) if options else b""), order)


def packet(
    frame: bytes, number: int = 0, raw: int = SECONDS * 10**6, order: str = "<", options: bytes = b""
) -> bytes:
    body = struct.pack(order + "IIIII", number, raw >> 32, raw & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, body + padded(frame) + options, order)


def old_packet(frame: bytes, number: int = 0, raw: int = SECONDS * 10**6, order: str = "<") -> bytes:
    body = struct.pack(order + "HHIIII", number, 7, raw >> 32, raw & 0xFFFFFFFF, len(frame), len(frame))
    return block(2, body + padded(frame), order)


def simple_packet(frame: bytes, wire: int, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", wire) + padded(frame), order)


class Read:
    """All a file yields, in one piece."""

    def __init__(self, path: Path, content: bytes, **how: int) -> None:
        path.write_bytes(content)
        self.frames: list[bytes] = []
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in ("ts", "linktype", "wirelen")}
        with open_capture(path, **how) as capture:
            for batch in capture:
                assert (
                    len({len(batch), len(batch.caplen), len(batch.wirelen), len(batch.ts), len(batch.vlan)})
                    == 1
                )
                for start, length in zip(batch.offset.tolist(), batch.caplen.tolist(), strict=True):
                    self.frames.append(batch.data[start : start + length].tobytes())
                for name, parts in columns.items():
                    parts.append(getattr(batch, name).copy())
                batch.release()
            self.fault, self.faults = capture.fault, capture.faults
        joined = {name: np.concatenate(parts).tolist() if parts else [] for name, parts in columns.items()}
        self.times, self.links, self.wires = joined["ts"], joined["linktype"], joined["wirelen"]


@pytest.mark.parametrize("order", "<>")
def test_every_packet_block_in_both_byte_orders(tmp_path: Path, order: str) -> None:
    options = struct.pack(order + "HHI", 2, 4, 1) + bytes(4)
    content = section(order) + interface(order=order)
    content += packet(b"enhanced", order=order) + packet(b"with options", order=order, options=options)
    content += old_packet(b"obsolete", order=order) + simple_packet(b"simple", 6, order)
    read = Read(tmp_path / "x", content)
    assert read.frames == [b"enhanced", b"with options", b"obsolete", b"simple"]
    assert read.times == [SECONDS * 10**9] * 4, "the simple packet takes its forerunner's time"
    assert read.fault is None


def test_sections_differ_in_byte_order_and_forget_interfaces(tmp_path: Path) -> None:
    content = section("<") + interface(113) + packet(b"a") + section(">") + packet(b"b", order=">")
    content += interface(101, ">") + packet(b"c", order=">") + section("<") + interface(1) + packet(b"d")
    read = Read(tmp_path / "x", content)
    assert read.frames == [b"a", b"b", b"c", b"d"]
    assert read.links == [113, UNKNOWN_LINKTYPE, 101, 1]
    assert read.faults == {"unknown_interface": 1}


def test_interfaces_of_several_link_types(tmp_path: Path) -> None:
    content = section() + interface(1) + interface(228) + interface(113)
    content += b"".join(packet(bytes([number]), number) for number in (2, 0, 1, 3))
    read = Read(tmp_path / "x", content)
    assert read.links == [113, 1, 228, UNKNOWN_LINKTYPE]


@pytest.mark.parametrize(
    ("resolution", "raw", "expected"),
    [
        (0, SECONDS, SECONDS * 10**9),
        (3, SECONDS * 10**3 + 7, SECONDS * 10**9 + 7 * 10**6),
        (6, SECONDS * 10**6 + 7, SECONDS * 10**9 + 7000),
        (9, SECONDS * 10**9 + 7, SECONDS * 10**9 + 7),
        (12, 5 * 10**12 + 7999, 5 * 10**9 + 7),
        (30, (1 << 64) - 1, 0),
        (0x80, SECONDS, SECONDS * 10**9),
        (0x80 | 20, (SECONDS << 20) + (1 << 19), SECONDS * 10**9 + 5 * 10**8),
        (0x80 | 32, (SECONDS << 32) + (1 << 30), SECONDS * 10**9 + 25 * 10**7),
        (0x80 | 60, (3 << 60) + (1 << 59), 3_500_000_000),
        (0x80 | 64, 1 << 63, 5 * 10**8),
        (0x80 | 127, (1 << 64) - 1, 0),
    ],
)
def test_time_resolutions(tmp_path: Path, resolution: int, raw: int, expected: int) -> None:
    content = section() + interface(options={2: b"eth0", 9: bytes([resolution])}) + packet(b"a", raw=raw)
    read = Read(tmp_path / "x", content)
    assert read.times == [expected]
    assert read.fault is None


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("offset", "expected"), [(1000, 1005), (-3, 2), (SECONDS, SECONDS + 5)])
def test_time_offset(tmp_path: Path, order: str, offset: int, expected: int) -> None:
    options = {14: struct.pack(order + "q", offset)}
    content = (
        section(order) + interface(order=order, options=options) + packet(b"a", raw=5 * 10**6, order=order)
    )
    assert Read(tmp_path / "x", content).times == [expected * 10**9]


@pytest.mark.parametrize("resolution", [0, 6, 9, 12, 0x80, 0x80 | 33, 0xFF])
@pytest.mark.parametrize("offset", [-(1 << 63), -1, 0, (1 << 63) - 1])
@pytest.mark.parametrize("raw", [0, 1 << 63, (1 << 64) - 1])
def test_garbage_times_stay_in_range(tmp_path: Path, resolution: int, offset: int, raw: int) -> None:
    options = {9: bytes([resolution]), 14: struct.pack("<q", offset)}
    read = Read(tmp_path / "x", section() + interface(options=options) + packet(b"a", raw=raw))
    assert 0 <= read.times[0] <= MAX_TIME


def test_simple_packet_is_cut_by_the_snapshot_length(tmp_path: Path) -> None:
    content = section() + interface(snaplen=5) + simple_packet(b"12345", 900)
    read = Read(tmp_path / "x", content)
    assert (read.frames, read.wires, read.fault) == ([b"12345"], [900], None)


def test_other_blocks_are_skipped_and_unknown_ones_counted(tmp_path: Path) -> None:
    others = block(4, bytes(8)) + block(5, bytes(12)) + block(0xA, bytes(40)) + block(0xBAD, bytes(8))
    content = section() + interface() + others + packet(b"a") + block(0x777, bytes(8)) + packet(b"b")
    read = Read(tmp_path / "x", content)
    assert read.frames == [b"a", b"b"]
    assert read.faults == {"unknown_block": 1}


def test_block_much_longer_than_memory_blocks_is_skipped(tmp_path: Path) -> None:
    content = section() + interface() + block(0xA, bytes(3_000_000)) + packet(b"a")
    read = Read(tmp_path / "x", content, batch_bytes=4096)
    assert (read.frames, read.fault) == ([b"a"], None)
    cut = Read(tmp_path / "x", content[:2_000_000], batch_bytes=4096)
    assert cut.frames == []
    assert cut.fault == "truncated_record at byte 2000000"


@pytest.mark.parametrize("length", [0, 4, 11, (1 << 20) + 4, 0xFFFFFFFC])
def test_block_length_that_leads_nowhere_ends_the_reading(tmp_path: Path, length: int) -> None:
    sound = section() + interface() + packet(b"a")
    read = Read(tmp_path / "x", sound + struct.pack("<II", 6, length) + bytes(3_000_000))
    assert read.frames == [b"a"]
    assert read.fault == f"block_length_invalid at byte {len(sound)}"


def test_damaged_trailer_is_counted_and_passed(tmp_path: Path) -> None:
    damaged = packet(b"a")[:-4] + b"\xff\xff\xff\xff"
    read = Read(tmp_path / "x", section() + interface() + damaged + packet(b"b"))
    assert (read.frames, read.faults) == ([b"a", b"b"], {"block_trailer_mismatch": 1})


def test_frame_that_overruns_its_block_is_cut(tmp_path: Path) -> None:
    body = struct.pack("<IIIII", 0, 0, 0, 4000, 5000) + b"12345678"
    read = Read(tmp_path / "x", section() + interface() + block(6, body) + packet(b"b"))
    assert (read.frames, read.wires) == ([b"12345678", b"b"], [5000, 1])
    assert read.faults == {"caplen_beyond_block": 1}


def test_blocks_without_room_for_their_fields(tmp_path: Path) -> None:
    short = b"".join(block(kind, b"1234"[: 4 if kind != 3 else 0]) for kind in (1, 2, 3, 6))
    read = Read(tmp_path / "x", section() + interface() + short + packet(b"a"))
    assert (read.frames, read.faults) == ([b"a"], {"block_too_short": 4})


def test_unaligned_length_is_rounded_up(tmp_path: Path) -> None:
    body = struct.pack("<IIIII", 0, 0, 0, 5, 5) + b"12345"
    unaligned = struct.pack("<II", 6, 12 + len(body)) + padded(body) + struct.pack("<I", 12 + len(body))
    read = Read(tmp_path / "x", section() + interface() + unaligned + packet(b"b"))
    assert (read.frames, read.faults) == ([b"12345", b"b"], {"block_unaligned": 1})


def test_unknown_version_or_byte_order_ends_the_reading(tmp_path: Path) -> None:
    sound = section() + interface() + packet(b"a")
    strange = section()[:8] + b"\0\0\0\0" + section()[12:]
    for later in (section(major=2), strange):
        read = Read(tmp_path / "x", sound + later + interface() + packet(b"b"))
        assert read.frames == [b"a"]
        assert read.fault == f"section_invalid at byte {len(sound)}"


def test_interfaces_are_bounded(tmp_path: Path) -> None:
    content = (
        section()
        + interface() * (MAX_INTERFACES + 3)
        + packet(b"a", MAX_INTERFACES - 1)
        + packet(b"b", MAX_INTERFACES)
    )
    read = Read(tmp_path / "x", content)
    assert read.links == [1, UNKNOWN_LINKTYPE]
    assert read.faults == {"too_many_interfaces": 3, "unknown_interface": 1}


@pytest.mark.parametrize("length", [0, 4, 8, 200])
def test_broken_interface_options_do_no_harm(tmp_path: Path, length: int) -> None:
    body = struct.pack("<HHIHH", 1, 0, 0, 9, length)
    read = Read(tmp_path / "x", section() + block(1, body) + packet(b"a"))
    assert (read.frames, read.links) == ([b"a"], [1])
