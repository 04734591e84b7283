"""The ring on a real interface: what is sent on one end of a veth pair arrives at the other."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether

from sentinel.capture.filter import compile_filter
from sentinel.capture.ring import CaptureRefused, Ring
from sentinel.capture.settings import CaptureSettings
from tests.live.conftest import wait_for

pytestmark = pytest.mark.xdist_group("live")
IFF_PROMISC = 0x100
SETTINGS = CaptureSettings(block_size=1 << 17, blocks=64, block_timeout=0.02)


@pytest.fixture
def sender(wire: Any) -> Iterator[socket.socket]:
    """A packet socket on the far end: what it sends, the near end receives."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{wire.space}", os.O_RDONLY)
    assert libc.setns(there, 0) == 0
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind((wire.far, 0))
    finally:
        assert libc.setns(home, 0) == 0
        os.close(home)
        os.close(there)
    yield sock
    sock.close()


def collect(ring: Ring, frames: int, seconds: float = 10.0) -> list[tuple[bytes, int, int]]:
    """(bytes, TCI, ns) of frames to port 9 until there are `frames` of them, or time is up."""
    found: list[tuple[bytes, int, int]] = []
    deadline = time.monotonic() + seconds
    while len(found) < frames and time.monotonic() < deadline:
        batch = ring.poll(0.1)
        if batch is None:
            continue
        for number in range(len(batch)):
            start = batch.offset[number]
            frame = batch.data[start : start + batch.caplen[number]].tobytes()
            if b"frame " in frame:
                found.append((frame, int(batch.vlan[number]), int(batch.ts[number])))
        batch.release()
    return found


def frame(number: int, **layers: Any) -> bytes:
    vlan = layers.get("vlan")
    ether = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
    inner = (
        IP(src="198.18.77.2", dst="198.18.77.9")
        / UDP(sport=1000 + number % 50, dport=9)
        / (b"frame %d" % number)
    )
    return bytes(ether / Dot1Q(vlan=vlan) / inner if vlan else ether / inner)


def test_frames_arrive_whole_in_order_and_on_time(wire: Any, sender: socket.socket) -> None:
    ring = Ring(wire.near, SETTINGS)
    sent = [frame(number) for number in range(3000)]
    before = time.time()
    for one in sent:
        sender.send(one)
    got = collect(ring, len(sent))
    assert [one for one, _, _ in got] == sent
    times = [ns for _, _, ns in got]
    assert times == sorted(times)
    assert before - 1 < times[0] / 1e9 < time.time() + 1
    totals = ring.read_statistics()
    assert totals.received >= len(sent)
    assert totals.dropped == 0
    assert ring.read_statistics().received == totals.received  # the kernel's own are reset, ours are not
    ring.close()


def test_vlan_tags_are_restored(wire: Any, sender: socket.socket) -> None:
    ring = Ring(wire.near, SETTINGS)
    sender.send(frame(1, vlan=77))
    sender.send(frame(2))
    got = collect(ring, 2)
    ring.close()
    assert [tci for _, tci, _ in got] == [77, -1]
    assert got[0][0] == frame(1)


def test_filter_runs_in_the_kernel_and_what_it_refuses_is_counted(wire: Any, sender: socket.socket) -> None:
    try:
        program = compile_filter("udp src port 1007")
    except ValueError as error:
        pytest.skip(str(error))
    ring = Ring(wire.near, SETTINGS, program=program)
    for number in range(100):
        sender.send(frame(number))
    got = collect(ring, 2)
    while (batch := ring.poll(0.2)) is not None:
        batch.release()
    statistics = ring.read_statistics()
    ring.close()
    assert [one for one, _, _ in got] == [frame(7), frame(57)]
    assert statistics.filtered >= 98
    assert statistics.received == 2 + statistics.filtered


def test_fanout_splits_flows_and_loses_none(wire: Any, sender: socket.socket) -> None:
    rings = [Ring(wire.near, SETTINGS, fanout=4242) for _ in range(2)]
    sent = [frame(number) for number in range(1000)]
    for one in sent:
        sender.send(one)
    shares = [{one for one, _, _ in collect(ring, 1000, seconds=1.0)} for ring in rings]
    for ring in rings:
        ring.close()
    assert shares[0] | shares[1] == set(sent)
    assert not shares[0] & shares[1]
    ports = [{one[34:36] for one in share} for share in shares]
    assert not ports[0] & ports[1]


def test_full_ring_drops_and_says_so(wire: Any, sender: socket.socket) -> None:
    ring = Ring(wire.near, CaptureSettings(block_size=1 << 16, blocks=2, block_timeout=0.01))
    for number in range(5000):
        sender.send(frame(number))
    got = collect(ring, 5000, seconds=0.5)
    totals = ring.read_statistics()
    ring.close()
    assert totals.dropped > 0
    assert len(got) + totals.dropped == totals.received == 5000


def test_fullness_counts_bytes_and_not_blocks(wire: Any, sender: socket.socket) -> None:
    hasty = Ring(wire.near, CaptureSettings(block_size=1 << 16, blocks=4, block_timeout=0.01))
    patient = Ring(wire.near, CaptureSettings(block_size=1 << 16, blocks=4, block_timeout=60))
    sender.send(frame(0))
    wait_for(lambda: hasty.blocks[1] == 1, what="a block that is not full")
    assert 0 < hasty.fullness < 0.01
    for number in range(5000):
        sender.send(frame(number))
    wait_for(lambda: patient.blocks[1] == 4, what="a full ring")
    assert 0.9 < patient.fullness <= 1
    hasty.close()
    patient.close()


def test_interface_that_goes_away_is_an_error(wire: Any) -> None:
    ring = Ring(wire.near, SETTINGS)
    subprocess.run(("ip", "link", "set", wire.near, "down"), check=True)
    with pytest.raises(OSError, match="NETDOWN"):
        for _ in range(50):
            batch = ring.poll(0.1)
            if batch is not None:
                batch.release()
    ring.close()


def test_an_interface_whose_frames_nobody_reads_is_refused(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.capture.ring._LINKTYPES", {})
    with pytest.raises(CaptureRefused, match="ARPHRD 1"):
        Ring(wire.near, SETTINGS)


@pytest.mark.parametrize("wanted", [True, False])
def test_promiscuous_mode_as_configured(wire: Any, wanted: bool) -> None:
    flags = Path(f"/sys/class/net/{wire.near}/flags")
    assert not int(flags.read_text(), 16) & IFF_PROMISC
    ring = Ring(wire.near, dataclasses.replace(SETTINGS, promiscuous=wanted))
    assert bool(int(flags.read_text(), 16) & IFF_PROMISC) == wanted
    ring.close()
    assert not int(flags.read_text(), 16) & IFF_PROMISC


def test_missing_interface_is_refused() -> None:
    with pytest.raises(CaptureRefused, match="nosuch0"):
        Ring("nosuch0", SETTINGS)
