"""Measures what docs/performance.md promises, and prints one table: `python bench/run.py [--data DIR] [--packets N]`.

Peers run in the same call on the same core, so that the ratios hold on any machine. Needs no root.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def pinned(command: list[str], folder: Path) -> tuple[float, int]:
    """Seconds of processor time and peak bytes of one whole process on core 0."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),
    )
    _, _, usage = os.wait4(process.pid, 0)
    del before
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def kernels(capture: Path, flows: int) -> tuple[float, int]:
    """Seconds for decode and flow table alone, and packets; nothing is inspected."""
    from sentinel.capture.file import open_capture
    from sentinel.decode.decoder import Decoder
    from sentinel.decode.settings import DecodeSettings
    from sentinel.flow import FlowSettings, FlowTable

    best, packets = 1e9, 0
    for _ in range(3):
        decoder = Decoder(DecodeSettings())
        table = FlowTable(FlowSettings(max_flows=flows, inspect_bytes=0))
        spent, packets = 0.0, 0
        with open_capture(capture) as batches:
            for batch in batches:
                began = time.perf_counter()
                decoded = decoder.decode(batch)
                for _ in table.process(decoded.rows, decoded.data, decoded.spill):
                    pass
                spent += time.perf_counter() - began
                packets += len(batch)
                batch.release()
        best = min(best, spent)
    return best, packets


def concurrent_cost(flows: int, packets: int = 1_500_000) -> float:
    """Nanoseconds a packet of the flow table with `flows` flows open, packets of all in random order."""
    import numpy as np

    from sentinel.decode.packet import PACKET
    from sentinel.flow import FlowSettings, FlowTable

    rng = np.random.default_rng(1)
    table = FlowTable(FlowSettings(max_flows=1_000_000))
    size = 16384
    data = np.zeros(64, np.uint8)
    rows = np.zeros(size, PACKET)
    rows["parent"] = rows["vlan"] = rows["inner_vlan"] = -1
    rows["ip_version"], rows["proto"], rows["dst_port"] = 4, 17, 4789
    rows["ip_len"] = 60
    rows["dst_lo"] = 0xFFFF0A000001
    ts, spent, counted = 10**18, 0.0, 0
    order = np.concatenate([np.arange(flows), rng.integers(0, flows, packets)])
    for start in range(0, len(order), size):
        part = order[start : start + size]
        block = rows[: len(part)]
        block["src_lo"] = 0xFFFF0B000000 + part // 60000
        block["src_port"] = 1024 + part % 60000
        block["ts"] = ts + start
        began = time.perf_counter()
        for _ in table.process(block, data, data):
            pass
        if start >= flows:
            spent += time.perf_counter() - began
            counted += len(part)
    assert table.count("active") == flows
    return spent / counted * 1e9


def scapy_seconds(capture: Path, packets: int) -> float:
    """Seconds that scapy takes to dissect so many packets, no more than that."""
    program = (
        "import time\nfrom scapy.all import PcapReader\n"
        f"r=PcapReader({str(capture)!r})\nt=time.perf_counter()\n"
        f"for k in range({packets}): r.read_packet()\nprint(time.perf_counter()-t)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def literal_rules(folder: Path, count: int) -> None:
    """So many payload rules, each with a literal that does not come."""
    folder.mkdir()
    for number in range(count):
        (folder / f"r{number}.yml").write_text(
            f"title: literal {number}\nid: 00000000-0000-4000-8000-{number:012d}\nlevel: low\nstatus: test\n"
            "logsource: {product: sentinel, service: payload}\n"
            f"detection:\n  s:\n    payload|contains: 'zq{number:x}kx{number * 7919:x}jw'\n  condition: s\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        capture = folder / "mix.pcap"
        subprocess.run(
            [
                sys.executable,
                ROOT / "bench/mix.py",
                capture,
                "--data",
                options.data,
                "--packets",
                str(options.packets),
            ],
            check=True,
        )
        seconds, packets = kernels(capture, 1_000_000)
        found["decode + flow table, Mpps"] = packets / seconds / 1e6
        few, many = concurrent_cost(10_000), concurrent_cost(1_000_000)
        found["ns a packet at 10 k flows"], found["at 1 M flows"] = few, many
        found["ratio 1 M : 10 k (<= 1.3)"] = many / few
        replay = [sys.executable, "-m", "sentinel", "replay", str(capture), "--out", str(folder / "out")]
        environment = ROOT / "rules"
        (folder / "rules").symlink_to(environment)
        pinned(replay, folder)  # fills the kernel cache
        ours, memory = pinned(replay, folder)
        found["whole pipeline, s"], found["peak RSS, MB"] = ours, memory / 1e6
        found["whole pipeline, kpps"] = packets / ours / 1e3
        sample = 20_000
        found["times scapy's dissection (>= 50)"] = scapy_seconds(capture, sample) / sample * packets / ours
        if suricata := shutil.which("suricata"):
            peer, _ = pinned(
                [
                    suricata,
                    "--runmode",
                    "single",
                    "-S",
                    "/dev/null",
                    "-k",
                    "none",
                    "-r",
                    str(capture),
                    "-l",
                    name,
                ],
                folder,
            )
            found["suricata --runmode single, no rules, EVE on, s"] = peer
            found["packets/s against suricata (>= 1.0)"] = peer / ours
        literal_rules(folder / "literals", 5000)
        (folder / "more.yaml").write_text(f"rule: {{paths: [{ROOT / 'rules'}, {folder / 'literals'}]}}\n")
        started = time.perf_counter()
        probe = [
            sys.executable,
            "-m",
            "sentinel",
            "replay",
            str(ROOT / "demo/demo.pcap"),
            "--config",
            "more.yaml",
        ]
        load, _ = pinned(probe, folder)
        base, _ = pinned([*probe[:-2]], folder)
        more, _ = pinned([*replay, "--config", "more.yaml"], folder)
        del started
        found["with 5,000 more payload rules, their loading left out (<= 1.25)"] = (more - load) / (
            ours - base
        )
    for what, value in found.items():
        print(f"{what:62} {value:10.3f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
