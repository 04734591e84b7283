"""A progress bar on a terminal, for what takes longer than a moment."""

from __future__ import annotations

import sys
import time

__all__ = ["Progress"]

_PATIENCE, _PAUSE, _WIDTH = 1.0, 0.2, 30


class Progress:
    """Draws on standard error, only where that is a terminal and only after a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = time.monotonic() + _PATIENCE if total and sys.stderr.isatty() else float("inf")
        self._drawn = False

    def show(self, done: int, packets: int) -> None:
        """`done` of the total bytes, `packets` so far."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next, self._drawn = now + _PAUSE, True
        share = min(1.0, done / self._total)
        bar = "█" * round(share * _WIDTH)
        print(f"\r{bar:░<{_WIDTH}} {share:4.0%} {packets:,}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False
