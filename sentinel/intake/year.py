"""The year that BSD syslog stamps leave out (RFC 3164 §4.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from sentinel.intake.stamp import MONTHS

__all__ = ["YearGuess"]

_AHEAD = 2 * 86400.0
"""Seconds that a source's clock may be ahead before its stamp is rather taken for last year's."""


@lru_cache(16384)
def _moment(month: str, day: int, clock: str, year: int, zone: tzinfo) -> float | None:
    hour, minute, second = clock.split(":", 2)
    try:
        moment = datetime(year, MONTHS[month.lower()], day, int(hour), int(minute), tzinfo=zone)
        return moment.timestamp() + float(second.replace(":", "."))
    except (KeyError, ValueError, OverflowError):
        return None


class YearGuess:
    """Gives a source's stamps their year.

    The first by a reference (now, or when its file was last written), each later one so that it lies
    nearest to the one before, whichever way the year turns over.
    """

    def __init__(self, reference: float, now: Callable[[], float] | None = None) -> None:
        """With `now` each stamp is taken by itself as the last such before `now` (live sources)."""
        self._near = reference
        self._now = now
        self._first = True

    def moment(self, month: str, day: int, clock: str, zone: tzinfo, year: int | None = None) -> float | None:
        """Seconds since 1970 of `month` (`Jan`), `day` and `clock` (`hh:mm:ss`, perhaps with a fraction)."""
        if year is not None:
            return _moment(month, day, clock, year, zone)
        if self._now is not None:
            self._near, self._first = self._now(), True
        about = datetime.fromtimestamp(self._near, UTC).year
        choices = [
            stamp
            for candidate in (about - 1, about, about + 1)
            if (stamp := _moment(month, day, clock, candidate, zone)) is not None
        ]
        if self._first:
            choices = [stamp for stamp in choices if stamp <= self._near + _AHEAD] or choices
        if not choices:
            # 29 February, and no leap year is next to the reference
            past = (
                _moment(month, day, clock, candidate, zone) for candidate in range(about - 2, about - 9, -1)
            )
            choices = [stamp for stamp in past if stamp is not None][:1]
        if not choices:
            return None
        near = self._near
        stamp = max(choices) if self._first else min(choices, key=lambda choice: abs(choice - near))
        self._near, self._first = stamp, False
        return stamp
