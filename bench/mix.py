"""Build a large capture out of many small ones: `python bench/mix.py OUT --data DIR --packets 1000000`.

Every Ethernet capture below DIR is repeated, each time with other addresses and at another time, so that a
flow stays a flow, flows of different repetitions differ, and many of them run at once. Checksums are adjusted
by what changed (RFC 1624): right ones stay right, wrong ones wrong. The same seed gives the same file.
"""

from __future__ import annotations

import argparse
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sentinel.capture.file import CaptureError, open_capture
from sentinel.decode.decoder import Decoder
from sentinel.decode.packet import PACKET, Status
from sentinel.decode.settings import DecodeSettings

Integers = NDArray[np.int64]

_ETHERNET: Final = 1
_START: Final = 1_700_000_000_000_000_000
"""Time of the mix's first possible packet, ns since 1970."""
_CHUNK: Final = 65536
"""Packets written at once."""
_RECORD: Final = 16
_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, _ETHERNET)
_ARP: Final = int(Status.ARP)


@dataclass
class Material:
    """All frames of all captures. Columns of a frame, and columns of the packets (headers) in it."""

    data: NDArray[np.uint8]
    offset: Integers
    caplen: Integers
    wirelen: Integers
    time: Integers
    """ns since the capture's first frame, never going back."""
    capture: Integers
    """Number of the capture a frame is of."""
    first_packet: Integers
    """Row of a frame's first packet; one more cell than there are frames."""
    network: Integers
    """Where a packet's network header starts in its frame."""
    version: Integers
    """4, 6, or 0 for ARP."""
    flows: Integers
    """Flows of each capture."""

    @property
    def captures(self) -> int:
        return len(self.flows)


def read_capture(path: Path, longest: int) -> dict[str, Any] | None:
    """Frames and packets of one capture, its times squeezed into `longest` ns; None if it is no Ethernet."""
    decoder = Decoder(DecodeSettings())
    frames: list[dict[str, Any]] = []
    packets: list[NDArray[np.void]] = []
    count = 0
    with open_capture(path) as capture:
        for batch in capture:
            if (batch.linktype != _ETHERNET).any():
                return None
            rows = np.array(decoder.decode(batch).rows, PACKET)
            rows = rows[(rows["buffer"] == 0) & (rows["network"] >= 0)]
            rows["network"] -= batch.offset[rows["frame"]]
            rows["frame"] += count
            packets.append(rows)
            frames.append({name: getattr(batch, name) for name in ("offset", "caplen", "wirelen", "ts")})
            frames[-1]["bytes"] = [
                batch.data[start : start + length].copy()
                for start, length in zip(batch.offset.tolist(), batch.caplen.tolist(), strict=True)
            ]
            count += len(batch)
    if not count:
        return None
    times = np.maximum.accumulate(np.concatenate([part["ts"] for part in frames]))
    times -= times[0]
    if times[-1] > longest:
        times = (times * (longest / times[-1])).astype(np.int64)
    return {
        "data": np.concatenate([frame for part in frames for frame in part["bytes"]]),
        "caplen": np.concatenate([part["caplen"] for part in frames]).astype(np.int64),
        "wirelen": np.concatenate([part["wirelen"] for part in frames]).astype(np.int64),
        "time": times,
        "rows": np.concatenate(packets),
    }


def count_flows(rows: NDArray[np.void]) -> int:
    """Pairs of endpoints among the packets that have ports or an ICMP type."""
    rows = rows[(rows["status"] == Status.OK)]
    ends = ["src_hi", "src_lo", "src_port"], ["dst_hi", "dst_lo", "dst_port"]
    source, target = (list(zip(*(rows[name].tolist() for name in names), strict=True)) for names in ends)
    pairs = zip(source, target, rows["proto"].tolist(), strict=True)
    return len({(min(one, other), max(one, other), proto) for one, other, proto in pairs})


def gather(folder: Path, longest: int) -> Material:
    """Everything out of the captures below `folder`; other links and unreadable files are left out."""
    parts = []
    for path in sorted(folder.rglob("*.pcap*")):
        if "malformed" in path.parts or not path.is_file():
            continue
        try:
            part = read_capture(path, longest)
        except CaptureError as error:
            print(f"left out: {error}")
            continue
        if part is not None:
            parts.append(part)
    if not parts:
        raise SystemExit(f"no Ethernet captures below {folder}")
    return assemble(parts)


