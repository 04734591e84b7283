"""How good the register is: how much of it is seen, right and complete, and how much of what is seen it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sentinel.ledger.asset import Asset
from sentinel.ledger.compare import Difference
from sentinel.ledger.device import Key
from sentinel.ledger.register import Register

__all__ = ["COMPLETE", "Coverage", "coverage"]

COMPLETE = ("name", "category", "addresses", "department", "responsible", "phone", "location")
"""What a complete entry says: the fields that a register of assets must have."""


@dataclass(slots=True)
class Coverage:
    """The figures of one department, or of all."""

    department: str
    """Empty: all."""
    registered: int = 0
    """Assets in use."""
    seen: int = 0
    """Of them, seen at one of their addresses as lately as `ledger.unseen` asks for."""
    accurate: int = 0
    """Of those, in nothing other than registered (no drift)."""
    complete: int = 0
    """Of the registered, with all of `COMPLETE` filled in."""
    zombies: int = 0
    exposed: int = 0
    """Assets with a high-risk port that answers."""
    known: int = 0
    """Addresses seen lately that are registered."""
    unregistered: int = 0
    """Addresses seen lately, and for a while, that are not; nobody's, so of all only."""


def coverage(register: Register, alive: Collection[Key], differences: Iterable[Difference]) -> list[Coverage]:
    """By department in order of name, then all together, after a comparison found these to be alive and to differ."""
    of_asset: dict[int, set[str]] = {}
    whole = Coverage("")
    for one in differences:
        if one.asset is not None:
            of_asset.setdefault(id(one.asset), set()).add(one.kind)
        elif one.kind == "shadow":
            whole.unregistered += 1
    departments: dict[str, Coverage] = {}
    for row in register.rows():
        asset, kinds = row.asset, of_asset.get(id(row.asset), frozenset[str]())
        known = sum(key in alive for key in asset.addresses)
        seen = known > 0
        for figures in (whole, departments.setdefault(asset.department, Coverage(asset.department))):
            figures.registered += 1
            figures.seen += seen
            figures.known += known
            figures.accurate += seen and "drift" not in kinds
            figures.complete += _is_complete(asset)
            figures.zombies += "zombie" in kinds
            figures.exposed += "exposed" in kinds
    return [*(departments[name] for name in sorted(departments)), whole]


def _is_complete(asset: Asset) -> bool:
    return all(getattr(asset, field) for field in COMPLETE)
