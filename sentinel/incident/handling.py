"""What people do with an incident: each verb is one step inside the caller's transaction, and stands on the timeline."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sentinel.incident.batch import next_number
from sentinel.incident.category import CATEGORIES
from sentinel.incident.change import Change, ChangeKind, Role
from sentinel.incident.clock import (
    Clock,
    begin,
    begin_tamper,
    changed_pages,
    clocks_met_by,
    give_up,
    meet,
    reopen,
    report_seconds,
    stage_at,
    start,
)
from sentinel.incident.family import become_child, ends_with_parent, release
from sentinel.incident.fault import IncidentError
from sentinel.incident.grade import ORDINARY, REPORTABLE, Grading
from sentinel.incident.incident import Incident, change_of, children_of, find_incident
from sentinel.incident.owner import Ledger, NoLedger, enter_owner
from sentinel.incident.settings import IncidentSettings
from sentinel.incident.state import CONTAINED, ENDED, State, followers, may_follow, needs_reason
from sentinel.incident.timeline import contained_at, record
from sentinel.text import Message, text

__all__ = ["SOURCES", "Handling"]

SOURCES = ("person", "outside", "superior")
"""Who brings an incident that no rule found: someone here, another organisation, an authority."""


class Handling:
    """The verbs. `connection` is that of a transaction; `actor` a person's name; `now` seconds since 1970 UTC."""

    def __init__(
        self,
        settings: IncidentSettings,
        grading: Grading,
        tighten: Callable[[float], float] = lambda now: 1.0,
        ledger: Ledger | None = None,
    ) -> None:
        self._settings = settings
        self._grading = grading
        self._tighten = tighten
        self._ledger = ledger or NoLedger()

    def open(
        self,
        connection: Any,
        *,
        title: str,
        actor: str,
        now: float,
        source: str = "person",
        category: str = "OTH",
        severity: int = 2,
        discovered_at: float | None = None,
        address: str | None = None,
        department: str = "",
        drill: bool = False,
    ) -> tuple[Incident, list[Change]]:
        """Begin an incident that a person or another organisation reports.

        Whose machine is at `address`, and whether it is critical infrastructure, says the ledger.
        """
        self._check_category(category)
        if not title.strip() or source not in SOURCES:
            raise IncidentError(Message("incident.title-needed"))
        discovered = now if discovered_at is None else discovered_at
        if discovered > now:
            raise IncidentError(Message("incident.in-the-future"))
        cursor = connection.execute(
            "INSERT INTO incident (number, title, discovered_at, discovered_by, source, state, severity,"
            " level_suggested, category, victim, first_ts, last_ts, department, drill)"
            " VALUES (?, ?, ?, ?, ?, 'new', ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                next_number(connection, discovered, drill),
                title.strip(),
                discovered,
                actor,
                source,
                severity,
                ORDINARY,
                category,
                address,
                discovered,
                discovered,
                department,
                drill,
            ),
        )
        id = int(cursor.lastrowid)
        device = self._ledger.find(None, address) if address else None
        if device is not None:
            enter_owner(connection, id, device)
        begin(connection, id, category, discovered, self._settings.clock, self._tighten(now))
        record(connection, id, at=now, actor=actor, action="created", source=source)
        incident = find_incident(connection, id)
        return incident, [change_of(incident, ChangeKind.CREATED, now)]

    def move(
        self, connection: Any, asked: int | str, state: State, *, actor: str, now: float, reason: str = ""
    ) -> list[Change]:
        """Bring it into `state`. Raises IncidentError where that cannot follow, or a reason is missing."""
        incident = find_incident(connection, asked)
        if not may_follow(incident.state, state):
            raise IncidentError(_cannot_follow(incident.state, state))
        if needs_reason(incident.state, state) and not reason.strip():
            raise IncidentError(Message("incident.reason-needed"))
        ended = now if state in ENDED else None
        connection.execute(
            "UPDATE incident SET state = ?, ended_at = ?, assignee = CASE WHEN assignee = '' THEN ? ELSE assignee END,"
            " said = CASE WHEN ? THEN 0 ELSE said END WHERE id = ?",
            (state.value, ended, actor, state in CONTAINED, incident.id),
        )
        if incident.ended_at is not None:
            give_up(connection, incident.id, (Clock.SUMMARY,))
            if incident.state is State.FALSE_POSITIVE:
                reopen(connection, incident.id, incident.ended_at, self._settings.clock)
        meet(connection, incident.id, clocks_met_by(state), now)
        if state in ENDED:
            # Its keys go: what comes later is a new incident.
            connection.execute("DELETE FROM incident_key WHERE incident = ?", (incident.id,))
        if state is State.CLOSED and incident.level <= REPORTABLE:
            clock = self._settings.clock
            start(connection, incident.id, Clock.SUMMARY, now, clock.summary, clock.warn)
        before = incident.state.value
        record(
            connection,
            incident.id,
            at=now,
            actor=actor,
            action="state",
            before=before,
            after=state.value,
            reason=reason,
        )
        changes = [change_of(find_incident(connection, incident.id), ChangeKind.STATE, now)]
        if state in ENDED:
            changes += self._end_children(connection, incident, state, actor=actor, now=now, reason=reason)
        return changes

    def _end_children(
        self, connection: Any, parent: Incident, state: State, *, actor: str, now: float, reason: str
    ) -> list[Change]:
        """What was nothing but a part ends with it. Of a cause that was none, only a storm's parts do."""
        if state is State.FALSE_POSITIVE and not parent.storm:
            return release(connection, parent, self._settings.clock, self._tighten(now), actor=actor, now=now)
        changes = []
        for child in children_of(connection, parent.id):
            if ends_with_parent(connection, child):
                why = f"{parent.number}: {reason}"
                changes += self.move(connection, child.id, state, actor=actor, now=now, reason=why)
        return changes

    def acknowledge(self, connection: Any, asked: int | str, *, actor: str, now: float) -> list[Change]:
        """Someone has seen it and takes care of it."""
        return self.move(connection, asked, State.ACKNOWLEDGED, actor=actor, now=now)

    def assess(
        self,
        connection: Any,
        asked: int | str,
        facts: Mapping[str, float | None],
        *,
        actor: str,
        now: float,
        category: str | None = None,
        note: str = "",
        cii: bool | None = None,
    ) -> list[Change]:
        """Write down what was measured; the suggested level follows from it. Ends the clock of the first assessment.

        A fact of `…_seconds` without a number is measured here: from the discovery to the containment, or to `now`.
        """
        incident = self._open(connection, asked)
        unknown = sorted(facts.keys() - set(self._grading.facts))
        if unknown:
            known = "; ".join(self._grading.examples())
            raise IncidentError(Message("incident.unknown-fact", got=unknown[0], facts=known))
        if category is not None:
            self._check_category(category)
        measured = {
            fact: self._measured(connection, incident, fact, value, now) for fact, value in facts.items()
        }
        together = {**incident.facts, **measured}
        met = self._grading.met(together)
        connection.execute(
            "UPDATE incident SET facts = ?, clauses = ?, level_suggested = ?, category = ?, cii = ? WHERE id = ?",
            (
                json.dumps(together, sort_keys=True),
                json.dumps([clause.id for clause in met]),
                self._grading.suggest(together),
                category or incident.category,
                incident.cii if cii is None else cii,
                incident.id,
            ),
        )
        meet(connection, incident.id, (Clock.ACKNOWLEDGE, Clock.ASSESS), now)
        if category is not None:
            self._recategorise(connection, incident, category, now)
        record(
            connection,
            incident.id,
            at=now,
            actor=actor,
            action="assessed",
            facts=measured,
            clauses=[clause.id for clause in met],
            note=note,
            **({} if category is None else {"category": category}),
        )
        changes = []
        if incident.state in (State.NEW, State.ACKNOWLEDGED):
            changes = self.move(connection, incident.id, State.INVESTIGATING, actor=actor, now=now)
        return changes + self._regrade(connection, incident, now)

    def decide(
        self, connection: Any, asked: int | str, level: int, *, actor: str, now: float, reason: str = ""
    ) -> list[Change]:
        """A person decides the level (1–4). Below what the facts suggest, they must say why (迟报、瞒报之责)."""
        incident = self._open(connection, asked)
        if not 1 <= level <= ORDINARY:
            raise IncidentError(Message("incident.bad-level", got=level))
        if level > incident.level_suggested and not reason.strip():
            raise IncidentError(Message("incident.reason-needed"))
        connection.execute("UPDATE incident SET level_decided = ? WHERE id = ?", (level, incident.id))
        record(
            connection,
            incident.id,
            at=now,
            actor=actor,
            action="level",
            level=level,
            suggested=incident.level_suggested,
            clauses=incident.clauses,
            reason=reason,
        )
        return self._regrade(connection, incident, now)

    def note(self, connection: Any, asked: int | str, words: str, *, actor: str, now: float) -> None:
        """Add a note; also after the end."""
        if not words.strip():
            raise IncidentError(Message("incident.empty-note"))
        incident = find_incident(connection, asked)
        record(connection, incident.id, at=now, actor=actor, action="note", note=words)

    def assign(self, connection: Any, asked: int | str, person: str, *, actor: str, now: float) -> None:
        """Give it to a person."""
        incident = self._open(connection, asked)
        if not person.strip():
            raise IncidentError(Message("incident.person-needed"))
        connection.execute("UPDATE incident SET assignee = ? WHERE id = ?", (person, incident.id))
        record(connection, incident.id, at=now, actor=actor, action="assigned", to=person)

    def adopt(self, connection: Any, asked: int | str, parent: int | str, *, actor: str, now: float) -> None:
        """Make it a part of another incident."""
        child, above = self._open(connection, asked), find_incident(connection, parent)
        if above.id == child.id or above.parent is not None or above.drill != child.drill or above.ended_at:
            raise IncidentError(Message("incident.bad-parent"))
        become_child(connection, child.id, above, actor=actor, now=now)

    def attach(self, connection: Any, asked: int | str, file: Path, *, actor: str, now: float) -> str:
        """Keep a copy of `file` by its SHA-256, which is returned."""
        incident = find_incident(connection, asked)
        folder = Path(self._settings.attachments)
        try:
            if not file.is_file():
                reason = os.strerror(errno.EISDIR if file.is_dir() else errno.ENOENT)
                raise IncidentError(Message("incident.cannot-attach", path=file, reason=reason))
            if file.stat().st_size > self._settings.attachment_size:
                raise IncidentError(Message("incident.too-large", path=file))
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            digest = _copy(file, folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise IncidentError(Message("incident.cannot-attach", path=file, reason=reason)) from error
        connection.execute(
            "INSERT INTO incident_attachment (incident, at, actor, name, size, sha256) VALUES (?, ?, ?, ?, ?, ?)",
            (incident.id, now, actor, file.name, (folder / digest).stat().st_size, digest),
        )
        record(connection, incident.id, at=now, actor=actor, action="attached", name=file.name, sha256=digest)
        return digest

    def report(
        self,
        connection: Any,
        asked: int | str,
        *,
        actor: str,
        now: float,
        receiver: str,
        receipt: str,
        kind: str,
    ) -> None:
        """Write down that it was reported: to whom, with which receipt; `kind` first, supplement or final.

        A drill is never reported: whoever tries is told so.
        """
        incident = find_incident(connection, asked)
        if incident.drill:
            raise IncidentError(Message("incident.drill-not-reported"))
        if not receiver.strip():
            raise IncidentError(Message("incident.receiver-needed"))
        connection.execute(
            "UPDATE incident SET reported_at = coalesce(reported_at, ?) WHERE id = ?", (now, incident.id)
        )
        clocks = (Clock.SUMMARY,) if kind == "final" else (Clock.REPORT,)
        meet(connection, incident.id, clocks, now)
        record(
            connection,
            incident.id,
            at=now,
            actor=actor,
            action="reported",
            kind=kind,
            receiver=receiver,
            receipt=receipt,
        )

    def due(self, connection: Any, now: float) -> list[Change]:
        """What clocks have to say at `now`; each stage once."""
        rows = connection.execute(
            "SELECT incident, clock, due FROM incident_clock WHERE next_at <= ? ORDER BY next_at LIMIT 1000",
            (now,),
        ).fetchall()
        changes = []
        for id, clock, ends in rows:
            stage = stage_at(self._settings.clock, ends, now)
            connection.execute(
                "UPDATE incident_clock SET stage = ?, next_at = ? WHERE incident = ? AND clock = ?",
                (stage.number, stage.next_at, id, clock),
            )
            record(
                connection,
                id,
                at=now,
                actor="sentinel",
                action=stage.kind.value,
                clock=clock,
                role=stage.role.value,
            )
            incident = find_incident(connection, id)
            changes.append(change_of(incident, stage.kind, now, stage.role, clock, ends))
        return changes

    def _regrade(self, connection: Any, before: Incident, now: float) -> list[Change]:
        """Set the statutory clock by the level now in force; tell of a level that changed."""
        incident = find_incident(connection, before.id)
        clock = self._settings.clock
        seconds = report_seconds(clock, incident.level, incident.cii)
        if seconds:
            start(connection, incident.id, Clock.REPORT, incident.discovered_at, seconds, clock.warn)
        else:
            give_up(connection, incident.id, (Clock.REPORT,))
        if incident.level == before.level and incident.level_decided == before.level_decided:
            return []
        role = Role.LEADER if incident.level <= REPORTABLE else Role.OFFICER
        kind = ChangeKind.RAISED if incident.level < before.level else ChangeKind.LEVEL
        return [change_of(incident, kind, now, role)]

    def _measured(
        self, connection: Any, incident: Incident, fact: str, said: float | None, now: float
    ) -> float:
        if said is None and fact.endswith("_seconds"):
            until = contained_at(connection, incident.id)
            return round((now if until is None else until) - incident.discovered_at)
        if said is None or not (math.isfinite(said) and said >= 0):
            raise IncidentError(Message("incident.bad-fact", fact=fact))
        return said

    def _recategorise(self, connection: Any, incident: Incident, category: str, now: float) -> None:
        """The clock of changed pages runs from the discovery, or not at all, as the new category says."""
        if changed_pages(category) and not changed_pages(incident.category):
            begin_tamper(
                connection, incident.id, incident.discovered_at, self._settings.clock, self._tighten(now)
            )
        elif changed_pages(incident.category) and not changed_pages(category):
            give_up(connection, incident.id, (Clock.TAMPER,))

    def _open(self, connection: Any, asked: int | str) -> Incident:
        incident = find_incident(connection, asked)
        if incident.state in ENDED:
            raise IncidentError(Message("incident.ended", number=incident.number))
        return incident

    def _check_category(self, code: str) -> None:
        if code not in CATEGORIES:
            raise IncidentError(Message("incident.unknown-category", got=code))


def _cannot_follow(before: State, after: State) -> Message:
    possible = text("notify.comma").join(
        f"{text(f'incident.state.{one}')}({one})" for one in followers(before)
    )
    names = {"before": text(f"incident.state.{before}"), "after": text(f"incident.state.{after}")}
    return Message("incident.cannot-follow", possible=possible, **names)


def _copy(file: Path, folder: Path) -> str:
    """Copy into `folder` under the digest of what was really copied."""
    digest = hashlib.sha256()
    part = folder / f".part-{os.getpid()}"
    try:
        with file.open("rb") as source, part.open("wb") as target:
            while block := source.read(1 << 20):
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        shutil.move(part, folder / digest.hexdigest())
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()
