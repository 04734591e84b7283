"""Times that cannot be: no forged or broken clock may carry events out of the windows that rules count in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sentinel.event import Event

__all__ = ["AHEAD", "BEHIND", "EARLIEST", "LATEST", "redate"]

EARLIEST: Final = 0.0
LATEST: Final = 4102444800.0
"""The year 2100."""
AHEAD: Final = 86400.0
"""Seconds by which a live record may be dated past its arrival."""
BEHIND: Final = 7 * 86400.0
"""Seconds for which a relay may have kept a record back before it sent it."""


def redate(events: Sequence[Event], earliest: float, latest: float, instead: float) -> float | None:
    """Give the time `instead` to events outside of the two bounds (and to those at no number).

    What the first of them claimed; None where there was none.
    """
    told = None
    for event in events:
        if not earliest <= event.ts <= latest:
            told = event.ts if told is None else told
            event.ts = instead
    return told
