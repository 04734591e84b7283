"""A daemon that captures from a veth pair: what it loses at a given rate, and how soon an alert is safe. Needs root."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.figure import Figure

__all__ = ["can_run", "live"]

ROOT: Final = Path(__file__).parents[1]
_PORT: Final = 19108
_RATE: Final = 400_000
_PROBES: Final = 300
_BEHIND: Final = 20_000
"""Packets a second behind the probes."""


def can_run() -> str:
    """What is missing for live figures; empty where nothing is."""
    if os.geteuid() != 0:
        return "needs root"
    return " ".join(f"needs {name}" for name in ("ip", "tcpreplay") if shutil.which(name) is None)


@dataclass(frozen=True, slots=True)
class Wire:
    """A veth pair: `near` is where the daemon captures, `far` lies in namespace `space`."""

    near: str
    far: str
    space: str


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, capture_output=True)


@contextlib.contextmanager
def _wire() -> Iterator[Wire]:
    name = f"sb{os.getpid() % 100000}"
    made = Wire(f"{name}n", f"{name}f", name)
    _ip("netns", "add", made.space)
    try:
        _ip("link", "add", made.near, "type", "veth", "peer", "name", made.far, "netns", made.space)
        quiet = "/proc/sys/net/ipv6/conf/{}/disable_ipv6"
        Path(quiet.format(made.near)).write_text("1")
        _ip("netns", "exec", made.space, "sh", "-c", f"echo 1 > {quiet.format(made.far)}")
        _ip("link", "set", made.near, "up")
        _ip("-n", made.space, "link", "set", made.far, "up")
        yield made
    finally:
        subprocess.run(("ip", "link", "del", made.near), check=False, capture_output=True)
        _ip("netns", "del", made.space)


def _metrics() -> dict[str, float]:
    """The daemon's metrics by name and labels; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def _total(metrics: dict[str, float], name: str) -> float:
    return sum(value for key, value in metrics.items() if key.split("{")[0] == name)


def _packets(metrics: dict[str, float], outcome: str) -> float:
    return sum(
        value
        for key, value in metrics.items()
        if key.startswith("sentinel_packets_total{") and f'"{outcome}"' in key
    )


@contextlib.contextmanager
def _daemon(wire: Wire, folder: Path, blocks: int) -> Iterator[None]:
    """`sentinel run` on the near end, ready when this is entered."""
    (folder / "live.yaml").write_text(
        f"capture: {{interfaces: [{wire.near}], blocks: {blocks}}}\n"
        f"rule: {{paths: [{ROOT / 'rules'}]}}\n"
        f"store: {{path: {folder}/live.sqlite}}\n"
        f"output: {{events: {folder}/events, alerts: {folder}/alerts.jsonl}}\n"
        f"metrics: {{port: {_PORT}}}\n"
    )
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            (sys.executable, "-m", "sentinel", "run", "--config", "live.yaml"),
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 90
            while _total(_metrics(), "sentinel_worker_up") < 1:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"no capture: {(folder / 'daemon.log').read_text()[-2000:]}")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(60)


def _settle(least: float) -> dict[str, float]:
    """Metrics once `least` packets are accounted for and nothing moves any more."""
    before, deadline = {}, time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(2)
        now = _metrics()
        if (
            now
            and before
            and _total(now, "sentinel_packets_total") == _total(before, "sentinel_packets_total")
        ):
            if _total(now, "sentinel_packets_received_total") >= least:
                return now
        before = now
    return before


