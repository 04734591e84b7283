"""Durations and sizes as people write them: `30s`, `5m`, `4 MiB`, or a plain number of seconds or bytes."""

from __future__ import annotations

import math
import re

__all__ = ["parse_duration", "parse_number", "parse_size", "write_duration", "write_size"]

_NUMBER = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?\Z")
_QUANTITY = re.compile(r"([-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)) ?([A-Za-zµ]+)\Z")

_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}


def parse_number(written: str) -> float | None:
    """`300`, `1_000_000`, `0.1`, `1e3`; None for anything else (also for infinity and nan)."""
    if not _NUMBER.match(written):
        return None
    number = float(written.replace("_", ""))
    return number if math.isfinite(number) else None


def parse_duration(written: str) -> float | None:
    """Seconds in `written`, None where it is no duration."""
    return _parse(written, _SECONDS)


def parse_size(written: str) -> float | None:
    """Bytes in `written` (`KiB` is 1024, `kB` is 1000), None where it is no size."""
    return _parse(written, _BYTES)


def write_duration(seconds: float) -> str:
    """The shortest exact form: `300.0` is `5m`."""
    for unit in ("d", "h", "m", "s", "ms"):
        count = seconds / _SECONDS[unit]
        if count >= 1 and math.isclose(count, round(count)):
            return f"{round(count)}{unit}"
    return f"{seconds:g}s"


def write_size(size: float) -> str:
    """The shortest exact form: `4194304` is `4 MiB`."""
    for unit in ("GiB", "MiB", "KiB"):
        if size >= _BYTES[unit] and size % _BYTES[unit] == 0:
            return f"{int(size) // _BYTES[unit]} {unit}"
    return f"{size:g}" if size < 1024 else str(int(size))


def _parse(written: str, units: dict[str, float] | dict[str, int]) -> float | None:
    plain = parse_number(written)
    if plain is not None:
        return plain
    match = _QUANTITY.match(written)
    if not match or match[2] not in units:
        return None
    number = parse_number(match[1])
    return None if number is None else number * units[match[2]]
