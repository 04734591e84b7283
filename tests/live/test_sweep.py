"""A sweep over a real wire: who is there is found, who is excluded hears nothing, and the rate is kept."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import ARP
from scapy.utils import rdpcap

from tests.live.conftest import FAR, NEAR, Wire, wait_for

pytestmark = pytest.mark.xdist_group("live")
SECOND, EXCLUDED, ROUTED = "198.18.77.5", "198.18.77.6", "198.18.78.1"
LISTEN = """
import socket
kept = [socket.create_server(("0.0.0.0", port)) for port in (22, 8080)]
print("listening", flush=True)
input()
"""
RATE = 10
ROOT = Path(__file__).parents[2]


@pytest.fixture
def far(wire: Wire) -> Iterator[Wire]:
    """The far end has three addresses of the wire's network, and one behind it; it listens at two ports."""
    for address, device in ((SECOND, wire.far), (EXCLUDED, wire.far), (ROUTED, "lo")):
        wire.run("ip", "addr", "add", f"{address}/32", "dev", device)
    subprocess.run(("ip", "route", "add", "198.18.78.0/29", "via", FAR), check=True, capture_output=True)
    inside = ("ip", "netns", "exec", wire.space)
    with subprocess.Popen(
        (*inside, sys.executable, "-c", LISTEN), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None and listener.stdout.readline() == "listening\n"
        yield wire
        listener.kill()


def configured(folder: Path, interface: str = "", **sweep: Any) -> Path:
    settings = {
        "enabled": True, "ranges": ["198.18.77.0/28", "198.18.78.0/29"], "exclude": [f"{EXCLUDED}/32"],
        "persons": ["甲"], "rate": RATE, "ports": [22, 80, 8080], "wait": "500ms", **sweep,
    }  # fmt: skip
    path = folder / "config.yaml"
    document = {
        "store": {"path": "s.sqlite"},
        "flow": {"local_networks": ["198.18.0.0/15"]},
        "ledger": {"sweep": settings, "compare": "1s", "grace": "0s"},
        "capture": {"enabled": bool(interface), "interfaces": [interface] if interface else []},
        "rule": {"paths": [str(ROOT / "rules")]},
        "metrics": {"port": 0},
        "output": {"events": "events", "alerts": ""},
    }
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return path


def scan(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "sentinel", "assets", "scan", "--config", str(config), *words)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_sweep_finds_who_is_there_asks_nobody_else_and_keeps_its_rate(far: Wire, tmp_path: Path) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("needs tcpdump")
    heard = tmp_path / "heard.pcap"
    inside = (
        "ip",
        "netns",
        "exec",
        far.space,
        "tcpdump",
        "-n",
        "-U",
        "--immediate-mode",
        "-i",
        far.far,
        "-w",
        str(heard),
    )
    with subprocess.Popen(inside, stderr=subprocess.PIPE, text=True) as listening:
        wait_for(heard.exists, what="tcpdump")
        done = scan(configured(tmp_path), "--by", "甲", "--zone", "试验")
        listening.terminate()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and all(line.endswith("端口 22 8080") for line in lines), done.stdout
    assert [line.split()[0] for line in lines] == [FAR, SECOND, ROUTED]
    asked = [packet for packet in rdpcap(str(heard)) if _from_here(packet)]
    assert EXCLUDED not in {str(packet[ARP].pdst) for packet in asked if packet.haslayer(ARP)}
    assert {int(packet[TCP].dport) for packet in asked if packet.haslayer(TCP)} == {22, 80, 8080}
    opening = [packet for packet in asked if not (packet.haslayer(TCP) and "R" in str(packet[TCP].flags))]
    times = sorted(float(packet.time) for packet in opening)
    within = [sum(begin <= time < begin + 1 for time in times) for begin in times]
    assert max(within) <= RATE + 1, within
    assert len(opening) >= 12 + 6 + 9
    assert NEAR not in {str(packet[ARP].pdst) for packet in asked if packet.haslayer(ARP)}

    with sqlite3.connect(tmp_path / "s.sqlite") as database:
        trail = database.execute("SELECT actor, action, detail FROM audit ORDER BY id").fetchall()
        left = [json.loads(document) for (document,) in database.execute("SELECT document FROM asset_sight")]
    assert [row[:2] for row in trail] == [("甲", "asset.scan"), ("甲", "asset.scan-ended")]
    assert json.loads(trail[0][2])["rate"] == RATE and json.loads(trail[1][2])["ended"] == "whole"
    told = {(sight[1], sight[3], sight[4] if sight[3] != "mac" else "") for sight in left}
    assert told == {
        *((address, field, value) for address in (FAR, SECOND, ROUTED)
          for field, value in (("", ""), ("service", "22/tcp"), ("service", "8080/tcp"))),
        (FAR, "mac", ""), (SECOND, "mac", ""),
    }  # fmt: skip


def _from_here(packet: Any) -> bool:
    if packet.haslayer(ARP):
        return bool(packet[ARP].psrc == NEAR and packet[ARP].op == 1)
    return bool(
        packet.haslayer(IP) and packet[IP].src == NEAR and (packet.haslayer(TCP) or packet.haslayer(ICMP))
    )


def test_a_sweep_that_is_not_allowed_sends_nothing_and_says_what_to_do(far: Wire, tmp_path: Path) -> None:
    sent = Path(f"/sys/class/net/{far.near}/statistics/tx_packets")
    before = sent.read_text()
    for enabled, words, said in (
        (False, ("--by", "甲"), "enabled: true"),
        (True, ("--by", "乙"), "乙 不能授权扫描"),
        (True, ("--by", "甲", "--range", "198.18.79.0/24"), "不在声明的网段内"),
    ):
        done = scan(configured(tmp_path, enabled=enabled), *words)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    assert sent.read_text() == before


def test_a_daemon_sees_a_host_knows_its_system_takes_up_a_scan_and_tells_a_shadow(
    far: Wire, tmp_path: Path
) -> None:
    config = configured(tmp_path, far.near)

    def assets(*words: str) -> list[dict[str, Any]]:
        told = ("--json",) if words[0] == "show" else ()
        command = (sys.executable, "-m", "sentinel", "assets", *words, *told, "--config", str(config))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()] if told else []

    def facts() -> set[tuple[str, str]]:
        return {(fact[0], fact[2]) for device in assets("show", FAR) for fact in device["facts"]}

    with (tmp_path / "said").open("w") as said, socket.create_server((NEAR, 0)) as server:
        opens = f"import socket; socket.create_connection(({NEAR!r}, {server.getsockname()[1]}), 5).close()"
        daemon = subprocess.Popen(
            (sys.executable, "-m", "sentinel", "run", "--config", str(config)), stdout=said, stderr=said
        )
        try:
            arp = tmp_path / "events" / "arp.log"
            wait_for(lambda: daemon.poll() is not None or (far.stir() and arp.exists()), 90, "the capture")
            far.run(sys.executable, "-c", opens)
            wait_for(lambda: ("os", "tcp_syn") in facts(), 30, "the system of the far end", facts)
            words = (NEAR, "name=near", "department=A", "responsible=B", "phone=1234567")
            assets("register", *words)
            assert scan(config, "--by", "甲", "--range", f"{FAR}/32").returncode == 0
            wait_for(lambda: ("service", "scan") in facts(), 30, "what the scan found", facts)
            ledger = tmp_path / "events" / "ledger.log"
            wait_for(ledger.exists, 30, "the shadow")
        finally:
            daemon.terminate()
            assert daemon.wait(30) == 0, (tmp_path / "said").read_text()
    told = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    assert ("shadow", "begun", FAR) in {(one["difference"], one["state"], one["host"]) for one in told}
