"""Shipped playbooks on a daemon that runs: queued, answered and followed by command, killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel.store import audit
from sentinel.store.session import reading

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "sentinel"
ATTACKER, SERVER = "198.51.100.7", "198.18.0.9"
DEADLINE = 60.0

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]


def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Site:
    """A network of its own with a gatekeeper, a register, and a daemon that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.space = f"play{uuid.uuid4().hex[:6]}"
        if subprocess.run(("ip", "netns", "add", self.space), check=False, capture_output=True).returncode:
            pytest.skip("network namespaces cannot be made here")
        self.inside("ip", "link", "set", "lo", "up")
        self.store = folder / "state.sqlite"
        (folder / "config.yaml").write_text(
            "capture: {enabled: false}\nmetrics: {enabled: false}\nrule: {paths: []}\n"
            f"store: {{path: {self.store}}}\n"
            f"playbook: {{paths: [{ROOT / 'playbooks'}], gatekeeper: {folder / 'gate'}, evidence: {folder / 'evidence'},"
            " officers: [甲], leaders: [乙]}\n"
        )
        (folder / "never-block").write_text("203.0.113.0/24\n")
        (folder / "assets.csv").write_text(
            f"单位,资产名称,IP地址,资产类别,责任人,联系电话\n人社局,社保系统,{SERVER},应用服务器,丙,0759-3380000\n"
        )
        self.daemon = self._start("-m", "sentinel", "run")
        until(self.store.exists, "no database")
        gate = ("--socket", str(folder / "gate"), "--register", str(self.store), "--user", "root")
        never = ("--never-file", str(folder / "never-block"))
        self.gatekeeper = self._start("-m", "sentinel.playbook.gatekeeper", *gate, *never)
        until((folder / "gate").exists, "no gatekeeper")

    def inside(self, *command: str) -> str:
        whole = ("ip", "netns", "exec", self.space, *command)
        return subprocess.run(whole, check=True, capture_output=True, text=True).stdout

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = ("ip", "netns", "exec", self.space, sys.executable, *arguments)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def die_and_live(self) -> None:
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.daemon = self._start("-m", "sentinel", "run")

    def said(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            (str(COMMAND), *words), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def waits(self, *steps: str) -> None:
        def wait() -> bool:
            told = self.said("playbook", "history", "--waiting")
            return all(f" {step} --person" in told for step in steps)

        until(wait, f"nobody is asked for {steps}: {(self.folder / 'log').read_text()}")

    def blocked(self) -> str:
        return self.inside("nft", "list", "table", "inet", "sentinel")

    def end(self) -> None:
        for process in (self.daemon, self.gatekeeper):
            process.kill()
            process.wait()
        subprocess.run(("ip", "netns", "del", self.space), check=False)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    if os.geteuid() or not shutil.which("nft") or not shutil.which("ip"):
        pytest.skip("nft, ip and root are needed")
    site = Site(tmp_path)
    yield site
    site.end()


def test_from_the_order_to_the_block_over_two_deaths(site: Site) -> None:
    assert "0 处错误" in site.said("playbook", "lint")
    assert "什么也没有真的做" in site.said(
        "playbook", "dry-run", "compromised-host", "--set", f"attacker={ATTACKER}"
    )
    queued = site.said(
        "playbook",
        "run",
        "compromised-host",
        "--set",
        f"host={SERVER}",
        "--set",
        f"attacker={ATTACKER}",
        "--person",
        "甲",
    )
    run = queued.split()[1][:8]
    site.waits("confirm")
    site.die_and_live()
    answer = ("playbook", "approve", run)
    site.said(*answer, "confirm", "--person", "甲", "--decision", "done")
    site.waits("at-once/has-attacker/has-attacker/block", "at-once/judge/judge")
    block = "at-once/has-attacker/has-attacker/block"
    assert "不是带班领导" in site.said(*answer, block, "--person", "甲", "--decision", "approve", status=2)
    site.die_and_live()
    assert ATTACKER not in site.blocked()
    site.said(*answer, block, "--person", "乙", "--decision", "approve")
    until(lambda: ATTACKER in site.blocked(), "not blocked")
    history = site.said("playbook", "history", run)
    assert f"{block}  [动作]  已完成" in history and "结果不明" not in history
    assert "collect  [动作]  已完成" in history and len(list((site.folder / "evidence").glob("*.zip"))) == 1
    site.said(*answer, "--person", "乙", "--decision", "undo")
    until(lambda: ATTACKER not in site.blocked(), "not lifted")
    assert reading(site.store, audit.verify) is None


def test_a_registered_server_is_refused_by_both(site: Site) -> None:
    site.said("assets", "import", "assets.csv", "--by", "甲")
    queued = site.said("playbook", "run", "ransomware-worm", "--set", f"host={SERVER}", "--person", "甲")
    run = queued.split()[1][:8]
    site.waits("cut-off")
    assert "人社局" in site.said("playbook", "history", "--waiting")
    site.said("playbook", "approve", run, "cut-off", "--person", "甲", "--decision", "done")
    site.waits("contain/block/block/block-host")
    site.said(
        "playbook",
        "approve",
        run,
        "contain/block/block/block-host",
        "--person",
        "乙",
        "--decision",
        "approve",
    )
    until(lambda: "block-host  [动作]  未成" in site.said("playbook", "history", run), "not refused")
    assert SERVER not in site.blocked()
    with sqlite3.connect(site.store) as database:
        (refused,) = database.execute(
            "SELECT outcome FROM playbook_step WHERE key LIKE '%block-host'"
        ).fetchone()
    assert SERVER in refused
    with socket.socket(socket.AF_UNIX) as caller:  # as a daemon gone wrong would ask
        caller.connect(str(site.folder / "gate"))
        caller.sendall(json.dumps({"verb": "block", "address": SERVER, "seconds": 60}).encode() + b"\n")
        answer = json.loads(caller.makefile().readline())
    assert not answer["ok"] and SERVER in answer["error"] and SERVER not in site.blocked()
