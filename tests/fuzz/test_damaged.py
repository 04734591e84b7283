"""Damaged captures through the whole pipeline: no exception, accounts that add up, nothing graded high by noise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sentinel.capture.fault import CaptureError
from sentinel.capture.file import open_capture
from sentinel.config import default_config
from sentinel.pipeline import Pipeline
from sentinel.rule import RuleSet

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "demo" / "demo.pcap").read_bytes()
CONFIG = default_config(ROOT)
RULES = RuleSet.load(CONFIG.rule, CONFIG.root)


def run(path: Path, damaged: bytes) -> None:
    path.write_bytes(damaged)
    pipeline = Pipeline(CONFIG, RULES, lambda _: None, lambda _: None)
    try:
        with open_capture(path) as capture:
            for batch in capture:
                pipeline.process(batch)
                batch.release()
    except CaptureError:
        return
    pipeline.finish()
    statistics = pipeline.statistics()
    assert statistics.packets.balanced()
    assert statistics.flows_active == 0


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bits(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    damaged = bytearray(DEMO)
    for _ in range(chance.choice((3, 100, 4000))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    run(tmp_path / "flipped.pcap", bytes(damaged))


@pytest.mark.parametrize("seed", range(20))
def test_payload_replaced_by_noise(tmp_path: Path, seed: int) -> None:
    """Headers stay, so that noise reaches the protocols."""
    chance = random.Random(seed)
    damaged = bytearray(DEMO)
    at = 24
    while at + 16 <= len(damaged):
        length = int.from_bytes(damaged[at + 8 : at + 12], "little")
        keep = chance.randrange(54, 120)
        for place in range(at + 16 + keep, at + 16 + length):
            if chance.random() < 0.3:
                damaged[place] = chance.randrange(256)
        at += 16 + length
    run(tmp_path / "noise.pcap", bytes(damaged))


@pytest.mark.parametrize("share", [0.1, 0.37, 0.5, 0.99])
def test_cut_off(tmp_path: Path, share: float) -> None:
    run(tmp_path / "cut.pcap", DEMO[: int(len(DEMO) * share)])
