"""The states of an incident, and which may follow which (GB/T 20985.1's phases; form D5 of a district's book)."""

from __future__ import annotations

import enum

__all__ = ["CONTAINED", "ENDED", "State", "followers", "may_follow", "needs_reason"]


class State(enum.StrEnum):
    """From the first alert to the end."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    CONTAINED = "contained"
    ERADICATED = "eradicated"
    RECOVERED = "recovered"
    CLOSED = "closed"
    FALSE_POSITIVE = "false_positive"


ENDED = frozenset({State.CLOSED, State.FALSE_POSITIVE})
CONTAINED = frozenset({State.CONTAINED, State.ERADICATED, State.RECOVERED})
"""Open, but nothing of it should be seen any more."""
_ORDER = list(State)


def may_follow(before: State, after: State) -> bool:
    """Whether `after` may follow: any later state (steps may be skipped), or back to the investigation."""
    if before in ENDED:
        return after is State.INVESTIGATING
    if after is State.FALSE_POSITIVE:
        return True
    if after is State.INVESTIGATING and before is not after:
        return True
    return _ORDER.index(after) > _ORDER.index(before)


def followers(before: State) -> tuple[State, ...]:
    """The states that may follow, in their order."""
    return tuple(state for state in _ORDER if may_follow(before, state))


def needs_reason(before: State, after: State) -> bool:
    """Whether someone must say why: for an end, and for going back."""
    return after in ENDED or _ORDER.index(after) < _ORDER.index(before)
