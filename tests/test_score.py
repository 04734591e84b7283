"""Decoding against what Zeek, Arkime, Suricata and others published of the same captures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(os.environ.get("SENTINEL_DATA") or Path(__file__).parents[2] / "shared" / "data")
SCORER = DATA.parent / "score" / "score.py"
SENTINEL = Path(sys.executable).with_name("sentinel")
LEAST_FACTS = 0.93
"""Share of published facts that must hold. Where we differ from others on purpose stands in docs/protocols.md."""


@pytest.mark.skipif(not SCORER.is_file(), reason="the shared captures and their scorer are absent")
@pytest.mark.timeout(900)
def test_published_answers_hold() -> None:
    command = (sys.executable, SCORER, DATA, "--only", "decode", "--sentinel", SENTINEL)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"facts (\d+)/(\d+)", done.stdout.splitlines()[-1])
    assert found is not None, done.stdout
    held, published = map(int, found.groups())
    assert published > 0 and held >= LEAST_FACTS * published, done.stdout
