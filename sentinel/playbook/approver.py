"""Who may answer as whom: by name in the configuration, or by being on duty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sentinel.duty import DutyBook, Role
from sentinel.playbook.settings import PlaybookSettings

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Approvers"]

_ACCOUNT: Final = "sentinel"


class Approvers:
    """Looks at the roster anew each time: people exchange shifts while a run waits for them."""

    def __init__(self, settings: PlaybookSettings) -> None:
        self._named = {
            Role.OFFICER: settings.officers,
            Role.LEADER: settings.leaders,
            Role.IN_CHARGE: settings.in_charge,
        }

    def who(self, database: Database, role: str, ts: float) -> frozenset[str] | None:
        """Those who may answer as `role` at `ts`; None for anyone, by the name they give.

        They are whom the configuration names for the role, who is on duty in it (a stand-in in the place of the one
        who is away), and both of every role above. Anyone may where nobody is named for the role and there is no
        roster at all; with a roster nobody else may, even while no one is on duty.
        """
        book = DutyBook(database, _ACCOUNT)
        if not self._named[Role(role)] and not book.has_roster():
            return None
        above = list(Role)[list(Role).index(Role(role)) :]
        on_duty = book.roster(ts, ts).on_duty(ts)
        named = {name for one in above for name in self._named[one]}
        return frozenset(named | {on_duty[one].name for one in above if one in on_duty})

    def may(self, database: Database, person: str, role: str, ts: float) -> bool:
        """Whether `person` may answer as `role` at `ts`."""
        who = self.who(database, role, ts)
        return who is None or person in who
