"""Capture workers for real: packets on a veth pair become alerts, and a killed worker comes back."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from sentinel.capture.settings import CaptureSettings
from sentinel.capture.supervisor import Supervisor
from sentinel.config import default_config
from sentinel.frame import WorkerFrame, decode_frame

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(180)]
REQUEST = b"GET /item?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20 HTTP/1.1\r\nHost: a.example\r\n\r\n"


def attack(path: Path) -> None:
    """A capture file: one web request with SQL injection, and its answer."""
    client, server = IP(src="198.18.77.2", dst="198.18.77.1"), IP(src="198.18.77.1", dst="198.18.77.2")
    up, down = {"sport": 40001, "dport": 80}, {"sport": 80, "dport": 40001}
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    packets = [
        client / TCP(**up, flags="S", seq=100),
        server / TCP(**down, flags="SA", seq=900, ack=101),
        client / TCP(**up, flags="A", seq=101, ack=901),
        client / TCP(**up, flags="PA", seq=101, ack=901) / REQUEST,
        server / TCP(**down, flags="PA", seq=901, ack=101 + len(REQUEST)) / answer,
    ]
    wrpcap(str(path), [Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / one for one in packets])


async def next_frame(frames: Any, wanted: Any, seconds: float = 60.0) -> WorkerFrame:
    """Read frames until one is wanted."""
    async with asyncio.timeout(seconds):
        async for _, raw in frames:
            frame = decode_frame(raw)
            if wanted(frame):
                return frame
    raise AssertionError("the workers ended")


@pytest.fixture
def supervisor(wire: Any) -> Supervisor:
    config = default_config(Path(__file__).parents[2])
    capture = CaptureSettings(interfaces=(wire.near,), restart_backoff=0.05, blocks=256, block_size=128 << 10)
    config = dataclasses.replace(config, capture=capture)
    return Supervisor(capture, (wire.near,), "sentinel.live:make_worker", config)


RULE = "title: {title}\nlogsource: {{product: sentinel, service: http}}\ndetection: {{s: {{method: GET}}, condition: s}}\n"


async def test_a_running_worker_goes_on_with_changed_rules(wire: Any, tmp_path: Path) -> None:
    attack(tmp_path / "attack.pcap")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(RULE.format(title="former"))
    capture = CaptureSettings(interfaces=(wire.near,), restart_backoff=0.05, blocks=256, block_size=128 << 10)
    config = dataclasses.replace(default_config(tmp_path), capture=capture)
    supervisor = Supervisor(capture, (wire.near,), "sentinel.live:make_worker", config)
    async with supervisor:
        frames = supervisor.frames()
        await next_frame(frames, lambda frame: frame.statistics is not None)
        (tmp_path / "rules" / "r.yml").write_text(RULE.format(title="changed"))
        supervisor.reload()
        titles: set[str] = set()
        async with asyncio.timeout(60):
            while "changed" not in titles:
                await asyncio.to_thread(
                    wire.run, "tcpreplay", "-q", "-t", "-i", wire.far, str(tmp_path / "attack.pcap")
                )
                frame = await next_frame(frames, lambda frame: frame.alerts)
                titles |= {alert.title for alert in frame.alerts}
        supervisor.stop()
        assert [raw async for _, raw in frames]
    assert not supervisor.restarts


async def test_packet_to_alert(wire: Any, supervisor: Supervisor, tmp_path: Path) -> None:
    attack(tmp_path / "attack.pcap")
    async with supervisor:
        frames = supervisor.frames()
        await next_frame(frames, lambda frame: frame.statistics is not None)
        began = time.time()
        await asyncio.to_thread(
            wire.run, "tcpreplay", "-q", "-t", "-i", wire.far, str(tmp_path / "attack.pcap")
        )
        frame = await next_frame(frames, lambda frame: frame.alerts)
        alert = frame.alerts[0]
        assert (alert.src, alert.dst) == ("198.18.77.2", "198.18.77.1")
        assert alert.category
        assert abs(alert.ts - began) < 10
        supervisor.stop()
        last = [decode_frame(raw) async for _, raw in frames]
    accounts = [frame.statistics.packets for frame in last if frame.statistics is not None]
    assert accounts[-1].balanced()
    assert accounts[-1].processed >= 5
    assert not supervisor.restarts


async def test_packets_of_a_workers_start_are_not_lost(wire: Any, tmp_path: Path) -> None:
    attack(tmp_path / "attack.pcap")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(RULE.format(title="early"))
    capture = CaptureSettings(interfaces=(wire.near,), blocks=256, block_size=128 << 10)
    config = dataclasses.replace(default_config(tmp_path), capture=capture)
    async with Supervisor(capture, (wire.near,), "tests.live.late:make_worker", config) as supervisor:
        async with asyncio.timeout(60):
            while not ring_exists(wire.near):
                await asyncio.sleep(0.02)
        await asyncio.to_thread(
            wire.run, "tcpreplay", "-q", "-t", "-i", wire.far, str(tmp_path / "attack.pcap")
        )
        assert not supervisor.running
        assert supervisor.process_id(wire.near) is not None
        (tmp_path / "go").touch()
        frame = await next_frame(supervisor.frames(), lambda frame: frame.alerts)
        assert [alert.title for alert in frame.alerts] == ["early"]
        assert supervisor.running == {wire.near}


async def test_a_worker_that_still_compiles_ends_when_it_is_told_to(wire: Any, tmp_path: Path) -> None:
    """It has nothing to hand over, so nobody waits for it, nor must it be killed."""
    capture = CaptureSettings(interfaces=(wire.near,))
    config = dataclasses.replace(default_config(tmp_path), capture=capture)
    async with Supervisor(capture, (wire.near,), "tests.live.late:make_worker", config) as supervisor:
        async with asyncio.timeout(60):
            while not ring_exists(wire.near):
                await asyncio.sleep(0.02)
        supervisor.stop()
        assert [frame async for frame in supervisor.frames()] == []
        assert supervisor._processes[wire.near].returncode == -signal.SIGTERM


def ring_exists(interface: str) -> bool:
    """Whether a packet socket of a process listens on the interface (packet(7))."""
    index = str(socket.if_nametoindex(interface))
    return any(line.split()[4] == index for line in Path("/proc/net/packet").read_text().splitlines()[1:])


async def test_killed_worker_comes_back(wire: Any, supervisor: Supervisor) -> None:
    async with supervisor:
        frames = supervisor.frames()
        await next_frame(frames, lambda frame: frame.statistics is not None)
        first = supervisor.process_id(wire.near)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await next_frame(frames, lambda frame: supervisor.process_id(wire.near) not in (first, None))
        assert supervisor.restarts == {(wire.near, "signal 9"): 1}
        supervisor.stop()
        async for _ in frames:
            pass
    assert not supervisor.running


async def test_worker_holds_no_other_capability(wire: Any, supervisor: Supervisor) -> None:
    async with supervisor:
        await next_frame(supervisor.frames(), lambda frame: frame.statistics is not None)
        status = Path(f"/proc/{supervisor.process_id(wire.near)}/status").read_text()
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(values["CapEff"], 16) == int(values["CapPrm"], 16) == 1 << 13  # CAP_NET_RAW
    assert int(values["CapBnd"], 16) & ~(1 << 13) == 0
    assert values["NoNewPrivs"] == "1"


async def test_missing_interface_is_retried_and_named(tmp_path: Path) -> None:
    deaths: list[tuple[str, str, str]] = []
    config = default_config(Path(__file__).parents[2])
    capture = CaptureSettings(restart_backoff=0.05)
    supervisor = Supervisor(
        capture, ("nosuch0",), "sentinel.live:make_worker", config, lambda *death: deaths.append(death)
    )
    async with supervisor:
        async with asyncio.timeout(60):
            while len(deaths) < 2:
                await asyncio.sleep(0.05)
        supervisor.stop()
    assert deaths[0][:2] == ("nosuch0", "exit 3")
    assert "nosuch0" in deaths[0][2]
