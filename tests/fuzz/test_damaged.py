"""Damaged captures through the whole pipeline: no exception, accounts that add up, nothing graded high by noise."""

from __future__ import annotations

import dataclasses
import gzip
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.config import default_config
from sentinel.rule import RuleSet
from tests.fuzz.damage import DAMAGES, Damage
from tests.fuzz.damage import run as put_through

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SENTINEL_DATA") or ROOT.parent / "shared" / "data")
DEMO = (ROOT / "demo" / "demo.pcap").read_bytes()
CONFIG = default_config(ROOT)
CONFIG = dataclasses.replace(CONFIG, flow=dataclasses.replace(CONFIG.flow, max_flows=4096))
RULES = RuleSet.load(CONFIG.rule, CONFIG.root)
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.pcap.gz"))
SHARED = sorted((DATA / "pcaps").glob("*.pcap*"))
MOST = 256 << 10
"""Bytes of a capture that are damaged and read: the pipeline's speed is not under test here."""
MALFORMED = sorted(path for path in (DATA / "malformed").glob("*") if path.is_dir())


def run(path: Path, damaged: bytes) -> None:
    put_through(path, damaged, CONFIG, RULES)


@given(
    name=st.sampled_from([path.name for path in (*GOLDEN, *SHARED)]),
    damage=st.sampled_from(DAMAGES),
    seed=st.integers(0, (1 << 32) - 1),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_capture_damaged_in_any_way(tmp_path: Path, name: str, damage: Damage, seed: int) -> None:
    (path,) = (path for path in (*GOLDEN, *SHARED) if path.name == name)
    capture = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    run(tmp_path / "damaged", damage(capture[:MOST], random.Random(seed)))


@pytest.mark.skipif(not MALFORMED, reason="the shared malformed captures are absent")
@pytest.mark.parametrize("folder", MALFORMED, ids=lambda folder: folder.name)
def test_captures_that_were_made_to_break_others(tmp_path: Path, folder: Path) -> None:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files
    for path in files:
        run(tmp_path / "malformed", path.read_bytes())


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
