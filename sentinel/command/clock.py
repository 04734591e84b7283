"""Whether this machine's clock can be believed: a log with wrong times is no evidence."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

__all__ = ["clock_is_plausible", "clock_is_synchronised"]

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMEX_BYTES = 208
_STATUS_WORD = 5 if sys.maxsize > 2**32 else 4
_LATEST = 4_102_444_800.0
"""2100-01-01: no one runs this then."""


def clock_is_synchronised() -> bool | None:
    """What the kernel knows (adjtimex(2)); None where it cannot be asked."""
    # struct timex: unsigned modes, then longs offset, freq, maxerror, esterror, and the int status.
    timex = (ctypes.c_long * (2 * _TIMEX_BYTES // ctypes.sizeof(ctypes.c_long)))()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    status = ctypes.c_int.from_buffer(timex, _STATUS_WORD * ctypes.sizeof(ctypes.c_long)).value
    return state != _TIME_ERROR and not status & _STA_UNSYNC


def clock_is_plausible(now: float) -> bool:
    """Whether `now` (seconds since 1970) is after this program was installed, and in this century."""
    try:
        installed = Path(__file__).stat().st_mtime
    except OSError:
        installed = 0.0
    return installed - 86400 <= now < _LATEST