def assemble(parts: list[dict[str, Any]]) -> Material:
    """One `Material` of many captures."""
    caplen = np.concatenate([part["caplen"] for part in parts])
    counts = np.array([len(part["caplen"]) for part in parts])
    starts = np.cumsum(counts) - counts
    rows = np.concatenate([part["rows"] for part in parts])
    frame = np.concatenate(
        [part["rows"]["frame"].astype(np.int64) + start for part, start in zip(parts, starts, strict=True)]
    )
    return Material(
        data=np.concatenate([part["data"] for part in parts]),
        offset=np.cumsum(caplen) - caplen,
        caplen=caplen,
        wirelen=np.concatenate([part["wirelen"] for part in parts]),
        time=np.concatenate([part["time"] for part in parts]),
        capture=np.repeat(np.arange(len(parts)), counts),
        first_packet=np.searchsorted(frame, np.arange(len(caplen) + 1)),
        network=rows["network"].astype(np.int64),
        version=np.where(rows["status"] == _ARP, 0, rows["ip_version"]).astype(np.int64),
        flows=np.array([count_flows(part["rows"]) for part in parts]),
    )


def repetitions(material: Material, packets: int, balance: float) -> Integers:
    """How often each capture is repeated, for at least `packets` in all and at least once.

    `balance` 0 repeats all alike; 1 gives all the same number of packets.
    """
    sizes = np.bincount(material.capture, minlength=material.captures)
    weights = sizes.astype(float) ** -balance
    times: Integers = np.ceil(packets * weights / (weights * sizes).sum()).astype(np.int64)
    return times


