"""Figures: what was measured, beside what is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

__all__ = ["Figure", "as_json", "as_table", "of_json"]

_NO_ANSWER: Final = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. Without `least` and `most` it explains others and promises nothing."""

    what: str
    value: float
    unit: str = ""
    least: float | None = None
    """Reached where the value is at least so large."""
    most: float | None = None
    """Reached where the value is at most so large."""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None where nothing is promised."""
        if self.least is not None:
            return self.value >= self.least
        return self.value <= self.most if self.most is not None else None

    @property
    def wanted(self) -> str:
        """The promise as text, empty without one."""
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""


def as_table(figures: Iterable[Figure]) -> str:
    """All figures, a line each: what, wanted, measured, whether it is reached."""
    lines = [("figure", "wanted", "measured", "reached")]
    for figure in figures:
        answer = {True: "yes", False: "NO", None: _NO_ANSWER}[figure.reached]
        note = f"  ({figure.note})" if figure.note else ""
        lines.append((figure.what, figure.wanted, f"{figure.value:.4g} {figure.unit}".strip(), answer + note))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]])
        for line in lines
    )


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [asdict(figure) | {"reached": figure.reached} for figure in figures]


def of_json(told: Iterable[dict[str, Any]]) -> list[Figure]:
    """What `as_json` wrote."""
    return [Figure(**{name: one[name] for name in one if name != "reached"}) for one in told]
