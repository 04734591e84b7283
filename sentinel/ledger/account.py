"""What is measured of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.ledger.coverage import Coverage

__all__ = ["LedgerAccount"]


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """Numbers since the start (`evicted`) and as they stand (the others)."""

    devices: int
    evicted: int
    """Devices given up because the table was full."""
    registered: int
    """Addresses in the register."""
    differences: Mapping[str, int]
    """Open differences by kind."""
    coverage: Coverage
    """Of all departments, by the last comparison."""
    waiting: int
    """Differences that are told later, for there are too many at once."""
