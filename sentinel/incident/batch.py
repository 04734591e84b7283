"""One transaction's alerts, each on its way to its incident."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from sentinel.incident.alert_row import LEVEL_NAMES, AlertRow
from sentinel.incident.clock import changed_pages
from sentinel.incident.grade import ORDINARY
from sentinel.incident.matcher import Matcher, matches_all
from sentinel.incident.settings import IncidentSettings
from sentinel.incident.silence import Silence
from sentinel.incident.state import CONTAINED, State

__all__ = ["Batch", "OpenIncident", "next_number", "open_findings"]

_TALLY: Final = (
    "INSERT INTO incident_tally (key, number, since) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
    " SET number = excluded.number, since = excluded.since"
)
_LOOKED_THROUGH: Final = 5000
"""Findings of open incidents that inhibitions look through."""


@dataclass(slots=True)
class OpenIncident:
    """An open incident during one batch; its sums are written at the batch's end."""

    id: int
    first_ts: float
    last_ts: float
    severity: int
    said: int
    """Alerts when it was last said how many they are."""
    alerts: int
    findings: int
    """Different findings that are listed."""
    state: str = State.NEW.value
    inhibited: int = 0
    joined: int = 0
    """Alerts that joined it in this batch."""
    storm_of: tuple[str, ...] = ()
    """Beginnings of the keys of its forerunners, where it is a storm that began in this batch."""
    created: bool = False
    graver: AlertRow | None = None
    """The alert that made it graver in this batch."""
    tampered: float | None = None
    """When changed pages were found first in this batch."""
    new_keys: dict[str, float] = field(default_factory=dict)
    found: dict[str, tuple[AlertRow, float, float, int]] = field(default_factory=dict)
    """By fingerprint: one alert, the first and last time, the number."""
    rows: list[int] = field(default_factory=list)

    @property
    def again(self) -> bool:
        """Whether alerts came after it was contained, and nobody was told yet: containing it took back what was said."""
        return self.state in CONTAINED and self.said == 0 and self.joined > 0


