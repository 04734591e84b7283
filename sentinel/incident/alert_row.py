"""An alert as grouping sees it: a row of the store's table, with the keys by which alerts belong together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from sentinel.event import Level
from sentinel.incident.category import SUFFERING_ORIGINATORS

__all__ = ["ALERTS", "LEVEL_NAMES", "AlertRow", "read_row"]

ALERTS: Final = (
    "SELECT rowid, ts, level, title, title_en, rule_id, category, tags, kind, src, dst, zone, drill, stored_at"
    " FROM alert WHERE rowid > ? ORDER BY rowid LIMIT ?"
)
"""Alerts behind a position, at most so many; `read_row` takes each."""
LEVEL_NAMES: Final = {level.rank: level.value for level in Level}
"""Severities by rank."""
_LEVELS: Final = {level.value: level.rank for level in Level}
_GRAVEST: Final = Level.CRITICAL.rank
_UNKNOWN_CATEGORY: Final = "OTH"


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as far as grouping asks."""

    rowid: int
    ts: float
    severity: int
    title: str
    title_en: str | None
    rule_id: str
    category: str
    family: str
    kind: str
    src: str | None
    dst: str | None
    zone: str | None
    drill: bool
    stored_at: float

    @property
    def attacker(self) -> str | None:
        return self.dst if self.category in SUFFERING_ORIGINATORS else self.src

    @property
    def victim(self) -> str | None:
        return self.src if self.category in SUFFERING_ORIGINATORS else self.dst

    @property
    def fields(self) -> dict[str, str | None]:
        """What matchers look at."""
        return {
            "rule_id": self.rule_id,
            "src": self.src,
            "dst": self.dst,
            "zone": self.zone,
            "category": self.category,
            "severity": LEVEL_NAMES[self.severity],
            "title": self.title,
            "kind": self.kind,
        }

    @property
    def keys(self) -> list[str]:
        """What it can share with an incident, closest first. A drill shares nothing with what is real."""
        head = f"{'drill' if self.drill else ''}|{self.zone or ''}"
        attacker, victim = self.attacker, self.victim
        keys = []
        if attacker and victim:
            keys.append(f"{head}|pair|{attacker}|{victim}")
        if attacker:
            keys.append(self.family_keys[0] + attacker)
        if victim:
            keys.append(self.family_keys[1] + victim)
        return keys or [f"{head}|rule|{self.rule_id}"]

    @property
    def family_keys(self) -> tuple[str, str]:
        """How the keys of all incidents of its family begin."""
        head = f"{'drill' if self.drill else ''}|{self.zone or ''}"
        return f"{head}|from|{self.family}|", f"{head}|to|{self.family}|"

    @property
    def storm_key(self) -> str:
        return f"{'drill' if self.drill else ''}|{self.zone or ''}|storm|{self.family}"

    @property
    def fingerprint(self) -> str:
        """Alerts with the same one say the same thing again."""
        return hashlib.sha256(f"{self.rule_id}|{self.src}|{self.dst}".encode()).hexdigest()[:24]


def read_row(values: tuple[Any, ...], raised: int) -> AlertRow:
    """An alert as it was stored, its severity `raised` steps higher; what is only information stays that."""
    rowid, ts, level, title, title_en, rule_id, category, tags, kind, src, dst, zone, drill, stored_at = (
        values
    )
    family = category or _tactic(tags) or rule_id
    severity = _LEVELS.get(level, 2)
    return AlertRow(
        rowid,
        ts,
        min(severity + raised, _GRAVEST) if severity else 0,
        title,
        title_en,
        rule_id,
        category or _UNKNOWN_CATEGORY,
        family,
        kind,
        src,
        dst,
        zone,
        bool(drill),
        stored_at,
    )


def _tactic(tags: str) -> str:
    """The first ATT&CK tactic among Sigma tags, as they are stored."""
    for tag in tags.strip("[]").split(","):
        name = tag.strip().strip('"')
        if name.startswith("attack.") and not name[7:8].isdigit() and not name.startswith("attack.t"):
            return name
    return ""
