"""Open an incident, note something on it, or bring it further: in the journal's own transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sentinel.incident import Change, Handling, Incident, IncidentError, State, find_incident
from sentinel.incident.incident import number_of_alert
from sentinel.incident.state import ENDED, may_follow, needs_reason
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["NoteIncident", "OpenIncident", "UpdateIncident", "incident_of_call"]

Verbs: TypeAlias = Callable[["Database", float], Handling]
"""The verbs as they hold at a time: with the ledger and the guard periods of the database."""
Hear: TypeAlias = Callable[["Database", Sequence[Change]], None]
"""Told of changes inside their transaction, so that people are told of them."""
_STATES: Final = ("acknowledged", "investigating", "contained", "eradicated", "recovered")
"""How far a playbook may bring an incident. Its end is a person's decision."""


def incident_of_call(database: Database, call: Call) -> Incident:
    """The incident that is named, or the run's, or that of the alert that started it. Raises ActionFailed.

    What belongs to a drill and what does not never touch each other.
    """
    asked = str(call.arguments.get("incident") or call.incident)
    asked = asked or (number_of_alert(database.conn, call.alert) if call.alert else "")
    if not asked:
        raise ActionFailed(Message("playbook.no-incident"))
    try:
        incident = find_incident(database.conn, asked)
    except IncidentError as error:
        raise ActionFailed(error.message) from error
    if incident.drill != call.drill:
        raise ActionFailed(Message("playbook.drill-apart", incident=incident.number))
    return incident


class _IncidentAct(Act):
    transactional = True
    touches = False

    def __init__(self, verbs: Verbs, hear: Hear = lambda database, changes: None) -> None:
        self._verbs = verbs
        self._hear = hear

    async def act(self, call: Call) -> Result:
        """It is done exactly if the journal says so."""

        def commit(database: Database) -> Mapping[str, Any]:
            try:
                values, changes = self._do(database, call, f"playbook:{call.run}")
            except IncidentError as error:
                raise ActionFailed(error.message) from error
            self._hear(database, changes)
            return values

        return Result(commit=commit)

    @abstractmethod
    def _do(
        self, database: Database, call: Call, actor: str
    ) -> tuple[Mapping[str, Any], Sequence[Change]]: ...


class OpenIncident(_IncidentAct):
    """Begins an incident; `number` for `save`. That of a drill is marked as such.

    With `reuse` the run's own takes its place, where it has one. An alert becomes part of an incident a moment after it
    starts a run, so that such a step fails until then: let it be tried again.
    """

    name = "open-incident"
    parameters = {
        "title": Parameter("string"),
        "category": Parameter("string", False),
        "address": Parameter("string", False),
        "reuse": Parameter("bool", False),
    }

    def _do(self, database: Database, call: Call, actor: str) -> tuple[Mapping[str, Any], Sequence[Change]]:
        if call.arguments.get("reuse") and (call.incident or call.alert):
            return {"number": incident_of_call(database, call).number}, ()
        incident, changes = self._verbs(database, call.ts).open(
            database.conn,
            title=call.arguments["title"],
            actor=actor,
            now=call.ts,
            category=call.arguments.get("category") or "OTH",
            address=call.arguments.get("address"),
            drill=call.drill,
        )
        return {"number": incident.number}, changes


class NoteIncident(_IncidentAct):
    """Adds a note to an incident."""

    name = "note-incident"
    parameters = {"text": Parameter("string"), "incident": Parameter("string", False)}

    def _do(self, database: Database, call: Call, actor: str) -> tuple[Mapping[str, Any], Sequence[Change]]:
        incident = incident_of_call(database, call)
        verbs = self._verbs(database, call.ts)
        verbs.note(database.conn, incident.id, call.arguments["text"], actor=actor, now=call.ts)
        return {"number": incident.number}, ()


class UpdateIncident(_IncidentAct):
    """Brings an incident into a later `state`, gives it to an `assignee`. It never ends one.

    One that people brought further meanwhile stays there, unless a `reason` to go back is given.
    """

    name = "update-incident"
    parameters = {
        "state": Parameter("string", False),
        "assignee": Parameter("string", False),
        "reason": Parameter("string", False),
        "incident": Parameter("string", False),
    }

    def check(self, arguments: Mapping[str, Any]) -> Message | None:
        state = arguments.get("state")
        if isinstance(state, str) and state not in _STATES:
            return Message("playbook.bad-state", got=state, known=", ".join(_STATES))
        return super().check(arguments)

    def _do(self, database: Database, call: Call, actor: str) -> tuple[Mapping[str, Any], Sequence[Change]]:
        incident = incident_of_call(database, call)
        verbs, asked = self._verbs(database, call.ts), call.arguments
        if asked.get("assignee"):
            verbs.assign(database.conn, incident.id, asked["assignee"], actor=actor, now=call.ts)
        changes: Sequence[Change] = ()
        state, reason = asked.get("state"), asked.get("reason") or ""
        if (
            state
            and incident.state is not State(state)
            and (reason or _leads_on(incident.state, State(state)))
        ):
            changes = verbs.move(
                database.conn, incident.id, State(state), actor=actor, now=call.ts, reason=reason
            )
        return {"number": incident.number}, changes


def _leads_on(before: State, after: State) -> bool:
    return before not in ENDED and may_follow(before, after) and not needs_reason(before, after)