class Batch:
    """One transaction's alerts, on their way to their incidents."""

    def __init__(
        self,
        connection: Any,
        settings: IncidentSettings,
        least: int,
        inhibitions: list[tuple[tuple[Matcher, ...], tuple[Matcher, ...], tuple[str, ...]]],
        in_force: list[Silence],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._least = least
        self._silences = in_force
        self._inhibitions = inhibitions
        self._by_key: dict[str, OpenIncident | None] = {}
        self._inhibiting: list[tuple[int, dict[str, str | None], bool]] | None = None
        self.touched: dict[int, OpenIncident] = {}
        self.silenced: dict[int, tuple[int, float]] = {}
        self.counts: dict[str, int] = {}

    @property
    def fresh(self) -> set[int]:
        """Incidents that began in this batch: nobody was told of them yet."""
        return {incident.id for incident in self.touched.values() if incident.created}

    def take(self, row: AlertRow) -> None:
        outcome = self._outcome(row)
        name = f"drill_{outcome}" if row.drill else outcome
        self.counts[name] = self.counts.get(name, 0) + 1

    def _outcome(self, row: AlertRow) -> str:
        if self._silences and (silence := self._silence(row)) is not None:
            number, ts = self.silenced.get(silence.id, (0, row.ts))
            self.silenced[silence.id] = (number + 1, max(ts, row.ts))
            return "silenced"
        keys = row.keys
        incident = next((found for key in keys if (found := self._open(key, row.ts))), None)
        if incident is None and self._inhibitions and (parent := self._inhibitor(row)) is not None:
            parent.inhibited += 1
            parent.rows.append(row.rowid)
            return "inhibited"
        if incident is None:
            if row.severity < self._least:
                return "below"
            incident = self._open(row.storm_key, row.ts) or self._create(row)
        self._join(incident, row, keys)
        return "grouped"

    def _silence(self, row: AlertRow) -> Silence | None:
        fields = row.fields
        return next((silence for silence in self._silences if matches_all(silence.matchers, fields)), None)

    def _open(self, key: str, ts: float) -> OpenIncident | None:
        """The incident that has `key`, where it is open and takes an alert of that time."""
        if key not in self._by_key:
            self._by_key[key] = self._load(key)
        incident = self._by_key[key]
        if (
            incident is None
            or abs(ts - min(max(ts, incident.first_ts), incident.last_ts)) > self._settings.window
        ):
            return None
        if max(ts, incident.last_ts) - min(ts, incident.first_ts) > self._settings.longest:
            return None
        return incident

    def _load(self, key: str) -> OpenIncident | None:
        row = self._connection.execute(
            "SELECT id, first_ts, incident.last_ts, severity, said, alerts, findings, state FROM incident_key"
            " JOIN incident ON incident.id = incident_key.incident WHERE key = ? AND ended_at IS NULL",
            (key,),
        ).fetchone()
        if row is None:
            return None
        return self.touched.get(row[0]) or self._touch(OpenIncident(*row))

    def _touch(self, incident: OpenIncident) -> OpenIncident:
        return self.touched.setdefault(incident.id, incident)

    def _join(self, incident: OpenIncident, row: AlertRow, keys: list[str]) -> None:
        incident.alerts += 1
        incident.joined += 1
        incident.rows.append(row.rowid)
        incident.first_ts = min(incident.first_ts, row.ts)
        incident.last_ts = max(incident.last_ts, row.ts)
        if row.severity > incident.severity:
            incident.severity = row.severity
            incident.graver = row
        if changed_pages(row.category) and incident.tampered is None:
            incident.tampered = row.stored_at
        fingerprint = row.fingerprint
        known = incident.found.get(fingerprint)
        if known is not None:
            one, first, last, number = known
            incident.found[fingerprint] = (one, min(first, row.ts), max(last, row.ts), number + 1)
        elif self._listed(incident, fingerprint):
            incident.found[fingerprint] = (row, row.ts, row.ts, 1)
            if self._inhibitions:
                self._found_so_far().insert(0, (incident.id, row.fields, row.drill))
            for key in keys:
                if self._by_key.get(key) is not incident:
                    self._by_key[key] = incident
                    incident.new_keys[key] = row.ts

    def _listed(self, incident: OpenIncident, fingerprint: str) -> bool:
        """Whether a finding has its place on the incident: it has one already, or there is room."""
        query = "SELECT 1 FROM incident_finding WHERE incident = ? AND fingerprint = ?"
        if not incident.created and self._connection.execute(query, (incident.id, fingerprint)).fetchone():
            return True
        if incident.findings >= self._settings.findings:
            return False
        incident.findings += 1
        return True

    def _create(self, row: AlertRow) -> OpenIncident:
        storm = self._storms(row)
        number = next_number(self._connection, row.stored_at, row.drill)
        cursor = self._connection.execute(
            "INSERT INTO incident (number, title, title_en, discovered_at, discovered_by, source, state, severity,"
            " level_suggested, category, zone, attacker, victim, first_ts, last_ts, storm, drill)"
            " VALUES (?, ?, ?, ?, 'sentinel', 'rule', 'new', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                row.title,
                row.title_en,
                row.stored_at,
                row.severity,
                ORDINARY,
                row.category,
                row.zone,
                row.attacker,
                row.victim,
                row.ts,
                row.ts,
                storm,
                row.drill,
            ),
        )
        incident = self._touch(
            OpenIncident(int(cursor.lastrowid), row.ts, row.ts, row.severity, 0, 0, 0, created=True)
        )
        if storm:
            self._by_key[row.storm_key] = incident
            incident.new_keys[row.storm_key] = row.ts
            incident.storm_of = row.family_keys
        return incident

    def _storms(self, row: AlertRow) -> bool:
        """Whether so many incidents of this family were opened in a window that the next ones are one storm."""
        query = "SELECT number, since FROM incident_tally WHERE key = ?"
        number, since = self._connection.execute(query, (row.storm_key,)).fetchone() or (0, row.ts)
        if not 0 <= row.ts - since <= self._settings.window:
            number, since = 0, row.ts
        self._connection.execute(_TALLY, (row.storm_key, number + 1, since))
        return bool(number >= self._settings.storm)

    def _inhibitor(self, row: AlertRow) -> OpenIncident | None:
        """The open incident whose inhibition this alert meets."""
        fields = row.fields
        for when, suppress, equal in self._inhibitions:
            if not matches_all(suppress, fields):
                continue
            for id, of_incident, drill in self._found_so_far():
                same = drill == row.drill and all(of_incident.get(name) == fields.get(name) for name in equal)
                if same and matches_all(when, of_incident):
                    return self.touched.get(id) or self._touch(self._by_id(id))
        return None

    def _found_so_far(self) -> list[tuple[int, dict[str, str | None], bool]]:
        """What open incidents are about: their latest findings, those of this batch among them."""
        if self._inhibiting is None:
            self._inhibiting = open_findings(self._connection)
        return self._inhibiting

    def _by_id(self, id: int) -> OpenIncident:
        row = self._connection.execute(
            "SELECT id, first_ts, last_ts, severity, said, alerts, findings, state FROM incident WHERE id = ?",
            (id,),
        ).fetchone()
        return OpenIncident(*row)


def open_findings(connection: Any) -> list[tuple[int, dict[str, str | None], bool]]:
    """Open incidents' latest findings as matchers see them, and whether they are of a drill."""
    query = (
        "SELECT i.id, f.rule_id, f.src, f.dst, i.zone, i.category, f.severity, f.title, i.drill FROM incident i"
        " JOIN incident_finding f ON f.incident = i.id WHERE i.ended_at IS NULL ORDER BY i.id DESC LIMIT ?"
    )
    names = ("rule_id", "src", "dst", "zone", "category", "severity", "title")
    return [
        (
            id,
            dict(zip(names, (rule, src, dst, zone, category, LEVEL_NAMES[severity], title), strict=True)),
            bool(drill),
        )
        for id, rule, src, dst, zone, category, severity, title, drill in connection.execute(
            query, (_LOOKED_THROUGH,)
        )
    ]


def next_number(connection: Any, at: float, drill: bool = False) -> str:
    """The next number of the day of `at`, by the machine's local time: `20261125-0007`; drills have their own, `D…`."""
    day = ("D" if drill else "") + time.strftime("%Y%m%d", time.localtime(at))
    key = f"day|{day}"
    former = connection.execute("SELECT number FROM incident_tally WHERE key = ?", (key,)).fetchone()
    number = 1 + (former[0] if former else 0)
    connection.execute(_TALLY, (key, number, at))
    return f"{day}-{number:04d}"
