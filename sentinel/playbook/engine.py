"""The engine: runs playbooks on the journal. Whatever instant the daemon dies at, a restart goes on from there.

Before anything is done, its intent is committed; when it is done, its outcome. A run taken up again walks the same
way over its journal: what has ended is not done again, what was begun without an outcome is reported unknown and
decided by the step's `on_unknown`, except for actions that act in the journal's own transaction.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sentinel.duty import GuardPeriods
from sentinel.incident import IncidentError, find_incident
from sentinel.log import Log
from sentinel.playbook import journal
from sentinel.playbook.action import Act, Call, Result
from sentinel.playbook.backstage import May, Periods
from sentinel.playbook.document import Playbook
from sentinel.playbook.fault import ActionFailed, PlaybookError
from sentinel.playbook.journal import Answer, Entry, Run, Undo
from sentinel.playbook.library import Library
from sentinel.playbook.sign import Sign, Tell
from sentinel.playbook.stage import JournaledStage
from sentinel.playbook.value import starting_values
from sentinel.playbook.walk import RunFailed, Walk
from sentinel.store import StoreUnavailable, StoreWriter
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Engine", "queue_run"]

_T = TypeVar("_T")
_UNDO_TIMEOUT = 60.0
_UNDO_PAUSES = (30.0, 120.0, 600.0)
"""Seconds between tries to take something back; then people must."""
_TURN = 32
"""Runs that are woken in one turn of the loop."""
_log = Log("playbook")


def queue_run(
    database: Database, library: Library, playbook: str, given: Mapping[str, Any], *, id: str, now: float, actor: str,
    cause: Mapping[str, Any] | None = None, incident: str = "", drill: bool = False,
) -> Run:  # fmt: skip
    """Queue a run, inside a writer's job; the engine takes it up. Raises PlaybookError where the values do not fit.

    A run for an incident of a drill is a drill; for any other incident it cannot be one.
    """
    shelved = library.find(playbook)
    starting_values(shelved.playbook, given)
    if incident:
        drill = _drills(database, incident, drill)
    run = Run(id, playbook, shelved.digest, "queued", "", given, cause or {}, incident, actor, drill, now)
    journal.add_run(database, run, shelved)
    return run


def _drills(database: Database, incident: str, drill: bool) -> bool:
    try:
        found = find_incident(database.conn, incident)
    except IncidentError as error:
        raise PlaybookError(error.message) from error
    if drill and not found.drill:
        raise PlaybookError(Message("playbook.drill-apart", incident=found.number))
    return found.drill


class Engine:
    """Runs what is queued, for ever: `async with` it, and call `look` often (`keep_looking` does)."""

    def __init__(
        self,
        writer: StoreWriter,
        library: Library,
        actions: Mapping[str, Act],
        *,
        tell: Tell = lambda database, sign: None,
        clock: Callable[[], float] = time.time,
        may: May = lambda database, person, role, ts: True,
        periods: Periods = lambda database, now: GuardPeriods(),
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        most: int = 5000,
    ) -> None:
        self.library = library
        self.clock = clock
        self.ended: dict[str, int] = {"done": 0, "failed": 0, "cancelled": 0, "drill": 0}
        """Runs that ended since the start, by state; those of drills apart, however they ended."""
        self.unknown = 0
        """Steps that were caught mid-way by a death of the daemon; none of a drill."""
        self._writer = writer
        self._actions = actions
        self._tell = tell
        self.may = may
        """Whether a person held a role when they answered: others' answers do not count."""
        self.periods = periods
        """The guard periods: they shorten deadlines, and freeze changes."""
        self._new_id = new_id
        self._most = most
        self._running: dict[str, asyncio.Task[None]] = {}
        self._drills: set[str] = set()
        self._looking = asyncio.Lock()
        self._undoing: dict[str, asyncio.Task[None]] = {}
        """By run of which something is being taken back."""
        self._cancelled: dict[str, str] = {}
        """By run that is being cancelled: who said so."""
        self._waits: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._alarms: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._answered = -1
        self._tasks = asyncio.TaskGroup()

    @property
    def running(self) -> int:
        """Runs under way."""
        return len(self._running)

    @property
    def drilling(self) -> int:
        """Those of them that are drills."""
        return len(self._drills)

    @property
    def waiting(self) -> int:
        """Steps that wait for people or a time."""
        return len(self._waits)

    @property
    def asking(self) -> int:
        """Those of them that are no drill's."""
        return sum(run not in self._drills for run, _ in self._waits)

    async def start(self, playbook: str, given: Mapping[str, Any], *, actor: str, **more: Any) -> Run:
        """Queue a run and take it up. Raises PlaybookError."""
        now, id = self.clock(), self._new_id()
        run = await self.commit(
            lambda database: queue_run(
                database, self.library, playbook, given, id=id, now=now, actor=actor, **more
            )
        )
        await self.look()
        return run

    async def resume(self) -> int:
        """Take up what a former life left under way; how many runs."""
        self._answered = await self.commit(journal.last_answer)
        left = await self.commit(lambda database: journal.runs(database, ["running"], limit=1_000_000))
        async for run in _in_turns(reversed(left)):
            self._take_up(run)
        undone = await self.commit(lambda database: journal.undos(database, states=["begun"]))
        self._take_back(undone)  # taking a block back twice harms nobody; leaving it would
        return len(left)

    async def look(self) -> None:
        """Take up what was queued, hear what people said, ring the alarms that are due."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        now = self.clock()
        if self._answered < 0:
            await self.resume()
        room = self._most - len(self._running)
        queued, answers, undos = await self.commit(
            lambda database: (
                journal.oldest_queued(database, room) if room > 0 else [],
                journal.answers_after(database, self._answered),
                journal.undos(database, now=now),
            )
        )
        async for run in _in_turns(queued):
            if run.id not in self._running:
                self._take_up(run)
        async for answer in _in_turns(answers):
            self._answered = answer.id
            await self._hear(answer)
        async for future in _in_turns(self._due(now)):
            _wake(future)
        self._take_back(undos)

    def _due(self, now: float) -> Iterator[asyncio.Future[None]]:
        while self._alarms and self._alarms[0][0] <= now:
            yield heapq.heappop(self._alarms)[2]

    async def keep_looking(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Look again and again, for ever."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                _log.error("playbook.store", reason=error)
            await wait()

    async def __aenter__(self) -> Engine:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        for task in (*self._running.values(), *self._undoing.values()):
            task.cancel()
        await self._tasks.__aexit__(*error)

    async def commit(self, work: Callable[[Database], _T]) -> _T:
        """What `work` returns once it is committed; waits as long as the database cannot be written."""
        while True:
            try:
                return await self._writer.run(work)
            except StoreUnavailable as error:
                _log.error("playbook.store", reason=error)
                await asyncio.sleep(1.0)

    async def wait_for(self, run: Run, key: str, due: float | None) -> None:
        """Until someone answers, or until `due`; may return sooner."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits[run.id, key] = future
        if due is not None:
            heapq.heappush(self._alarms, (due, next(self._number), future))
        try:
            await future
        finally:
            self._waits.pop((run.id, key), None)

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
        act = self._actions.get(name)
        if act is None:
            raise ActionFailed(
                Message("playbook.no-action", name=name, known=", ".join(sorted(self._actions)))
            )
        alert = str(run.cause.get("alert", ""))
        call = Call(
            run.id, key, run.playbook, arguments, run.incident, alert, run.drill, self.clock(), approved_by
        )
        if run.drill and act.touches:
            return Result({"drill": True})
        try:
            async with asyncio.timeout(seconds):
                return await act.perform(call)
        except TimeoutError as error:
            raise ActionFailed(Message("playbook.timed-out", seconds=seconds)) from error
        except PlaybookError as error:
            raise ActionFailed(error.message) from error
        except Exception as error:  # an action's own fault must not end the run's task
            _log.exception("agent.task-failed", task=name)
            raise ActionFailed(Message("playbook.broke", reason=repr(error)[:300])) from error

    def is_transactional(self, name: str) -> bool:
        """Whether an action does all it does in the journal's transaction."""
        return name in self._actions and self._actions[name].transactional

    def changes(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether an action leaves a system other than it was."""
        return name in self._actions and self._actions[name].changes(arguments)

    def count_unknown(self, run: Run) -> None:
        """A step was caught mid-way."""
        self.unknown += not run.drill

    def tell(self, database: Database, sign: Sign) -> None:
        """Tell of a sign, inside a writer's job."""
        self._tell(database, sign)

    def _take_up(self, run: Run) -> None:
        if run.drill:
            self._drills.add(run.id)
        self._running[run.id] = self._tasks.create_task(self._run(run))

    async def _run(self, run: Run) -> None:
        try:
            state, reason = await self._fate(run)
            now = self.clock()

            def end(database: Database) -> None:
                journal.set_run(database, run, state, reason, now)
                self.tell(database, Sign("ended", run, text=state))

            await self.commit(end)
            self.ended["drill" if run.drill else state] += 1
        finally:
            self._running.pop(run.id, None)
            self._drills.discard(run.id)

    async def _fate(self, run: Run) -> tuple[str, str]:
        """How the run ends, and why."""
        try:
            return await self._walk(run)
        except asyncio.CancelledError:
            if run.id not in self._cancelled:
                raise
            return "cancelled", self._cancelled.pop(run.id)
        except Exception as error:
            _log.exception("agent.task-failed", task="playbook")
            return "failed", repr(error)[:300]

    async def _walk(self, run: Run) -> tuple[str, str]:
        now = self.clock()

        def begin(database: Database) -> tuple[Playbook, dict[str, Entry], str]:
            if run.state == "queued":
                journal.set_run(database, run, "running", "", now)
            written = {entry.key: entry for entry in journal.entries(database, run.id)}
            said = journal.answers(database, run.id, "")
            cancelled = next((answer.person for answer in said if answer.decision == "cancel"), "")
            return journal.version(database, run.digest), written, cancelled

        playbook, written, cancelled = await self.commit(begin)
        if cancelled:  # said while the daemon was away
            return "cancelled", cancelled
        walk = Walk(playbook, JournaledStage(self, run, written), run.given)
        try:
            await walk.go()
        except RunFailed as failed:
            return "failed", str(failed)
        except PlaybookError as error:
            return "failed", str(error)
        return "done", str(Message("playbook.with-failures", number=walk.failures)) if walk.failures else ""

    async def _hear(self, answer: Answer) -> None:
        if answer.key:
            _wake(self._waits.get((answer.run, answer.key)))
        elif answer.decision == "cancel":
            task = self._running.get(answer.run)
            if task is not None:
                self._cancelled[answer.run] = answer.person
                task.cancel()
            else:
                await self._cancel_queued(answer)
        elif answer.decision == "undo":
            now = self.clock()
            await self.commit(lambda database: journal.make_due(database, answer.run, now))
            self._take_back(await self.commit(lambda db: journal.undos(db, run=answer.run)))

    async def _cancel_queued(self, answer: Answer) -> None:
        now = self.clock()

        def cancel(database: Database) -> None:
            run = journal.find_run(database, answer.run)
            if run is not None and run.state == "queued":
                journal.set_run(database, run, "cancelled", answer.person, now)

        await self.commit(cancel)

    def _take_back(self, undos: Iterable[Undo]) -> None:
        """One after another in a run; beside all else, which a device that does not answer must not hold up."""
        of_run: dict[str, list[Undo]] = {}
        for undo in undos:
            of_run.setdefault(undo.run, []).append(undo)
        for run, some in of_run.items():
            if run not in self._undoing:  # else the next look finds what is left
                self._undoing[run] = self._tasks.create_task(self._undo_all(run, some))

    async def _undo_all(self, run: str, undos: Iterable[Undo]) -> None:
        try:
            for undo in undos:
                await self._undo(undo)
        finally:
            self._undoing.pop(run, None)

    async def _undo(self, undo: Undo) -> None:
        now = self.clock()

        def begin(database: Database) -> Run | None:
            run = journal.find_run(database, undo.run)
            if run is not None:
                journal.set_undo(database, run, undo, "begun", "", now)
            return run

        run = await self.commit(begin)
        if run is None:
            return
        state, reason = "done", ""
        result = Result()
        for pause in (*_UNDO_PAUSES, None):
            try:
                result = await self.perform(run, f"{undo.key}<", undo.action, undo.arguments, _UNDO_TIMEOUT)
                state, reason = "done", ""
                break
            except ActionFailed as error:
                state, reason = "failed", str(error)
            if pause is not None:
                due = self.clock() + pause
                while self.clock() < due:
                    await self.wait_for(run, f"{undo.key}<", due)
        now = self.clock()

        def end(database: Database) -> None:
            if result.commit is not None:
                result.commit(database)
            journal.set_undo(database, run, undo, state, reason, now)
            self.tell(
                database, Sign("undone" if state == "done" else "failed", run, undo.key, "leader", reason)
            )

        await self.commit(end)


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


async def _in_turns(things: Iterable[_T]) -> AsyncIterator[_T]:
    """The same things, with a turn for everybody else after every few: each of them wakes a run."""
    for number, one in enumerate(things, 1):
        yield one
        if number % _TURN == 0:
            await asyncio.sleep(0)
