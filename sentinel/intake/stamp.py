"""Points in time as logs write them. A stamp without a zone is read in the source's, one without a year by `year.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

__all__ = ["MONTHS", "Stamp", "StampForm", "epoch", "stamp_form"]

MONTHS: Final = {
    name: number + 1
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    )
}

Stamp = float
"""Seconds since 1970 UTC."""

StampForm = Callable[[str, tzinfo], Stamp | None]
"""Reads a stamp, in a zone where it names none itself; None where it is none."""

_CLF = re.compile(r"(\d\d?)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\s*([+-])(\d\d):?(\d\d))?")
_CHINESE = re.compile(r"(\d{4})年(\d\d?)月(\d\d?)日\s*(\d\d?)[::时](\d\d?)[::分](\d\d?)")
_ISO_FRACTION = re.compile(r"([.,]\d{6})\d+")
_LETTERS = re.compile(r"\s[A-Z]{2,5}$")
"""Of a zone. But for UTC and GMT they mean different ones in different places: the source's counts."""
_ISO_WITHOUT_COLON = re.compile(r"([+-]\d\d)(\d\d)$")
_LONGEST: Final = 80
"""Letters of a stamp: what is longer is none, and must not fill the memory of those read before."""
_SCALES = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


def _remembered(read: StampForm) -> StampForm:
    cached = lru_cache(8192)(read)
    return lambda text, zone: cached(text, zone) if len(text) <= _LONGEST else None


def epoch(value: float) -> Stamp:
    """Seconds since 1970 from seconds, milli-, micro- or nanoseconds: which, the size of the number tells."""
    for least, scale in _SCALES:
        if abs(value) >= least:
            return value / scale
    return float(value)


@_remembered
def _iso(text: str, zone: tzinfo) -> Stamp | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        relaxed = _ISO_FRACTION.sub(r"\1", text.strip().replace("/", "-"))
        relaxed = _LETTERS.sub("", relaxed).replace(" +", "+").replace(" -", "-")
        relaxed = _ISO_WITHOUT_COLON.sub(r"\1:\2", relaxed) if len(relaxed) > 19 else relaxed
        try:
            moment = datetime.fromisoformat(relaxed)
        except ValueError:
            return None
        if text.rstrip().endswith((" UTC", " GMT")):
            zone = UTC
    return _stamp(moment, zone)


def _stamp(moment: datetime, zone: tzinfo) -> Stamp | None:
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
    except (OverflowError, ValueError, OSError):
        return None


@_remembered
def _clf(text: str, zone: tzinfo) -> Stamp | None:
    match = _CLF.match(text)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    if sign is not None:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset >= timedelta(days=1):
            return None
        zone = timezone(-offset if sign == "-" else offset)
    try:
        moment = datetime(
            int(year), MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
    except (KeyError, ValueError):
        return None
    return _stamp(moment, zone)


@_remembered
def _chinese(text: str, zone: tzinfo) -> Stamp | None:
    match = _CHINESE.match(text)
    if match is None:
        return None
    try:
        return _stamp(datetime(*map(int, match.groups())), zone)  # type: ignore[arg-type]
    except ValueError:
        return None


def _epoch(text: str, zone: tzinfo) -> Stamp | None:
    try:
        return epoch(float(text))
    except (ValueError, OverflowError):
        return None


@_remembered
def _any(text: str, zone: tzinfo) -> Stamp | None:
    for read in (_iso, _epoch, _clf, _chinese):
        stamp = read(text, zone)
        if stamp is not None:
            return stamp
    return None


def _patterned(pattern: str) -> StampForm:
    @_remembered
    def read(text: str, zone: tzinfo) -> Stamp | None:
        try:
            return _stamp(datetime.strptime(text, pattern), zone)
        except ValueError:
            return None

    return read


_FORMS: Final[dict[str, StampForm]] = {"auto": _any, "clf": _clf, "epoch": _epoch, "iso": _iso}


def stamp_form(name: str) -> StampForm:
    """The form of that name: `auto`, `iso`, `clf`, `epoch`; a text with `%` is a pattern of `strptime`.

    Raises ValueError for any other.
    """
    if "%" in name:
        return _patterned(name)
    try:
        return _FORMS[name]
    except KeyError:
        raise ValueError(f"no form of time is called {name!r}") from None
