"""What a run's stage needs of whoever runs it: the clock, the journal's database, actions, people's roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from sentinel.duty import GuardPeriods
from sentinel.playbook.action import Result
from sentinel.playbook.journal import Run
from sentinel.playbook.library import Library
from sentinel.playbook.sign import Sign

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Backstage", "May", "Periods"]

May: TypeAlias = Callable[["Database", str, str, float], bool]
"""Whether a person holds a role at a time."""
Periods: TypeAlias = Callable[["Database", float], GuardPeriods]
"""The guard periods as they stand at a time."""
_T = TypeVar("_T")


class Backstage(Protocol):
    """Behind every stage; the engine is one."""

    @property
    def library(self) -> Library: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def may(self) -> May: ...
    @property
    def periods(self) -> Periods: ...

    async def commit(self, work: Callable[[Database], _T]) -> _T:
        """What `work` returns once it is committed; waits as long as the database cannot be written."""

    async def wait_for(self, run: Run, key: str, due: float | None) -> None:
        """Until someone answers, or until `due`; may return sooner."""

    async def perform(
        self,
        run: Run,
        key: str,
        name: str,
        arguments: Mapping[str, Any],
        seconds: float,
        approved_by: tuple[str, ...] = (),
    ) -> Result:
        """One action, once. Raises ActionFailed for whatever hinders it."""

    def is_transactional(self, name: str) -> bool:
        """Whether an action does all it does in the journal's transaction."""

    def changes(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether an action leaves a system other than it was."""

    def count_unknown(self, run: Run) -> None:
        """A step was caught mid-way."""

    def tell(self, database: Database, sign: Sign) -> None:
        """Tell of a sign, inside a writer's job."""
