"""Open an incident, or add a note to one, in the journal's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sentinel.incident import Handling, IncidentError
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["NoteIncident", "OpenIncident"]


class OpenIncident(Act):
    """Begins an incident; `number` for `save`. That of a drill is marked as such."""

    name = "open-incident"
    parameters = {
        "title": Parameter("string"),
        "category": Parameter("string", False),
        "address": Parameter("string", False),
    }
    transactional = True
    touches = False

    def __init__(self, handling: Handling) -> None:
        self._handling = handling

    async def act(self, call: Call) -> Result:
        """The incident is there exactly if the journal says so."""

        def commit(database: Database) -> Mapping[str, Any]:
            try:
                incident, _ = self._handling.open(
                    database.conn,
                    title=call.arguments["title"],
                    actor=f"playbook:{call.run}",
                    now=call.ts,
                    category=call.arguments.get("category") or "OTH",
                    address=call.arguments.get("address"),
                    drill=call.drill,
                )
            except IncidentError as error:
                raise ActionFailed(Message("playbook.broke", reason=error)) from error
            return {"number": incident.number}

        return Result(commit=commit)


class NoteIncident(Act):
    """Adds a note to the run's incident, or to the one that is named."""

    name = "note-incident"
    parameters = {"text": Parameter("string"), "incident": Parameter("string", False)}
    transactional = True
    touches = False

    def __init__(self, handling: Handling) -> None:
        self._handling = handling

    async def act(self, call: Call) -> Result:
        asked = call.arguments.get("incident") or call.incident

        def commit(database: Database) -> Mapping[str, Any]:
            try:
                self._handling.note(
                    database.conn, asked, call.arguments["text"], actor=f"playbook:{call.run}", now=call.ts
                )
            except IncidentError as error:
                raise ActionFailed(Message("playbook.broke", reason=error)) from error
            return {}

        return Result(commit=commit)
