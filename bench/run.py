"""Measures what docs/performance.md promises, and prints one table: `python bench/run.py [--only NAME,…] [--json FILE]`.

Peers run in the same call on the same core, so that the ratios hold on any machine. `live` needs root and
two idle cores; what cannot be measured here is said.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sentinel.kernel_cache import use_kernel_cache  # noqa: E402

use_kernel_cache()

from bench.engine import correlation, detectors, differential, incidents, logs, rules  # noqa: E402
from bench.figure import Figure, as_json, as_table  # noqa: E402
from bench.kernels import cost_of_many_flows, decode_and_flow  # noqa: E402
from bench.ledger import ledger  # noqa: E402
from bench.live import can_run, live  # noqa: E402
from bench.whole import against_others, crowd, flat_memory, more_rules  # noqa: E402

_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class Bench:
    """Where captures come from, and where everything is written."""

    data: Path
    packets: int
    folder: Path

    def mix(self, share: float = 1, seconds: int = 60, rounds: int = 1) -> Path:
        """A mix of so large a share of the packets, spread over so many seconds, so many times over; built once."""
        packets = int(self.packets * share)
        capture = self.folder / f"mix-{packets}-{seconds}-{rounds}.pcap"
        if not capture.exists():
            command = [sys.executable, ROOT / "bench" / "mix.py", capture, "--data", self.data]
            command += ["--packets", str(packets), "--seconds", str(seconds), "--rounds", str(rounds)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return capture

    def place(self, name: str) -> Path:
        """A folder of its own, with the rule pack where the default configuration looks for it."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "rules").symlink_to(ROOT / "rules")
        return folder

    def kernels(self) -> list[Figure]:
        """Decoding and the flow table alone."""
        return decode_and_flow(self.mix()) + cost_of_many_flows()

    def peers(self) -> list[Figure]:
        """The whole pipeline beside Suricata and scapy."""
        return against_others(self.mix(), self.place("peers"), self.packets)

    def crowd(self) -> list[Figure]:
        """The whole pipeline with many flows open."""
        return crowd(self.mix(_TENTH, 6), self.place("crowd"))

    def literals(self) -> list[Figure]:
        """Many more rules."""
        return more_rules(self.mix(), self.place("many"))

    def memory(self) -> list[Figure]:
        """A long replay's memory: the same hosts for ten times as long, and ten times as many hosts."""
        short = self.mix(_TENTH, 600)
        return flat_memory(short, self.mix(_TENTH, 600, 10), self.mix(1, 6000), self.place("memory"))

    def live(self) -> list[Figure]:
        """A daemon on a veth pair."""
        if missing := can_run():
            print(f"live: left out, {missing}")
            return []
        return live(self.mix(_TENTH), self.place("live"))

    def rules(self) -> list[Figure]:
        """Public Sigma rules."""
        folder = self._public("rules")
        return [] if folder is None else rules(folder)

    def differential(self) -> list[Figure]:
        """The rule engine against a slow, obvious evaluator."""
        folder = self._public("differential")
        return [] if folder is None else differential(folder)

    def _public(self, group: str) -> Path | None:
        folder = self.data / "sigmahq"
        if folder.is_dir():
            return folder
        print(f"{group}: left out, there is no {folder}")
        return None

    def measure(self, only: list[str]) -> Iterator[list[Figure]]:
        """The groups of figures one after another."""
        groups: dict[str, Callable[[], list[Figure]]] = {
            "kernels": self.kernels,
            "peers": self.peers,
            "crowd": self.crowd,
            "literals": self.literals,
            "memory": self.memory,
            "live": self.live,
            "rules": self.rules,
            "correlation": correlation,
            "detectors": detectors,
            "differential": self.differential,
            "logs": logs,
            "incidents": incidents,
            "ledger": ledger,
        }
        for name, group in groups.items():
            if not only or name in only:
                try:
                    yield group()
                except (RuntimeError, subprocess.CalledProcessError) as error:
                    print(f"{name}: not measured: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder with captures"
    )
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument(
        "--only",
        default="",
        help="groups, comma between: kernels,peers,crowd,literals,memory,live,rules,correlation,detectors,"
        "differential,logs,incidents,ledger",
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    choice = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(choice.data.resolve(), choice.packets, Path(name))
        for group in bench.measure([part for part in choice.only.split(",") if part]):
            figures += group
            print(as_table(group), end="\n\n", flush=True)
    print(as_table(figures))
    if choice.json:
        choice.json.write_text(json.dumps(as_json(figures), indent=1))


if __name__ == "__main__":
    main()
