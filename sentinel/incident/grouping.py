"""Alerts become incidents: inside one transaction of the store, from where the last one stopped.

What was grouped so far is a position in the table of alerts, moved in the same transaction that writes the
incidents. So an alert that was committed is grouped exactly once, whenever the daemon dies.

An alert joins the open incident with which it shares, within the window, (1) attacker and victim, (2) family
and attacker (one scans many), (3) family and victim (many attack one), or (4) the family alone once a storm of
incidents of that family is on. Everything that a stranger can grow (incidents, keys, findings) has its limit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sentinel.event import Level
from sentinel.incident.category import SUFFERING_ORIGINATORS
from sentinel.incident.change import Change, ChangeKind, Role
from sentinel.incident.clock import begin
from sentinel.incident.grade import ORDINARY
from sentinel.incident.incident import Incident, change_of, find_incident
from sentinel.incident.keys import Keys
from sentinel.incident.matcher import Matcher, matches_all, read_matchers
from sentinel.incident.owner import Ledger, NoLedger, enter_owner
from sentinel.incident.settings import IncidentSettings
from sentinel.incident.silence import Silence, silences
from sentinel.incident.timeline import record

__all__ = ["ACCOUNTS", "KEYS_FORGOTTEN", "Grouping", "accounts"]

ACCOUNTS: Final = ("grouped", "inhibited", "silenced", "below")
"""What becomes of an alert; drills are counted apart, as `drill_grouped` …"""
KEYS_FORGOTTEN: Final = "keys_forgotten"
"""The account of keys given up because there were too many."""
_SELECT: Final = (
    "SELECT rowid, ts, level, title, title_en, rule_id, category, tags, kind, src, dst, zone, drill, stored_at"
    " FROM alert WHERE rowid > ? ORDER BY rowid LIMIT ?"
)
_TALLY: Final = (
    "INSERT INTO incident_tally (key, number, since) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
    " SET number = excluded.number, since = excluded.since"
)
_LOOKED_THROUGH: Final = 5000
"""Findings of open incidents that inhibitions look through."""
_LEVELS: Final = {level.value: level.rank for level in Level}
_NAMES: Final = {level.rank: level.value for level in Level}
_GRAVEST: Final = Level.CRITICAL.rank
_UNKNOWN_CATEGORY: Final = "OTH"


@dataclass(frozen=True, slots=True)
class _Row:
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
            "severity": _NAMES[self.severity],
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
            keys.append(f"{head}|from|{self.family}|{attacker}")
        if victim:
            keys.append(f"{head}|to|{self.family}|{victim}")
        return keys or [f"{head}|rule|{self.rule_id}"]

    @property
    def storm_key(self) -> str:
        return f"{'drill' if self.drill else ''}|{self.zone or ''}|storm|{self.family}"

    @property
    def fingerprint(self) -> str:
        """Alerts with the same one say the same thing again."""
        return hashlib.sha256(f"{self.rule_id}|{self.src}|{self.dst}".encode()).hexdigest()[:24]


@dataclass(slots=True)
class _Open:
    """An open incident during one batch; its sums are written at the batch's end."""

    id: int
    first_ts: float
    last_ts: float
    severity: int
    said: int
    """Alerts when it was last said how many they are."""
    alerts: int
    findings: int
    inhibited: int = 0
    created: bool = False
    graver: bool = False
    new_keys: dict[str, float] = field(default_factory=dict)
    found: dict[str, tuple[_Row, float, float, int]] = field(default_factory=dict)
    """By fingerprint: one alert, the first and last time, the number."""
    rows: list[int] = field(default_factory=list)


