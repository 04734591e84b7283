"""Captures of real programs, kept in `golden/`: sentinel says of them what was found right once.

`golden/record.py` makes them. Fields that came later are no mistake; what is written down must be there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.record import HERE, said_of
from tests.live.scenes import SCENES

pytestmark = pytest.mark.timeout(240)


def _missing(expected: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    return {key: (value, record.get(key)) for key, value in expected.items() if record.get(key) != value}


@pytest.mark.parametrize("name", SCENES)
def test_capture(name: str, tmp_path: Path) -> None:
    said = said_of(HERE / f"{name}.pcap.gz", tmp_path / "out")
    expected = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    for alert in expected.pop("alerts", []):
        assert alert in said["alerts"]
    for kind, records in expected.items():
        got = said.get(kind, [])
        assert len(got) == len(records), kind
        for number, (wanted, record) in enumerate(zip(records, got, strict=True)):
            assert _missing(wanted, record) == {}, f"{kind} {number}"
