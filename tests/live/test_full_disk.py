"""A disk that is really full: a tmpfs of 1 MiB. It is said, nothing crashes, detection goes on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import NEAR, Wire, wait_for

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
PORT = 19871
SENTINEL = (sys.executable, "-m", "sentinel")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Room for an empty database (its log alone takes 850 KB) and what little a test writes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", folder)
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs root to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(("umount", "-l", folder), check=True)


def fill(disk: Path, *, but: int = 0) -> Path:
    """Use up the disk to the last page, except `but` bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, max(0, filler.stat().st_size - but))
    return filler


def test_a_replay_onto_a_full_disk_says_what_is_lost(small_disk: Path, tmp_path: Path) -> None:
    fill(small_disk, but=16384)
    out = small_disk / "out"
    done = subprocess.run(
        (*SENTINEL, "replay", ROOT / "demo" / "demo.pcap", "--out", out), capture_output=True
    )
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "Traceback" not in said
    assert f"无法写入 {out}/" in said and "No space left on device" in said
    for log in out.glob("*.log"):  # a line is written whole or not at all
        assert all(json.loads(line) for line in log.read_text("utf-8").splitlines())


def test_a_full_cache_disk_only_costs_time(small_disk: Path, tmp_path: Path) -> None:
    fill(small_disk, but=65536)
    environment = {
        **os.environ,
        "SENTINEL_KERNEL_CACHE": str(small_disk),
        "SENTINEL_RULE_CACHE": str(small_disk),
    }
    command = (*SENTINEL, "replay", ROOT / "demo" / "demo.pcap", "--out", tmp_path / "out")
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, done.stderr.decode().count("warning: 编译结果无法保存")) == (0, 1), done.stderr
    assert (tmp_path / "out" / "alerts.log").stat().st_size > 0
    check = subprocess.run((*SENTINEL, "check"), capture_output=True, env=environment, cwd=tmp_path)
    assert f"[注意] 缓存目录 {small_disk}" in check.stdout.decode()


@pytest.fixture
def daemon(wire: Wire, small_disk: Path, tmp_path: Path) -> Iterator[Path]:
    """A daemon whose events, alerts and database are on the small disk; gives the file of what it says."""
    said = tmp_path / "said"
    (tmp_path / "config.yaml").write_text(
        f"capture: {{interfaces: [{wire.near}], blocks: 256, block_size: 128 KiB}}\n"
        f"rule: {{paths: [{ROOT}/rules]}}\n"
        f"store: {{path: {small_disk}/s.sqlite}}\n"
        f"output: {{events: {small_disk}/events, alerts: {small_disk}/alerts.log}}\n"
        "flow: {tcp_closed_timeout: 1s}\n"
        f"metrics: {{port: {PORT}}}\n"
    )
    with said.open("wb") as file:
        process = subprocess.Popen(
            (*SENTINEL, "run", "--config", tmp_path / "config.yaml"), stdout=file, stderr=file
        )
    try:
        arp = small_disk / "events" / "arp.log"
        wait_for(lambda: process.poll() is not None or (wire.stir() and arp.exists()), 90, "the capture")
        yield said
        process.terminate()
        assert process.wait(30) == 0
        assert b"Traceback" not in said.read_bytes()
    finally:
        process.kill()
        process.wait()


def metric(name: str) -> float:
    """The sum of a metric over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pattern = re.compile(rf"{name}(?:{{[^}}]*}})? (\S+)$")
    return sum(float(found[1]) for line in lines if (found := pattern.match(line)))


def attack(wire: Wire, folder: Path, name: str) -> None:
    """A request that rules know, to a server that answers."""
    from tests.live.scenes import serving

    with serving(1080, sys.executable, "-m", "http.server", "1080", "--bind", NEAR, "--directory", folder):
        agent = "sqlmap/1.8#stable (https://sqlmap.org)"
        wire.run("curl", "-s", "-o", "/dev/null", "-A", agent, f"http://{NEAR}:1080/{name}")


def stored(disk: Path) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"file:{disk}/s.sqlite?mode=ro", uri=True)) as database:
        return database.execute("SELECT fields FROM alert").fetchall()


def test_detection_goes_on_over_a_full_disk_and_catches_up(
    wire: Wire, daemon: Path, small_disk: Path, tmp_path: Path
) -> None:
    filler = fill(small_disk)
    attack(wire, tmp_path, "while-full")
    wait_for(lambda: metric("sentinel_alerts_total") >= 1, 60, "the alert to be counted")
    wait_for(lambda: "No space left on device" in daemon.read_text("utf-8"), 60, "the full disk to be said")
    filler.unlink()
    wait_for(
        lambda: any("while-full" in row[0] for row in stored(small_disk)), 90, "the alert in the database"
    )
    attack(wire, tmp_path, "with-room")
    alerts = small_disk / "alerts.log"
    wait_for(lambda: alerts.exists() and "with-room" in alerts.read_text("utf-8"), 60, "the file to go on")