class Grouping:
    """Groups alerts under `settings`. It remembers no alert between batches: the database does.

    `rule_text` gives the text of a rule as it runs now, for the evidence; `tighten` the factor on the clocks of a
    guard period, `raised` the steps by which it raises severities. All are asked in the store's thread.
    """

    def __init__(
        self,
        settings: IncidentSettings,
        *,
        ledger: Ledger | None = None,
        rule_text: Callable[[str], str | None] = lambda rule_id: None,
        tighten: Callable[[float], float] = lambda now: 1.0,
        raised: Callable[[float], int] = lambda now: 0,
    ) -> None:
        self._settings = settings
        self._least = Level(settings.minimum).rank
        self._keys = Keys(settings.keys)
        self._ledger = ledger or NoLedger()
        self._rule_text = rule_text
        self._tighten = tighten
        self._raised = raised
        self._inhibitions = [
            (read_matchers(inhibit.when), read_matchers(inhibit.suppress), inhibit.equal)
            for inhibit in settings.inhibit
        ]

    def advance(self, connection: Any, limit: int, now: float) -> tuple[int, list[Change]]:
        """Group at most `limit` alerts that are not grouped yet; how many there were, and what changed."""
        position = accounts(connection).get("position", 0)
        raised = self._raised(now)
        rows = [_row(values, raised) for values in connection.execute(_SELECT, (position, limit))]
        if not rows:
            return 0, []
        batch = _Batch(connection, self._settings, self._least, self._inhibitions, silences(connection, now))
        for row in rows:
            batch.take(row)
        changes = list(self._write(connection, batch, now))
        if gone := self._keys.make_room(connection):
            batch.counts[KEYS_FORGOTTEN] = gone
        _count(connection, batch.counts)
        connection.execute("UPDATE incident_account SET value = ? WHERE name = 'position'", (rows[-1].rowid,))
        return len(rows), changes

    def _write(self, connection: Any, batch: _Batch, now: float) -> Iterable[Change]:
        for silence, (number, ts) in batch.silenced.items():
            connection.execute(
                "UPDATE silence SET alerts = alerts + ?, last_ts = max(coalesce(last_ts, 0), ?) WHERE id = ?",
                (number, ts, silence),
            )
        for incident in batch.touched.values():
            if not incident.rows:
                continue
            grown = incident.alerts >= 10 * max(1, incident.said)
            if grown or incident.created:
                incident.said = incident.alerts
            self._write_incident(connection, batch, incident)
            if incident.created:
                self._begin(connection, incident.id, now)
                yield change_of(find_incident(connection, incident.id), ChangeKind.CREATED, now)
            elif grown or incident.graver:
                record(
                    connection,
                    incident.id,
                    at=now,
                    actor="sentinel",
                    action="grown",
                    alerts=incident.alerts,
                    severity=_NAMES[incident.severity],
                )
                role = Role.LEADER if incident.graver and incident.severity >= 4 else Role.OFFICER
                yield change_of(find_incident(connection, incident.id), ChangeKind.GROWN, now, role)

    def _write_incident(self, connection: Any, batch: _Batch, incident: _Open) -> None:
        connection.execute(
            "UPDATE incident SET first_ts = ?, last_ts = ?, severity = ?, said = ?, alerts = ?, findings = ?,"
            " inhibited = inhibited + ? WHERE id = ?",
            (
                incident.first_ts,
                incident.last_ts,
                incident.severity,
                incident.said,
                incident.alerts,
                incident.findings,
                incident.inhibited,
                incident.id,
            ),
        )
        connection.executemany(
            "INSERT INTO incident_alert (incident, alert) VALUES (?, ?)",
            [(incident.id, row) for row in incident.rows],
        )
        self._keys.write(connection, incident.id, incident.new_keys)
        connection.executemany(
            "INSERT INTO incident_finding (incident, fingerprint, rule_id, title, title_en, severity, src, dst,"
            " first_ts, last_ts, alerts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (incident, fingerprint) DO UPDATE SET first_ts = min(first_ts, excluded.first_ts),"
            " last_ts = max(last_ts, excluded.last_ts), alerts = alerts + excluded.alerts",
            [
                (
                    incident.id,
                    fingerprint,
                    row.rule_id,
                    row.title,
                    row.title_en,
                    row.severity,
                    row.src,
                    row.dst,
                    first,
                    last,
                    number,
                )
                for fingerprint, (row, first, last, number) in incident.found.items()
            ],
        )
        for rule_id in {row.rule_id for row, *_ in incident.found.values()}:
            self._keep_rule(connection, incident.id, rule_id)

    def _keep_rule(self, connection: Any, incident: int, rule_id: str) -> None:
        """Keep the rule as it is now; a later change of its file changes no evidence."""
        query = "SELECT 1 FROM incident_rule WHERE incident = ? AND rule_id = ?"
        if connection.execute(query, (incident, rule_id)).fetchone():
            return
        text = self._rule_text(rule_id)
        if text is None:
            return
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute("INSERT OR IGNORE INTO rule_text (sha256, text) VALUES (?, ?)", (digest, text))
        connection.execute(
            "INSERT INTO incident_rule (incident, rule_id, sha256) VALUES (?, ?, ?)",
            (incident, rule_id, digest),
        )

    def _begin(self, connection: Any, id: int, now: float) -> None:
        """What an incident is given at its birth: its owner from the ledger, its clocks, its first entry."""
        incident = find_incident(connection, id)
        for address in (incident.victim, incident.attacker):
            device = self._ledger.find(incident.zone, address) if address else None
            if device is not None:
                enter_owner(connection, id, device)
                break
        clock = self._settings.clock
        begin(connection, id, incident.category, incident.discovered_at, clock, self._tighten(now))
        record(connection, id, at=now, actor="sentinel", action="created", alerts=incident.alerts)
        self._adopt(connection, incident, now)

    def _adopt(self, connection: Any, parent: Incident, now: float) -> None:
        """What broke out before its cause was seen becomes its child."""
        found = open_findings(connection) if self._inhibitions else []
        of_parent = [fields for id, fields, _ in found if id == parent.id]
        for when, suppress, equal in self._inhibitions:
            for fields in (fields for fields in of_parent if matches_all(when, fields)):
                for id, others, drill in found:
                    same = drill == parent.drill and all(
                        others.get(name) == fields.get(name) for name in equal
                    )
                    if id == parent.id or not same or not matches_all(suppress, others):
                        continue
                    adopted = connection.execute(
                        "UPDATE incident SET parent = ? WHERE id = ? AND parent IS NULL AND last_ts >= ?",
                        (parent.id, id, parent.first_ts - self._settings.window),
                    )
                    if adopted.rowcount:
                        record(
                            connection, id, at=now, actor="sentinel", action="parent", parent=parent.number
                        )


