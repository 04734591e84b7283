"""Alerts become incidents: inside one transaction of the store, from where the last one stopped.

What was grouped so far is a position in the table of alerts, moved in the same transaction that writes the
incidents. So an alert that was committed is grouped exactly once, whenever the daemon dies.

An alert joins the open incident with which it shares, within the window, (1) attacker and victim, (2) family
and attacker (one scans many), (3) family and victim (many attack one), or (4) the family alone once a storm of
incidents of that family is on. Everything that a stranger can grow (incidents, keys, findings) has its limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from sentinel.event import Level
from sentinel.incident.alert_row import ALERTS, LEVEL_NAMES, read_row
from sentinel.incident.batch import Batch, OpenIncident, open_findings
from sentinel.incident.change import Change, ChangeKind, Role
from sentinel.incident.clock import begin, begin_tamper
from sentinel.incident.family import adopt_forerunners, become_child, stand_alone
from sentinel.incident.incident import Incident, change_of, find_incident
from sentinel.incident.keys import Keys
from sentinel.incident.matcher import matches_all, read_matchers
from sentinel.incident.owner import Ledger, NoLedger, enter_owner
from sentinel.incident.settings import IncidentSettings
from sentinel.incident.silence import silences
from sentinel.incident.state import State
from sentinel.incident.timeline import SENTINEL, record

__all__ = ["ACCOUNTS", "KEYS_FORGOTTEN", "Grouping", "accounts"]

ACCOUNTS: Final = ("grouped", "inhibited", "silenced", "below")
"""What becomes of an alert; drills are counted apart, as `drill_grouped` …"""
KEYS_FORGOTTEN: Final = "keys_forgotten"
"""The account of keys given up because there were too many."""


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
        rows = [read_row(values, raised) for values in connection.execute(ALERTS, (position, limit))]
        if not rows:
            return 0, []
        batch = Batch(connection, self._settings, self._least, self._inhibitions, silences(connection, now))
        for row in rows:
            batch.take(row)
        written = list(self._write(connection, batch, now))
        changes = [change for change in written if not self._is_part(connection, change)]
        if gone := self._keys.make_room(connection):
            batch.counts[KEYS_FORGOTTEN] = gone
        _count(connection, batch.counts)
        connection.execute("UPDATE incident_account SET value = ? WHERE name = 'position'", (rows[-1].rowid,))
        return len(rows), changes

    def _write(self, connection: Any, batch: Batch, now: float) -> Iterable[Change]:
        for silence, (number, ts) in batch.silenced.items():
            connection.execute(
                "UPDATE silence SET alerts = alerts + ?, last_ts = max(coalesce(last_ts, 0), ?) WHERE id = ?",
                (number, ts, silence),
            )
        fresh = batch.fresh
        for incident in batch.touched.values():
            if not incident.rows:
                continue
            again = incident.again
            grown = again or incident.alerts >= 10 * max(1, incident.said)
            if grown or incident.created:
                incident.said = incident.alerts
            self._write_incident(connection, incident, now)
            if incident.created:
                self._begin(connection, incident, fresh, now)
                yield change_of(find_incident(connection, incident.id), ChangeKind.CREATED, now)
            elif grown or incident.graver:
                if incident.graver:
                    self._outgrow(connection, incident.id, now)
                record(
                    connection,
                    incident.id,
                    at=now,
                    actor=SENTINEL,
                    action="again" if again else "grown",
                    alerts=incident.alerts,
                    severity=LEVEL_NAMES[incident.severity],
                )
                role = Role.LEADER if incident.graver and incident.severity >= 4 else Role.OFFICER
                yield change_of(find_incident(connection, incident.id), ChangeKind.GROWN, now, role)
            if self._is_cause(incident):
                self._adopt(connection, find_incident(connection, incident.id), fresh, now)
            if incident.tampered is not None:
                clock, factor = self._settings.clock, self._tighten(now)
                begin_tamper(connection, incident.id, incident.tampered, clock, factor)

    def _write_incident(self, connection: Any, incident: OpenIncident, now: float) -> None:
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
        if (gravest := incident.graver) is not None:
            # Until someone has assessed it, it is called by the gravest of what it holds.
            connection.execute(
                "UPDATE incident SET title = ?, title_en = ?, category = ? WHERE id = ? AND state IN (?, ?)",
                (
                    gravest.title,
                    gravest.title_en,
                    gravest.category,
                    incident.id,
                    State.NEW.value,
                    State.ACKNOWLEDGED.value,
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
            self._keep_rule(connection, incident.id, rule_id, now)

    def _keep_rule(self, connection: Any, incident: int, rule_id: str, now: float) -> None:
        """Keep the rule as it is now; a later change of its file adds to the evidence and changes none."""
        text = self._rule_text(rule_id)
        if text is None:
            return
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute("INSERT OR IGNORE INTO rule_text (sha256, text) VALUES (?, ?)", (digest, text))
        connection.execute(
            "INSERT OR IGNORE INTO incident_rule (incident, rule_id, sha256, kept_at) VALUES (?, ?, ?, ?)",
            (incident, rule_id, digest, now),
        )

    def _is_part(self, connection: Any, change: Change) -> bool:
        """Whether it tells of a part that became known together with its cause, which is told as well."""
        return (
            change.kind is ChangeKind.CREATED
            and find_incident(connection, change.incident).parent is not None
        )

    def _begin(self, connection: Any, made: OpenIncident, fresh: set[int], now: float) -> None:
        """What an incident is given at its birth: its owner from the ledger, its clocks, its first entry, its parts."""
        id = made.id
        incident = find_incident(connection, id)
        for address in (incident.victim, incident.attacker):
            device = self._ledger.find(incident.zone, address) if address else None
            if device is not None:
                enter_owner(connection, id, device)
                break
        clock = self._settings.clock
        begin(connection, id, incident.category, incident.discovered_at, clock, self._tighten(now))
        record(connection, id, at=now, actor=SENTINEL, action="created", alerts=incident.alerts)
        if made.storm_of:
            adopt_forerunners(connection, incident, made.storm_of, self._settings.window, now, fresh)

    def _outgrow(self, connection: Any, id: int, now: float) -> None:
        """What has become graver than what it was a part of stands for itself."""
        child = find_incident(connection, id)
        if child.parent is None:
            return
        parent = find_incident(connection, child.parent)
        if child.severity > parent.severity:
            stand_alone(connection, child, self._settings.clock, self._tighten(now), now)
            record(connection, id, at=now, actor=SENTINEL, action="outgrown", parent=parent.number)

    def _is_cause(self, incident: OpenIncident) -> bool:
        """Whether something found in this batch may have brought about what other incidents are about."""
        return any(
            matches_all(when, row.fields)
            for when, *_ in self._inhibitions
            for row, *_ in incident.found.values()
        )

    def _adopt(self, connection: Any, parent: Incident, fresh: set[int], now: float) -> None:
        """What broke out before its cause was seen becomes its child."""
        found = open_findings(connection)
        of_parent = [fields for id, fields, _ in found if id == parent.id]
        for when, suppress, equal in self._inhibitions:
            for fields in (fields for fields in of_parent if matches_all(when, fields)):
                for id, others, drill in found:
                    same = drill == parent.drill and all(
                        others.get(name) == fields.get(name) for name in equal
                    )
                    if id == parent.id or not same or not matches_all(suppress, others):
                        continue
                    child = find_incident(connection, id)
                    if child.parent is None and child.last_ts >= parent.first_ts - self._settings.window:
                        become_child(connection, id, parent, actor=SENTINEL, now=now, heard=id not in fresh)


def accounts(connection: Any) -> dict[str, int]:
    """What became of all alerts so far, and the position up to which."""
    return dict(connection.execute("SELECT name, value FROM incident_account").fetchall())


def _count(connection: Any, counts: dict[str, int]) -> None:
    connection.executemany(
        "INSERT INTO incident_account (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET value = value + excluded.value",
        list(counts.items()),
    )
