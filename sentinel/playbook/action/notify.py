"""Tell people something: the message is written with the journal and delivered from the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sentinel.playbook.action.act import Act, Call, Parameter, Result

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Notify", "Put"]

Put = Callable[["Database", str, str, str, bool, float], int]
"""Given the database, an id, a run, a text, whether it is a drill and the time: writes messages; how many."""


class Notify(Act):
    """Sends `text` to all channels, in a drill to those of drills alone; `channels` for `save`."""

    name = "notify"
    parameters = {"text": Parameter("string")}
    transactional = True
    touches = False

    def __init__(self, put: Put) -> None:
        self._put = put

    async def act(self, call: Call) -> Result:
        def commit(database: Database) -> Mapping[str, Any]:
            id = f"{call.run}/{call.key}"
            return {
                "channels": self._put(database, id, call.run, call.arguments["text"], call.drill, call.ts)
            }

        return Result(commit=commit)