class _Batch:
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
        self._by_key: dict[str, _Open | None] = {}
        self._inhibiting: list[tuple[int, dict[str, str | None], bool]] | None = None
        self.touched: dict[int, _Open] = {}
        self.silenced: dict[int, tuple[int, float]] = {}
        self.counts: dict[str, int] = {}

    def take(self, row: _Row) -> None:
        outcome = self._outcome(row)
        name = f"drill_{outcome}" if row.drill else outcome
        self.counts[name] = self.counts.get(name, 0) + 1

    def _outcome(self, row: _Row) -> str:
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

    def _silence(self, row: _Row) -> Silence | None:
        fields = row.fields
        return next((silence for silence in self._silences if matches_all(silence.matchers, fields)), None)

    def _open(self, key: str, ts: float) -> _Open | None:
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

    def _load(self, key: str) -> _Open | None:
        row = self._connection.execute(
            "SELECT id, first_ts, incident.last_ts, severity, said, alerts, findings FROM incident_key"
            " JOIN incident ON incident.id = incident_key.incident WHERE key = ? AND ended_at IS NULL",
            (key,),
        ).fetchone()
        if row is None:
            return None
        return self.touched.get(row[0]) or self._touch(_Open(*row))

    def _touch(self, incident: _Open) -> _Open:
        return self.touched.setdefault(incident.id, incident)

    def _join(self, incident: _Open, row: _Row, keys: list[str]) -> None:
        incident.alerts += 1
        incident.rows.append(row.rowid)
        incident.first_ts = min(incident.first_ts, row.ts)
        incident.last_ts = max(incident.last_ts, row.ts)
        if row.severity > incident.severity:
            incident.severity = row.severity
            incident.graver = not incident.created
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

    def _listed(self, incident: _Open, fingerprint: str) -> bool:
        """Whether a finding has its place on the incident: it has one already, or there is room."""
        query = "SELECT 1 FROM incident_finding WHERE incident = ? AND fingerprint = ?"
        if not incident.created and self._connection.execute(query, (incident.id, fingerprint)).fetchone():
            return True
        incident.findings += 1
        return incident.findings <= self._settings.findings

    def _create(self, row: _Row) -> _Open:
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
            _Open(int(cursor.lastrowid), row.ts, row.ts, row.severity, 0, 0, 0, created=True)
        )
        if storm:
            self._by_key[row.storm_key] = incident
            incident.new_keys[row.storm_key] = row.ts
        return incident

    def _storms(self, row: _Row) -> bool:
        """Whether so many incidents of this family were opened in a window that the next ones are one storm."""
        query = "SELECT number, since FROM incident_tally WHERE key = ?"
        number, since = self._connection.execute(query, (row.storm_key,)).fetchone() or (0, row.ts)
        if not 0 <= row.ts - since <= self._settings.window:
            number, since = 0, row.ts
        self._connection.execute(_TALLY, (row.storm_key, number + 1, since))
        return bool(number >= self._settings.storm)

    def _inhibitor(self, row: _Row) -> _Open | None:
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

    def _by_id(self, id: int) -> _Open:
        row = self._connection.execute(
            "SELECT id, first_ts, last_ts, severity, said, alerts, findings FROM incident WHERE id = ?", (id,)
        ).fetchone()
        return _Open(*row)


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
            dict(zip(names, (rule, src, dst, zone, category, _NAMES[severity], title), strict=True)),
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


def accounts(connection: Any) -> dict[str, int]:
    """What became of all alerts so far, and the position up to which."""
    return dict(connection.execute("SELECT name, value FROM incident_account").fetchall())


def _count(connection: Any, counts: dict[str, int]) -> None:
    connection.executemany(
        "INSERT INTO incident_account (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET value = value + excluded.value",
        list(counts.items()),
    )


def _row(values: tuple[Any, ...], raised: int) -> _Row:
    """An alert as it was stored, its severity `raised` steps higher; what is only information stays that."""
    rowid, ts, level, title, title_en, rule_id, category, tags, kind, src, dst, zone, drill, stored_at = (
        values
    )
    family = category or _tactic(tags) or rule_id
    severity = _LEVELS.get(level, 2)
    return _Row(
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
