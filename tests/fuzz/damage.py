"""Damage captures at length: `python tests/fuzz/damage.py FOLDER [--seconds N] [--seed N] [--keep DIR]`.

Every capture below FOLDER is cut, flipped and filled with noise, seed after seed, and goes through the whole
pipeline with the rule pack. Whatever raises, hangs, loses count of a packet or makes the process grow is
kept in DIR with its seed. The same seed damages a capture the same way.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from sentinel.kernel_cache import use_kernel_cache  # noqa: E402

use_kernel_cache()

from sentinel.capture.fault import CaptureError  # noqa: E402
from sentinel.capture.file import open_capture  # noqa: E402
from sentinel.config import default_config  # noqa: E402
from sentinel.config.tree import Config  # noqa: E402
from sentinel.pipeline import Pipeline  # noqa: E402
from sentinel.rule import RuleSet  # noqa: E402

_LONGEST: Final = 20
"""Seconds that one damaged capture may take."""
_LARGEST: Final = 8 << 20
"""Bytes; larger captures are left out."""
_MAGICS: Final = ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a", "34cdb2a1", "a1b2cd34")
_GROWTH: Final = 300 << 20
"""Bytes that the process may grow by after its first hundred captures."""


def flip(capture: bytes, chance: random.Random) -> bytes:
    """Turn bits over, anywhere: file structure, headers, payload."""
    damaged = bytearray(capture)
    for _ in range(chance.choice((1, 3, 20, 100, len(damaged) // 50 + 1))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def cut(capture: bytes, chance: random.Random) -> bytes:
    """Lose the end."""
    return capture[: chance.randrange(len(capture))]


def noise(capture: bytes, chance: random.Random) -> bytes:
    """Replace bytes of packets (classic pcap) and leave their first headers, so that noise reaches the protocols."""
    damaged = bytearray(capture)
    order = "big" if capture[:1] == b"\xa1" else "little"
    share = chance.choice((0.01, 0.1, 0.5))
    at = 24
    while at + 16 <= len(damaged):
        length = int.from_bytes(damaged[at + 8 : at + 12], order)
        end = min(at + 16 + length, len(damaged))
        for place in range(at + 16 + chance.randrange(34, 120), end):
            if chance.random() < share:
                damaged[place] = chance.choice((0, 255, damaged[place] ^ 128, chance.randrange(256)))
        at += 16 + length
    return bytes(damaged)


def shuffle(capture: bytes, chance: random.Random) -> bytes:
    """Lose, repeat and exchange records (classic pcap): gaps, retransmissions, answers before questions."""
    order = "big" if capture[:1] == b"\xa1" else "little"
    records = []
    at = 24
    while at + 16 <= len(capture):
        end = at + 16 + int.from_bytes(capture[at + 8 : at + 12], order)
        records.append(capture[at:end])
        at = end
    for _ in range(max(1, len(records) // 8)):
        one, other = chance.randrange(len(records) or 1), chance.randrange(len(records) or 1)
        if not records:
            break
        what = chance.randrange(3)
        if what == 0:
            records[one], records[other] = records[other], records[one]
        elif what == 1:
            records.insert(one, records[other])
        elif len(records) > 1:
            del records[one]
    return capture[:24] + b"".join(records)


def splice(capture: bytes, chance: random.Random) -> bytes:
    """Copy a stretch of the capture over another."""
    damaged = bytearray(capture)
    for _ in range(chance.choice((1, 4, 16))):
        size = chance.randrange(1, min(256, len(damaged)) + 1)
        source = chance.randrange(len(damaged) - size + 1)
        target = chance.randrange(len(damaged) - size + 1)
        damaged[target : target + size] = damaged[source : source + size]
    return bytes(damaged)


Damage = Callable[[bytes, random.Random], bytes]
DAMAGES: Final[tuple[Damage, ...]] = (flip, cut, noise, shuffle, splice)


def is_capture(path: Path) -> bool:
    """Does the file begin as a pcap or pcapng does?"""
    with path.open("rb") as file:
        return file.read(4).hex() in _MAGICS


def run(path: Path, capture: bytes, config: Config, rules: RuleSet | None) -> None:
    """Take a capture through the pipeline. Raises where it does, or where packets are lost count of."""
    path.write_bytes(capture)
    pipeline = Pipeline(config, rules, lambda _: None, lambda _: None)
    try:
        with open_capture(path) as batches:
            for batch in batches:
                pipeline.process(batch)
                batch.release()
    except CaptureError:
        pass
    pipeline.finish()
    statistics = pipeline.statistics()
    assert statistics.packets.balanced(), statistics.packets
    assert statistics.flows_active == 0, statistics.flows_active


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {_LONGEST} s")


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("damaged"))
    choice = parser.parse_args()
    choice.keep.mkdir(exist_ok=True)
    captures = {
        path: path.read_bytes()
        for path in sorted(choice.folder.rglob("*"))
        if path.is_file() and 24 < path.stat().st_size < _LARGEST and is_capture(path)
    }
    config = default_config(ROOT)
    config = dataclasses.replace(config, flow=dataclasses.replace(config.flow, max_flows=4096))
    rules = RuleSet.load(config.rule, config.root)
    signal.signal(signal.SIGALRM, _too_long)
    end = time.monotonic() + choice.seconds
    seed, done, failed, start, slowest = choice.seed, 0, 0, 0, 0.0
    target = choice.keep / "input"
    run(target, (ROOT / "demo" / "demo.pcap").read_bytes(), config, rules)  # compiles the kernels
    while time.monotonic() < end:
        for path, capture in captures.items():
            chance = random.Random(f"{path.name}{seed}")
            damage = DAMAGES[chance.randrange(len(DAMAGES))]
            damaged = damage(capture, chance)
            began = time.monotonic()
            signal.alarm(_LONGEST)
            try:
                run(target, damaged, config, rules)
            except Exception:
                failed += 1
                kept = choice.keep / f"{path.name}-{damage.__name__}-{seed}"
                kept.write_bytes(damaged)
                kept.with_name(kept.name + ".txt").write_text(traceback.format_exc())
                print(f"FAILED {kept}: {traceback.format_exc().splitlines()[-1]}", flush=True)
            finally:
                signal.alarm(0)
            spent = time.monotonic() - began
            if spent > slowest:
                slowest = spent
                print(f"slowest {spent:.2f} s: {path.name} {damage.__name__} seed {seed}", flush=True)
            done += 1
            start = start or (_memory() if done == 100 else 0)
            if time.monotonic() > end:
                break
        print(f"seed {seed}: {done} captures, {failed} failed, {_memory() >> 20} MiB", flush=True)
        if start and _memory() - start > _GROWTH:
            print(f"FAILED memory grew from {start >> 20} to {_memory() >> 20} MiB", flush=True)
            failed += 1
            start = _memory()
        seed += 1
    print(f"{done} damaged captures, {failed} failures")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
