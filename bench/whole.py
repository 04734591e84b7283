"""The whole pipeline as a program, beside others on the same file and core."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.figure import Figure
from bench.process import Run, run

__all__ = ["against_others", "crowd", "flat_memory", "more_rules"]

ROOT: Final = Path(__file__).parents[1]
_SAMPLE: Final = 20_000
"""Packets that scapy dissects: it takes long."""
_LITERALS: Final = 5000


def replay(capture: Path, folder: Path, *more: str | Path) -> Run:
    """Processor time and memory of `sentinel replay` with the rule pack and JSON output."""
    return run([sys.executable, "-m", "sentinel", "replay", capture, "--out", folder / "out", *more], folder)


def _scapy_seconds(capture: Path, packets: int) -> float:
    """Seconds that scapy takes to dissect so many packets, no more than that."""
    program = (
        "import time\nfrom scapy.all import PcapReader\n"
        f"r=PcapReader({str(capture)!r})\nt=time.thread_time()\n"
        f"for k in range({packets}): r.read_packet()\nprint(time.thread_time()-t)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def against_others(capture: Path, folder: Path, packets: int, rounds: int = 2) -> list[Figure]:
    """Suricata without rules, and scapy's bare dissection; the best of `rounds` for each, in turn."""
    suricata = shutil.which("suricata")
    replay(capture, folder)  # fills the caches of kernels and rules
    ours: list[Run] = []
    theirs: list[float] = []
    for _ in range(rounds):
        ours.append(replay(capture, folder))
        if suricata:
            command = [
                suricata,
                "--runmode",
                "single",
                "-S",
                "/dev/null",
                "-k",
                "none",
                "-r",
                capture,
                "-l",
                folder,
            ]
            theirs.append(run(command, folder).seconds)
    best = min(one.seconds for one in ours)
    figures = [
        Figure("whole pipeline, rules on, JSON on", packets / best / 1e3, "kpps", note=f"{best:.1f} s"),
    ]
    if theirs:
        figures.append(
            Figure(
                "packets/s against Suricata, no rules, EVE on",
                min(theirs) / best,
                least=1,
                note=f"{min(theirs):.1f} s",
            )
        )
    scapy = _scapy_seconds(capture, _SAMPLE) / _SAMPLE * packets
    figures.append(Figure("against scapy's bare dissection", scapy / best, least=50))
    figures.append(
        Figure("peak RSS, 1 M flows configured", min(one.peak for one in ours) / 1e6, "MB", most=700)
    )
    return figures


def literal_rules(folder: Path, count: int) -> Path:
    """So many payload rules, each with a literal that does not come."""
    rules = folder / "literals"
    rules.mkdir()
    for number in range(count):
        (rules / f"r{number}.yml").write_text(
            f"title: literal {number}\nid: 00000000-0000-4000-8000-{number:012d}\nlevel: low\nstatus: test\n"
            "logsource: {product: sentinel, service: payload}\n"
            f"detection:\n  s:\n    payload|contains: 'zq{number:x}kx{number * 7919:x}jw'\n  condition: s\n"
        )
    return rules


def more_rules(capture: Path, folder: Path, rounds: int = 2) -> list[Figure]:
    """The same with 5,000 more payload rules; what loading them takes is left out of both."""
    (folder / "few.yaml").write_text(f"rule: {{paths: [{ROOT / 'rules'}]}}\n")
    (folder / "more.yaml").write_text(
        f"rule: {{paths: [{ROOT / 'rules'}, {literal_rules(folder, _LITERALS)}]}}\n"
    )
    demo = ROOT / "demo" / "demo.pcap"
    spent = {}
    for name in ("few", "more"):
        config = "--config", folder / f"{name}.yaml"
        replay(demo, folder, *config)
    for name in ("few", "more") * rounds:
        config = "--config", folder / f"{name}.yaml"
        took = replay(capture, folder, *config).seconds - replay(demo, folder, *config).seconds
        spent[name] = min(spent.get(name, took), took)
    return [Figure("time with 5,000 more literal payload rules", spent["more"] / spent["few"], most=1.25)]


def flat_memory(short: Path, long: Path, crowded: Path, folder: Path) -> list[Figure]:
    """Peak memory of a replay ten times as long, against the short one; as well where ever new hosts take part."""
    once, often, more = (replay(capture, folder).peak for capture in (short, long, crowded))
    return [
        Figure("peak RSS of a replay 10 times as long", often / once, "times", most=1.1,
               note=f"{once / 1e6:.0f} MB, {often / 1e6:.0f} MB"),
        Figure("  with 10 times as many hosts, too", more / once, "times", note=f"{more / 1e6:.0f} MB"),
    ]  # fmt: skip


def crowd(capture: Path, folder: Path) -> list[Figure]:
    """The whole pipeline on the capture while a million other flows are open, against ten thousand."""
    took = {}
    for flows in (10_000, 1_000_000) * 2:
        done = subprocess.run(
            ["taskset", "-c", "0", sys.executable, ROOT / "bench" / "crowd.py", capture, str(flows)],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"crowd.py: {done.stderr[-2000:]}")
        told = json.loads(done.stdout)
        if flows not in took or told["ns"] < took[flows]["ns"]:
            took[flows] = told
    few, many = took[10_000], took[1_000_000]
    costs = f"{few['ns']:.0f} and {many['ns']:.0f} ns a packet"
    peaks = f"{few['peak'] / 1e6:.0f} MB with 10 k"
    return [
        Figure("whole pipeline, 1 M flows open against 10 k", many["ns"] / few["ns"], most=1.3, note=costs),
        Figure("  peak RSS with 1 M flows open", many["peak"] / 1e6, "MB", note=peaks),
    ]