def schedule(
    material: Material, times: Integers, span: int, random: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """Frame number, time, and number of the repetition (from 1 on), of all packets in the order of time."""
    sizes = np.bincount(material.capture, minlength=material.captures)
    starts = np.cumsum(sizes) - sizes
    captures = np.repeat(np.arange(material.captures), times)
    lengths = sizes[captures]
    ends = np.cumsum(lengths)
    frames = np.arange(ends[-1]) + np.repeat(starts[captures] - (ends - lengths), lengths)
    shift = np.repeat(random.integers(0, span, len(captures)), lengths)
    moments = _START + shift + material.time[frames]
    order = np.argsort(moments, kind="stable")
    return frames[order], moments[order], np.repeat(np.arange(1, len(captures) + 1), lengths)[order]


@njit(cache=True, nogil=True)
def half(data: Any, at: int) -> Any:
    return np.int64(data[at]) << 8 | np.int64(data[at + 1])


@njit(cache=True, nogil=True)
def adjust(data: Any, at: int, change: int, never_zero: bool) -> None:
    """Adjust the checksum at `at` by the change of what it sums up (RFC 1624 §3, eqn. 3)."""
    total = (~half(data, at) & 0xFFFF) + change % 0xFFFF
    total = (total & 0xFFFF) + (total >> 16)
    total = ~total & 0xFFFF
    if never_zero and total == 0:
        total = 0xFFFF
    data[at] = total >> 8
    data[at + 1] = total & 0xFF


@njit(cache=True, nogil=True)
def move4(data: Any, at: int, key: int) -> Any:
    """Move an IPv4 address inside its block (private stays private); the change of its sum."""
    first, second = data[at], data[at + 1]
    if first == 0 or first == 127 or first >= 224:
        return 0
    mask = 0xFFFFFF
    if first == 192 and second == 168:
        mask = 0xFFFF
    elif first == 172 and 16 <= second < 32:
        mask = 0xFFFFF
    before = half(data, at) + half(data, at + 2)
    # The lower 16 bits of the key tell repetitions apart; the upper ones only spread them.
    moved = (key ^ (key * 0x9E37) << 16) & mask
    data[at + 1] ^= moved >> 16
    data[at + 2] ^= moved >> 8 & 0xFF
    data[at + 3] ^= moved & 0xFF
    return half(data, at) + half(data, at + 2) - before


@njit(cache=True, nogil=True)
def move6(data: Any, at: int, key: int) -> Any:
    """Move an IPv6 address, but for multicast and the two special ones; the change of its sum."""
    if data[at] == 0xFF or not data[at : at + 8].any():
        return 0
    before = half(data, at + 12) + half(data, at + 14)
    data[at + 13] ^= key * 0x9E37 & 0xFF
    data[at + 14] ^= key >> 8 & 0xFF
    data[at + 15] ^= key & 0xFF
    return half(data, at + 12) + half(data, at + 14) - before


@njit(cache=True, nogil=True)
def transport(data: Any, network: int, end: int, version: int) -> Any:
    """Protocol and start of the transport header; -1 where there is none or the capture ends before."""
    if version == 4:
        at = network + 4 * (data[network] & 0xF)
        later = half(data, network + 6) & 0x1FFF
        return (np.int64(data[network + 9]), at) if not later and at < end else (-1, -1)
    kind, at = np.int64(data[network + 6]), network + 40
    for _ in range(8):
        if at + 8 > end:
            return -1, -1
        if kind == 0 or kind == 43 or kind == 60:
            kind, at = np.int64(data[at]), at + 8 * (1 + data[at + 1])
        elif kind == 44:
            if half(data, at + 2) & 0xFFF8:
                return -1, -1
            kind, at = np.int64(data[at]), at + 8
        elif kind == 51:
            kind, at = np.int64(data[at]), at + 4 * (2 + data[at + 1])
        else:
            break
    return kind, at


@njit(cache=True, nogil=True)
def checksum_place(data: Any, network: int, end: int, version: int) -> tuple[int, bool]:
    """Where the checksum over addresses and transport is, -1 for nowhere; and whether it is UDP's."""
    protocol, at = transport(data, network, end, version)
    if protocol == 6 and at + 18 <= end:
        return at + 16, False
    if protocol == 17 and at + 8 <= end and half(data, at + 6) != 0:
        return at + 6, True
    if protocol == 58 and version == 6 and at + 4 <= end:
        return at + 2, False
    return -1, False


@njit(cache=True, nogil=True)
def move_packet(data: Any, network: int, end: int, version: int, key: int, inside: int) -> Any:
    """Move a packet's addresses. `inside`: change of the sum of what it carries; returns the whole's."""
    if version == 0:
        if network + 28 <= end:
            move4(data, network + 14, key)
            move4(data, network + 24, key)
        return 0
    if network + (20 if version == 4 else 40) > end:
        return inside
    if version == 4:
        moved = move4(data, network + 12, key) + move4(data, network + 16, key)
        adjust(data, network + 10, moved, False)
    else:
        moved = move6(data, network + 8, key) + move6(data, network + 24, key)
    place, udp = checksum_place(data, network, end, version)
    whole = inside + (moved if version == 6 else 0)
    if place >= 0:
        adjust(data, place, moved + inside, udp)
        whole -= moved + inside
    return whole


@njit(cache=True, nogil=True)
def fill(
    out: Any,
    frames: Any,
    moments: Any,
    keys: Any,
    data: Any,
    offset: Any,
    caplen: Any,
    first_packet: Any,
    network: Any,
    version: Any,
    header: Any,
) -> Any:
    """Write the records of `frames` to `out`; how many bytes. `header` gets each record's four words."""
    at = 0
    for number in range(frames.size):
        frame = frames[number]
        length = caplen[frame]
        out[at : at + 16] = header[number]
        start = at + 16
        end = start + length
        out[start:end] = data[offset[frame] : offset[frame] + length]
        change = 0
        for row in range(first_packet[frame + 1] - 1, first_packet[frame] - 1, -1):
            change = move_packet(out, start + network[row], end, version[row], keys[number], change)
        at = end
    return at


def write(out: BinaryIO, material: Material, frames: Integers, moments: Integers, keys: Integers) -> None:
    """Write the packets as pcap records."""
    for part in chunks(len(frames)):
        chosen = frames[part]
        header = np.empty((len(chosen), 4), "<u4")
        header[:, 0] = moments[part] // 1_000_000_000
        header[:, 1] = moments[part] % 1_000_000_000 // 1000
        header[:, 2] = material.caplen[chosen]
        header[:, 3] = material.wirelen[chosen]
        room = np.empty(int(material.caplen[chosen].sum()) + _RECORD * len(chosen), np.uint8)
        fill(
            room,
            chosen,
            moments[part],
            keys[part],
            material.data,
            material.offset,
            material.caplen,
            material.first_packet,
            material.network,
            material.version,
            header.view(np.uint8),
        )
        out.write(room.data)


def chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, start + _CHUNK)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with captures, searched deeply")
    parser.add_argument("--packets", type=int, default=1_000_000, help="at least so many")
    parser.add_argument("--seconds", type=float, default=60.0, help="within which all repetitions start")
    parser.add_argument(
        "--longest", type=float, default=60.0, help="longer captures are squeezed into so many"
    )
    parser.add_argument(
        "--balance", type=float, default=0.4, help="0: all repeated alike; 1: all as many packets"
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="so often, one after another, by the same hosts"
    )
    parser.add_argument("--seed", type=int, default=1)
    choice = parser.parse_args()
    began = time.perf_counter()
    material = gather(choice.data, int(choice.longest * 1e9))
    times = repetitions(material, choice.packets, choice.balance)
    random = np.random.default_rng(choice.seed)
    frames, moments, keys = schedule(material, times, int(choice.seconds * 1e9), random)
    span = int(moments[-1] - moments[0]) + 1_000_000_000
    with open(choice.out, "wb") as out:
        out.write(_HEADER)
        for round in range(choice.rounds):
            write(out, material, frames, moments + round * span, keys)
    print(f"captures      {material.captures}")
    print(f"packets       {len(frames) * choice.rounds}")
    print(f"flows         {int((material.flows * times).sum()) * choice.rounds}")
    print(f"mean size     {material.caplen[frames].mean():.0f} B")
    print(f"span          {span * choice.rounds / 1e9:.1f} s")
    print(f"built in      {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
