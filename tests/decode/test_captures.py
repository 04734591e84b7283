"""The kernels against scapy, on every capture of the shared data: the outermost packet of each frame."""

from __future__ import annotations

import ipaddress
import os
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import CookedLinux, Dot1Q, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet
from scapy.utils import RawPcapReader

from sentinel.decode.decoder import Decoder
from sentinel.decode.packet import FragmentFlag, Status
from sentinel.decode.settings import DecodeSettings
from tests.decode.conftest import Frames

DATA = Path(os.environ.get("SENTINEL_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
FOLDERS = (DATA / "pcaps", DATA / "bulk" / "pcaps")
CAPTURES = sorted(path for folder in FOLDERS for path in folder.glob("*.pcap*"))
FRAMES = 150
"""Frames read of each capture: scapy takes its time."""
KINDS = {1: Ether, 101: IP, 113: CookedLinux, 228: IP, 229: IPv6}


def frames_of(path: Path) -> tuple[list[bytes], int]:
    """The first frames and the link type of a capture, or no frames where scapy cannot read it."""
    try:
        with RawPcapReader(str(path)) as reader:
            found = list(islice(reader, FRAMES))
            return [frame for frame, _ in found], getattr(found[0][1], "linktype", None) or reader.linktype
    except Exception:
        return [], 0


def outermost(frame: bytes, linktype: int) -> Packet | None:
    """scapy's outermost IP packet, where it is the frame's own (not one inside ARP, ICMP or the like)."""
    kind = IPv6 if linktype == 101 and frame[:1] and frame[0] >> 4 == 6 else KINDS[linktype]
    try:
        packet = kind(frame)
    except Exception:
        return None
    layer: Any = packet
    while isinstance(layer, Ether | CookedLinux | Dot1Q):
        layer = layer.payload
    return layer if isinstance(layer, IP | IPv6) else None


def compare(row: Any, packet: Packet, first: int) -> list[str]:
    """Names of the columns in which `row` differs from scapy's `packet`."""
    wrong = []

    def expect(name: str, ours: Any, theirs: Any) -> None:
        if ours != theirs:
            wrong.append(f"{name}: {ours} != {theirs}")

    expect("version", row["ip_version"], packet.version)
    for side in ("src", "dst"):
        number = int(row[f"{side}_hi"]) << 64 | int(row[f"{side}_lo"])
        address = ipaddress.ip_address(getattr(packet, side))
        mapped = 0xFFFF << 32 if address.version == 4 else 0
        if "Routing" not in packet.summary():
            expect(side, number, int(address) | mapped)
    if row["fragment"] & FragmentFlag.REASSEMBLED:
        return wrong
    expect("ttl", row["ttl"], packet.ttl if packet.version == 4 else packet.hlim)
    inner = packet.payload if packet.version == 4 else None
    transport = next((packet[kind] for kind in (TCP, UDP, SCTP) if kind in packet), None)
    if packet.version == 6 and IPv6ExtHdrFragment in packet:
        return wrong
    if packet.version == 4 and (packet.frag or packet.flags.MF):
        expect("fragment", row["fragment"] & FragmentFlag.FRAGMENT, FragmentFlag.FRAGMENT)
        expect("offset", row["fragment_offset"], packet.frag * 8)
        return wrong
    if row["status"] not in (Status.OK, Status.CARRIER):
        return wrong
    if packet.version == 4 and packet.len:
        expect("ip_len", row["ip_len"], packet.len)
    if row["status"] == Status.OK and inner is not None and transport is inner:
        expect("ports", (row["src_port"], row["dst_port"]), (inner.sport, inner.dport))
        if isinstance(inner, TCP):
            expect("seq", row["seq"], inner.seq)
            expect("ack", row["ack"], inner.ack)
            expect("flags", row["tcp_flags"], int(inner.flags) & 0xFF)
            expect("window", row["window"], inner.window)
            if packet.len:
                expect("length", row["payload_wire"], packet.len - packet.ihl * 4 - inner.dataofs * 4)
    if isinstance(inner, ICMP):
        expect("icmp", (row["src_port"], row["dst_port"]), (inner.type, inner.code))
    return wrong


@pytest.mark.skipif(not CAPTURES, reason="the shared captures are absent")
def test_every_capture_reads_as_scapy_reads_it() -> None:
    compared, wrong = 0, []
    for path in CAPTURES:
        frames, linktype = frames_of(path)
        if not frames or linktype not in KINDS:
            continue
        packets = Decoder(DecodeSettings()).decode(Frames(frames, linktype))
        firsts: dict[int, Any] = {}
        for row in packets.rows:
            firsts.setdefault(int(row["frame"]), row)
        assert len(firsts) == len(frames)
        for number, frame in enumerate(frames):
            row = firsts[number]
            packet = outermost(frame, linktype)
            if packet is None or row["status"] in (Status.TRUNCATED, Status.MALFORMED):
                continue
            compared += 1
            wrong += [f"{path.name} frame {number + 1} {why}" for why in compare(row, packet, number)]
    assert compared > 1000
    assert wrong == []
