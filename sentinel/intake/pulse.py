"""How a sender usually speaks: how long it is ever silent, and by how much its clock is off."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

__all__ = ["Pulse"]

_LEARNED: Final = 20
"""Arrivals before a silence can be unusual."""
_LEAST: Final = 60.0
"""Seconds of silence that are never unusual."""
_TIMES: Final = 3.0
"""How many times its longest usual silence a sender may be silent."""
_HALF_LIFE: Final = 2 * 86400.0
"""Seconds in which a long silence is half forgotten: nights must be remembered the next night."""
_SAMPLES: Final = 31
_STEP: Final = 1800.0
"""Zones differ by whole half hours."""
_NEAR: Final = 90.0
"""Seconds that a clock read in the wrong zone may be off besides."""
_MIN_FOR_ZONE: Final = 5


class Pulse:
    """Of one sender. All times are of arrival, seconds since 1970 UTC."""

    def __init__(self, silence: float = 0.0, *, delayed: bool = False) -> None:
        """`delayed`: records come some time after they were written (files), so the least late tells the clock."""
        self.last = 0.0
        """When it last sent."""
        self.silent = False
        """It was told to be silent."""
        self._fixed = silence
        self._delayed = delayed
        self._count = 0
        self._longest = 0.0
        self._offsets: deque[float] = deque(maxlen=_SAMPLES)

    def beat(self, arrival: float) -> bool:
        """Something came; true where it ends a silence that was told."""
        if self._count:
            gap = max(0.0, arrival - self.last)
            forgotten = 0.5 ** (gap / _HALF_LIFE)
            self._longest = max(gap, self._longest * forgotten)
        self._count += 1
        self.last = max(self.last, arrival)
        ended, self.silent = self.silent, False
        return ended

    def expect(self, now: float) -> None:
        """Be patient from `now` on, as if it had just spoken."""
        self._count = max(1, self._count)
        self.last = max(self.last, now)

    @property
    def known(self) -> bool:
        """Whether it is known how it usually speaks."""
        return self._count >= _LEARNED

    def memory(self) -> dict[str, float]:
        """What is to be known of it in a next life."""
        return {"longest": self._longest, "last": self.last, "silent": float(self.silent)}

    def remember(self, memory: Mapping[str, float], now: float) -> None:
        """Go on from an earlier life's `memory`. What it sent while we were away we could not hear."""
        self._count = _LEARNED
        self._longest = float(memory.get("longest", 0.0))
        self.silent = bool(memory.get("silent"))
        self.last = float(memory.get("last", now)) if self.silent else now

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which it is to be told; None while too little is known."""
        if self._fixed:
            return self._fixed
        if self._count < _LEARNED:
            return None
        return max(_LEAST, _TIMES * self._longest)

    def fell_silent(self, now: float) -> bool:
        """Whether it is silent for longer than usual, once for each silence."""
        patience = self.patience
        if self.silent or patience is None or not self._count or now - self.last <= patience:
            return False
        self.silent = True
        return True

    def clock(self, ts: float, arrival: float) -> None:
        """A record stamped `ts` arrived at `arrival`."""
        self._offsets.append(ts - arrival)

    @property
    def offset(self) -> float | None:
        """Median of stamp minus arrival over the last records (of delayed ones the least late); None while too little is
        known."""
        if len(self._offsets) < _MIN_FOR_ZONE:
            return None
        if self._delayed:
            return max(self._offsets)
        return sorted(self._offsets)[len(self._offsets) // 2]

    def zone_shift(self) -> float:
        """Seconds by which stamps without a zone are read in the wrong one: whole half hours, else 0.

        The last records must agree; then they begin anew.
        """
        if len(self._offsets) < _MIN_FOR_ZONE:
            return 0.0
        shift = round(self._offsets[-1] / _STEP) * _STEP
        if not shift or abs(shift) > 14 * 3600:
            return 0.0
        latest = list(self._offsets)[-_MIN_FOR_ZONE:]
        if any(abs(offset - shift) > _NEAR for offset in latest):
            return 0.0
        self._offsets.clear()
        return shift