def _send(wire: Wire, capture: Path, rate: int, seconds: int) -> subprocess.Popen[str]:
    """tcpreplay of the capture, over and over, from memory."""
    command = (
        "tcpreplay",
        "-q",
        "-K",
        "-i",
        wire.far,
        f"--pps={rate}",
        "--loop=100000",
        f"--duration={seconds}",
    )
    return subprocess.Popen(
        ("ip", "netns", "exec", wire.space, *command, capture),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _sent(said: str) -> tuple[int, float]:
    """Packets that tcpreplay sent, and how many a second."""
    actual = re.search(r"Actual: (\d+) packets .* sent in ([\d.]+) seconds", said)
    if actual is None:
        raise RuntimeError(f"tcpreplay: {said[-1000:]}")
    return int(actual[1]), int(actual[1]) / float(actual[2])


def _loss(wire: Wire, capture: Path, folder: Path, seconds: int, blocks: int) -> list[Figure]:
    with _daemon(wire, folder, blocks):
        before = _total(_metrics(), "sentinel_packets_received_total")
        said, _ = _send(wire, capture, _RATE, seconds).communicate()
        sent, rate = _sent(said)
        metrics = _settle(before + sent)
    received = _total(metrics, "sentinel_packets_received_total")
    accounted = _total(metrics, "sentinel_packets_total")
    dropped, shed = _packets(metrics, "dropped"), _packets(metrics, "shed")
    note = f"{sent} sent, {received:.0f} received, {blocks} blocks of 512 KiB"
    return [
        Figure(
            "live: rate that tcpreplay reached (asked for 400)", rate / 1e3, "kpps", note=f"for {seconds} s"
        ),
        Figure("live: packets dropped by the ring", dropped, "", most=0, note=note),
        Figure("live: packets whose content was not read, by policy", shed, ""),
        Figure("live: received but not accounted for", abs(received - accounted), "", most=0),
    ]


def _probe(number: int) -> list[bytes]:
    """Frames of one HTTP request of a known scanner, from an address of its own."""
    client, server = bytes((10, 77, number >> 8, number & 255)), bytes((10, 78, 0, 1))
    ask = b"GET /index.php?id=1 HTTP/1.1\r\nHost: oa.example\r\nUser-Agent: sqlmap/1.8#stable (https://sqlmap.org)\r\n\r\n"

    def frame(back: bool, seq: int, ack: int, flags: int, data: bytes = b"") -> bytes:
        ends = (server, client) if back else (client, server)
        ports = (80, 40000) if back else (40000, 80)
        tcp = b"".join(port.to_bytes(2) for port in ports) + seq.to_bytes(4) + ack.to_bytes(4)
        tcp += bytes((0x50, flags, 0x20, 0, 0, 0, 0, 0))
        length = 40 + len(data)
        ip = b"\x45\0" + length.to_bytes(2) + b"\0\0\x40\0\x40\x06\0\0" + b"".join(ends)
        return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + tcp + data

    return [
        frame(False, 100, 0, 0x02),
        frame(True, 500, 101, 0x12),
        frame(False, 101, 501, 0x10),
        frame(False, 101, 501, 0x18, ask),
        frame(True, 501, 101 + len(ask), 0x18, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    ]


def _committed(database: Path, last: int) -> list[tuple[int, str]]:
    """Row and source of alerts committed after row `last`."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
            return reader.execute(
                "SELECT rowid, src FROM alert WHERE rowid > ? ORDER BY rowid", (last,)
            ).fetchall()
    except sqlite3.OperationalError:
        return []


def _latency(wire: Wire, capture: Path, folder: Path) -> list[Figure]:
    """How long after its packet an alert is seen in the database by another process, with traffic behind it."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    with _daemon(wire, folder, 256):
        behind = _send(wire, capture, _BEHIND, _PROBES // 10 + 5)
        inside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        _ip("link", "set", wire.near, "promisc", "on")
        with inside:
            inside.bind((wire.near, 0))  # a frame sent out of the near end is captured like one that comes in
            last, number, due = 0, 0, time.monotonic()
            deadline = due + _PROBES / 10 + 20
            while len(seen) < _PROBES and time.monotonic() < deadline:
                if number < _PROBES and time.monotonic() >= due:
                    sent[f"10.77.{number >> 8}.{number & 255}"] = time.monotonic()
                    for one in _probe(number):
                        inside.send(one)
                    number, due = number + 1, due + 0.1
                for row, source in _committed(folder / "live.sqlite", last):
                    last = row
                    if source in sent:
                        seen.setdefault(source, time.monotonic())
                time.sleep(0.005)
        behind.communicate()
        dropped = _packets(_metrics(), "dropped")
    waits = sorted(seen[source] - sent[source] for source in seen)
    if not waits:
        raise RuntimeError(f"no alert came: {(folder / 'daemon.log').read_text()[-2000:]}")
    missed = _PROBES - len(waits)
    return [
        Figure("live: packet to committed alert, p99", waits[int(len(waits) * 0.99) - 1], "s", most=1,
               note=f"median {waits[len(waits) // 2]:.3f} s, {len(waits)} alerts, {_BEHIND // 1000} kpps behind"),
        Figure("live: attacks without an alert", missed, "", most=0, note=f"{dropped:.0f} packets dropped"),
    ]  # fmt: skip


def live(capture: Path, folder: Path, seconds: int = 60, blocks: int = 1024) -> list[Figure]:
    """All live figures. `capture`: some ten thousand packets, sent again and again."""
    figures = []
    with _wire() as wire:
        for name, measure in (
            ("loss", lambda place: _loss(wire, capture, place, seconds, blocks)),
            ("latency", lambda place: _latency(wire, capture, place)),
        ):
            place = folder / name
            place.mkdir()
            figures += measure(place)
    return figures
