"""The stage of a run: every step on the journal, before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.incident import Role
from sentinel.playbook import journal
from sentinel.playbook.backstage import Backstage
from sentinel.playbook.document import Action, AnyStep, Approval, Manual, Playbook, SubPlaybook
from sentinel.playbook.expression import fill
from sentinel.playbook.fault import ActionFailed, PlaybookError
from sentinel.playbook.journal import Answer, Entry, Run, Undo
from sentinel.playbook.sign import Sign
from sentinel.playbook.verdict import in_freeze, is_choice, verdict
from sentinel.playbook.walk import Outcome
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["JournaledStage"]


class JournaledStage:
    """The stage of one run: every step on the journal."""

    def __init__(self, engine: Backstage, run: Run, written: dict[str, Entry]) -> None:
        self._engine = engine
        self._run = run
        self._written = written
        """What the journal held when the run was taken up."""
        self._agreed: dict[str, tuple[str, ...]] = {}
        """By approval that ended since: who agreed, in the order in which they did."""

    async def note(self, key: str, step: AnyStep, value: Any) -> Any:
        entry = self._written.get(key)
        if entry is not None:
            return entry.outcome["value"]
        now, kind = self._engine.clock(), _kind(step)

        def write(database: Database) -> None:
            journal.begin(database, self._run, key, kind, "begun", {}, now)
            journal.end(database, self._run, key, "done", {"value": value}, now, told=False)

        await self._engine.commit(write)
        return value

    async def open(self, key: str, step: SubPlaybook) -> Playbook:
        entry = self._written.get(key)
        if entry is not None:
            digest = str(entry.intent["digest"])
            return await self._engine.commit(lambda database: journal.version(database, digest))
        shelved, now = self._engine.library.find(step.playbook_id), self._engine.clock()

        def write(database: Database) -> None:
            journal.keep_version(database, shelved)
            intent = {"playbook": step.playbook_id, "digest": shelved.digest}
            journal.begin(database, self._run, key, "playbook", "begun", intent, now)
            journal.end(database, self._run, key, "done", {}, now, told=False)

        await self._engine.commit(write)
        return shelved.playbook

    async def pause(self, key: str, step: AnyStep, seconds: float) -> None:
        entry = self._written.get(key)
        if entry is not None and entry.finished:
            return
        due = entry.due if entry is not None and entry.due is not None else self._engine.clock() + seconds
        if entry is None:
            await self._begin(key, "delay", "waiting", {}, due=due)
        while self._engine.clock() < due:
            await self._engine.wait_for(self._run, key, due)
        await self._end(key, "done", {}, told=False)

    # Steps of people.

    async def ask(self, key: str, step: Manual, variables: Mapping[str, Any]) -> Outcome:
        entry = self._written.get(key)
        if entry is not None and entry.finished:
            return _outcome(entry)
        begun = entry.begun if entry is not None else self._engine.clock()
        last = begun + step.timeout if step.timeout else None
        if entry is None:
            intent: Mapping[str, Any] = {
                "instruction": fill(step.instruction, variables),
                "instruction_en": fill(step.instruction_en, variables),
                "owner": step.owner,
                **({"choices": step.choices} if step.choices else {}),
            }
            sign = Sign("waiting", self._run, key, step.owner, intent["instruction"])
            due = await self._begin(key, "manual", "waiting", intent, deadline=step.deadline, sign=sign)
        else:
            intent, due = entry.intent, entry.due
        late = entry is not None and bool(entry.outcome.get("late"))
        while True:
            answers = [one for one in await self._answers(key, step.owner) if is_choice(one, step.choices)]
            if answers:
                return await self._answered(key, answers[0])
            now = self._engine.clock()
            if last is not None and now >= last:
                return await self._fail(
                    key, str(Message("playbook.timed-out", seconds=step.timeout)), step.owner
                )
            if due is not None and now >= due and not late:
                late = True
                await self._tell_late(key, step.owner, intent["instruction"], due)
            await self._engine.wait_for(self._run, key, due if due is not None and not late else last)

    async def _answered(self, key: str, answer: Answer) -> Outcome:
        ok = answer.decision in ("done", "approve")
        values = {"value": answer.value.strip(), "person": answer.person}
        reason = "" if ok else f"{answer.person}: {answer.value or answer.decision}"
        await self._end(key, "done" if ok else "failed", {**values, "reason": reason})
        return Outcome(ok, values, reason)

    async def _tell_late(self, key: str, owner: str, told: str, due: float) -> None:
        """The next one up the roster hears of it."""
        sign = Sign("late", self._run, key, _above(owner), told, due)

        def write(database: Database) -> None:
            journal.set_late(database, self._run, key)
            self._engine.tell(database, sign)

        await self._engine.commit(write)

    async def _agree(self, key: str, step: Action, arguments: Mapping[str, Any]) -> str:
        """Empty where the step may act, otherwise why not: as the step says, and more while changes are frozen.

        What was asked once stays asked; where a freeze began while people thought, it is asked once more.
        """
        told, asked = f"{step.name or step.action} {arguments}", self._asked_before(f"{key}?")
        if asked is None:
            asked = await self._wanted(step, arguments)
        if asked is None:
            return ""
        if refusal := await self._approved(f"{key}?", asked, self._worded(step, asked, told)):
            return refusal
        again = self._asked_before(f"{key}??") or await self._wanted(step, arguments)
        if again is None or again in (asked, step.approval):
            return ""
        return await self._approved(f"{key}??", again, self._worded(step, again, told))

    async def _wanted(self, step: Action, arguments: Mapping[str, Any]) -> Approval | None:
        # What a drill does is not done, and what was begun is brought to its end.
        if self._run.drill or not self._engine.changes(step.action, arguments):
            return step.approval
        now = self._engine.clock()
        periods = await self._engine.commit(lambda database: self._engine.periods(database, now))
        return in_freeze(step.approval) if periods.frozen(now) else step.approval

    def _asked_before(self, key: str) -> Approval | None:
        entry = self._written.get(key)
        return None if entry is None else msgspec.convert(entry.intent["approval"], Approval)

    def _worded(self, step: Action, approval: Approval, told: str) -> str:
        return told if approval == step.approval else str(Message("playbook.frozen", step=told))

    async def _approved(self, key: str, approval: Approval, told: str) -> str:
        """Empty where it may go on; otherwise why not."""
        entry = self._written.get(key)
        if entry is not None and entry.finished:
            return str(entry.outcome.get("reason", ""))
        due = entry.due if entry is not None and entry.due else self._engine.clock() + approval.expiry
        if entry is None:
            asked = msgspec.to_builtins(approval)
            intent = {
                "instruction": told,
                "owner": approval.role,
                "persons": approval.persons,
                "approval": asked,
            }
            sign = Sign("waiting", self._run, key, approval.role, told)
            await self._begin(key, "approval", "waiting", intent, due=due, sign=sign)
        while True:
            # What was said past the time, to a daemon that was away, comes too late.
            answers = [one for one in await self._answers(key, approval.role) if one.ts < due]
            reason = verdict(answers, approval, self._engine.clock() >= due)
            if reason is not None:
                people = list(dict.fromkeys(one.person for one in answers if one.decision == "approve"))
                await self._end(key, "failed" if reason else "done", {"reason": reason, "persons": people})
                self._agreed[key] = tuple(people)
                return reason
            await self._engine.wait_for(self._run, key, due)

    def _agreed_to(self, key: str) -> tuple[str, ...]:
        entry = self._written.get(f"{key}?")
        if entry is not None and entry.finished:
            return tuple(entry.outcome.get("persons", ()))
        return self._agreed.get(f"{key}?", ())

    # Steps of the daemon.

    async def act(self, key: str, step: Action, variables: Mapping[str, Any]) -> Outcome:
        entry = self._written.get(key)
        if entry is not None and entry.finished:
            watched = self._written.get(f"{key}!")
            if (
                watched is not None and not watched.finished
            ):  # died between the step's end and that of its deadline
                await self._end(f"{key}!", "done", {}, told=False)
            return _outcome(entry)
        if not step.deadline:
            return await self._act(key, step, variables)
        watch = asyncio.create_task(self._watch(f"{key}!", step))
        try:
            outcome = await self._act(key, step, variables)
        finally:
            watch.cancel()
            await asyncio.wait([watch])
        if watch.cancelled():
            await self._end(f"{key}!", "done", {}, told=False)
        else:
            watch.result()
        return outcome

    async def _watch(self, key: str, step: Action) -> None:
        """Wait for a step's deadline, and say that it has passed."""
        entry = self._written.get(key)
        if entry is not None and entry.finished:
            return
        due = entry.due if entry is not None else None
        if due is None:
            due = await self._begin(key, "deadline", "waiting", {}, deadline=step.deadline)
        while due is not None and self._engine.clock() < due:
            await self._engine.wait_for(self._run, key, due)
        sign = Sign("late", self._run, key, _above(step.owner), step.name or step.action, due)
        await self._end(key, "done", {"late": True}, sign)

    async def _act(self, key: str, step: Action, variables: Mapping[str, Any]) -> Outcome:
        entry = self._written.get(key)
        arguments: Mapping[str, Any] = (
            entry.intent["arguments"] if entry is not None else fill(step.arguments, variables)
        )
        attempt = entry.attempt if entry is not None else 1
        if entry is None and (refusal := await self._agree(key, step, arguments)):
            return await self._refused(key, step, arguments, refusal)
        if entry is not None and not self._engine.is_transactional(step.action):
            settled = await self._settle_unknown(key, entry, step, variables)
            if settled is not None:
                return settled
            attempt += 1
        last = attempt + (step.retry.times if step.retry else 0)
        while True:
            outcome = await self._attempt(key, step, arguments, variables, attempt)
            if outcome.ok or attempt >= last or step.retry is None:
                break
            attempt += 1
            await self._pause_between(f"{key}~{attempt}", step.retry.pause)
        if not outcome.ok:
            return await self._fail(key, outcome.reason, step.owner)
        return outcome

    async def _attempt(
        self, key: str, step: Action, arguments: Mapping[str, Any], variables: Mapping[str, Any], attempt: int
    ) -> Outcome:
        await self._begin(
            key, "action", "begun", {"action": step.action, "arguments": arguments}, attempt=attempt
        )
        try:
            people = self._agreed_to(key)
            result = await self._engine.perform(self._run, key, step.action, arguments, step.timeout, people)
        except ActionFailed as error:
            return Outcome(False, reason=str(error))
        now = self._engine.clock()
        undo = self._undo_of(key, step, {**variables, **arguments}, now)

        def write(database: Database) -> Mapping[str, Any]:
            values = dict(result.values)
            if result.commit is not None:
                values.update(result.commit(database))
            journal.end(database, self._run, key, "done", {"values": values}, now)
            if undo is not None:
                journal.add_undo(database, undo)
            return values

        try:
            return Outcome(True, await self._engine.commit(write))
        except PlaybookError as error:
            return Outcome(False, reason=str(error))

    def _undo_of(self, key: str, step: Action, variables: Mapping[str, Any], now: float) -> Undo | None:
        if step.rollback is None:
            return None
        due = now + step.rollback.after if step.rollback.after else None
        arguments = fill(step.rollback.arguments, variables)
        return Undo(self._run.id, key, step.rollback.action, arguments, due, "waiting")

    async def _settle_unknown(
        self, key: str, entry: Entry, step: Action, variables: Mapping[str, Any]
    ) -> Outcome | None:
        """What a step caught mid-way counts as; None where it is to be done (again)."""
        since = entry.begun
        if entry.state == "begun":
            self._engine.count_unknown(self._run)
            since = self._engine.clock()
            state = "waiting" if step.on_unknown == "ask" else "unknown"
            sign = Sign("unknown", self._run, key, step.owner, step.name or step.action)
            intent = {**entry.intent, "owner": step.owner}
            await self._begin(key, "unknown", state, intent, attempt=entry.attempt, sign=sign)
        decision = {"retry": "retry", "skip": "done", "fail": "failed"}.get(step.on_unknown, "")
        while not decision:
            answers = [answer for answer in await self._answers(key, step.owner) if answer.ts >= since]
            decision = answers[-1].decision if answers else ""
            if not decision:
                await self._engine.wait_for(self._run, key, None)
        if decision == "retry":
            return None
        if decision in ("done", "approve"):
            now = self._engine.clock()
            undo = self._undo_of(key, step, {**variables, **entry.intent["arguments"]}, now)

            def write(database: Database) -> None:
                journal.end(database, self._run, key, "done", {"values": {}, "unknown": True}, now)
                if undo is not None:  # what was done, or may have been, is taken back in its time
                    journal.add_undo(database, undo)

            await self._engine.commit(write)
            return Outcome(True)
        return await self._fail(key, str(Message("playbook.unknown-failed")), step.owner)

    async def _refused(self, key: str, step: Action, arguments: Mapping[str, Any], reason: str) -> Outcome:
        """In one transaction: a step that stood there as begun would count as caught mid-way, and might be done."""
        now, intent = self._engine.clock(), {"action": step.action, "arguments": arguments}
        sign = Sign("failed", self._run, key, step.owner, reason)

        def write(database: Database) -> None:
            journal.begin(database, self._run, key, "action", "refused", intent, now)
            journal.end(database, self._run, key, "failed", {"reason": reason}, now)
            self._engine.tell(database, sign)

        await self._engine.commit(write)
        return Outcome(False, reason=reason)

    async def _fail(self, key: str, reason: str, owner: str) -> Outcome:
        await self._end(key, "failed", {"reason": reason}, Sign("failed", self._run, key, owner, reason))
        return Outcome(False, reason=reason)

    async def _pause_between(self, key: str, seconds: float) -> None:
        """Between tries; not journaled: after a restart the next try comes at once."""
        due = self._engine.clock() + seconds
        while self._engine.clock() < due:
            await self._engine.wait_for(self._run, key, due)

    # Writing and reading.

    async def _begin(
        self, key: str, kind: str, state: str, intent: Mapping[str, Any],
        *, attempt: int = 1, due: float | None = None, deadline: float = 0.0, sign: Sign | None = None,
    ) -> float | None:  # fmt: skip
        """Returns when it is due: as given, or by its deadline, which guard periods shorten."""
        now = self._engine.clock()

        def write(database: Database) -> float | None:
            until = due
            if deadline:
                until = now + deadline * self._engine.periods(database, now).factor(now)
            journal.begin(database, self._run, key, kind, state, intent, now, attempt=attempt, due=until)
            if sign is not None:
                self._engine.tell(database, replace(sign, due=until))
            return until

        return await self._engine.commit(write)

    async def _end(
        self, key: str, state: str, outcome: Mapping[str, Any], sign: Sign | None = None, *, told: bool = True
    ) -> None:
        now = self._engine.clock()

        def write(database: Database) -> None:
            journal.end(database, self._run, key, state, outcome, now, told=told)
            if sign is not None:
                self._engine.tell(database, sign)

        await self._engine.commit(write)

    async def _answers(self, key: str, role: str) -> list[Answer]:
        """What was answered by those who hold the role."""
        may = self._engine.may
        return await self._engine.commit(
            lambda database: [
                one
                for one in journal.answers(database, self._run.id, key)
                if may(database, one.person, role, one.ts)
            ]
        )


def _outcome(entry: Entry) -> Outcome:
    outcome = entry.outcome
    values = outcome.get("values", outcome)
    return Outcome(entry.state == "done", values, str(outcome.get("reason", "")))


def _above(owner: str) -> str:
    roles = [role.value for role in Role]
    return roles[min(roles.index(owner) + 1, len(roles) - 1)]


def _kind(step: AnyStep) -> str:
    return type(step).__name__.lower()
