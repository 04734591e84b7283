"""Order a guard period (重保), or end one before its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sentinel.duty import DutyBook, DutyError, GuardPeriod
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["EndGuardPeriod", "SetGuardPeriod"]

_ACCOUNT: Final = "sentinel"


class SetGuardPeriod(Act):
    """Begins a guard period now, for some `hours`; `id` for `save`.

    It is ordered by the person who approved the step, and only whoever may order one by the roster can.
    """

    name = "set-guard-period"
    parameters = {
        "name": Parameter("string"),
        "hours": Parameter("float"),
        "factor": Parameter("float", False),
        "raised": Parameter("integer", False),
        "freeze": Parameter("bool", False),
    }
    transactional = True
    needs_approval = True

    def changes(self, arguments: Mapping[str, Any]) -> bool:
        return False

    async def act(self, call: Call) -> Result:
        person, asked = _person(call), call.arguments

        def commit(database: Database) -> Mapping[str, Any]:
            period = GuardPeriod(
                0, asked["name"], call.ts, call.ts + asked["hours"] * 3600, asked.get("factor") or 1.0,
                asked.get("raised") or 0, bool(asked.get("freeze")), person,
            )  # fmt: skip
            try:
                return {"id": DutyBook(database, _ACCOUNT).start_guard(period, call.ts).id}
            except DutyError as error:
                raise ActionFailed(error.message) from error

        return Result(commit=commit)


class EndGuardPeriod(Act):
    """Ends the guard period of an `id`; one that is over is as good as ended."""

    name = "end-guard-period"
    parameters = {"id": Parameter("integer")}
    transactional = True
    needs_approval = True

    def changes(self, arguments: Mapping[str, Any]) -> bool:
        return False

    async def act(self, call: Call) -> Result:
        person, id = _person(call), call.arguments["id"]

        def commit(database: Database) -> Mapping[str, Any]:
            book = DutyBook(database, _ACCOUNT)
            try:
                if any(period.id == id for period in book.guard_periods(call.ts).periods):
                    book.end_guard(id, person, call.ts)
            except DutyError as error:
                raise ActionFailed(error.message) from error
            return {}

        return Result(commit=commit)


def _person(call: Call) -> str:
    if not call.approved_by:
        raise ActionFailed(Message("playbook.needs-approval"))
    return call.approved_by[0]
