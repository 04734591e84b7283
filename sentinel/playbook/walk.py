"""The way through a workflow. What happens on the way is the stage's: the journal's engine, or a dry run.

Everything that could differ from one time to the next (a condition's value, an answer, an outcome) is asked of the
stage under a key, so that walking again over a journal goes exactly the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sentinel.playbook.document import (
    Action,
    AnyStep,
    End,
    If,
    Manual,
    Parallel,
    Playbook,
    SubPlaybook,
    Switch,
    Variable,
    While,
)
from sentinel.playbook.expression import Condition, fill
from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.value import check_value, read_value, starting_values
from sentinel.text import Message

__all__ = ["Outcome", "RunFailed", "Stage", "Walk"]

_DEEPEST = 8
"""Playbooks within playbooks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended."""

    ok: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


class RunFailed(Exception):
    """A step failed and nothing takes care of it."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class Stage(Protocol):
    """Where a walk takes place. Keys are unique in a run."""

    async def act(self, key: str, step: Action, variables: Mapping[str, Any]) -> Outcome: ...
    async def ask(self, key: str, step: Manual, variables: Mapping[str, Any]) -> Outcome: ...
    async def note(self, key: str, step: AnyStep, value: Any) -> Any:
        """The value noted under `key` before, or else `value`, from now on noted."""

    async def pause(self, key: str, step: AnyStep, seconds: float) -> None: ...
    async def open(self, key: str, step: SubPlaybook) -> Playbook: ...


class Walk:
    """One walk through a playbook with its own variables."""

    def __init__(
        self, playbook: Playbook, stage: Stage, given: Mapping[str, Any], way: str = "", depth: int = 0
    ) -> None:
        self.variables = starting_values(playbook, given)
        self._playbook = playbook
        self._stage = stage
        self._way = way
        self._depth = depth
        self.failures = 0
        """Steps that failed, though the walk went on."""

    async def go(self) -> None:
        """Walk to the end. Raises RunFailed, after `workflow_exception` where there is one."""
        try:
            await self._sequence(self._playbook.workflow_start, self._way)
        except RunFailed:
            if self._playbook.workflow_exception:
                await self._sequence(self._playbook.workflow_exception, f"{self._way}!/")
            raise

    async def _sequence(self, id: str, way: str) -> None:
        while id:
            step = self._playbook.workflow[id]
            if isinstance(step, End):
                return
            key = way + id
            if step.delay:
                await self._stage.pause(f"{key}~", step, step.delay)
            try:
                outcome = await self._step(key, step)
            except PlaybookError as error:
                outcome = Outcome(False, reason=str(error))
            if outcome.ok:
                id = step.on_success or step.on_completion
                continue
            self.failures += 1
            if not (step.on_failure or step.on_completion):
                raise RunFailed(id, outcome.reason)
            id = step.on_failure or step.on_completion

    async def _step(self, key: str, step: AnyStep) -> Outcome:
        match step:
            case Action():
                outcome = await self._stage.act(key, step, self.variables)
                if outcome.ok:
                    told = outcome.values
                    self._save({variable: told[name] for name, variable in step.save.items() if name in told})
                return outcome
            case Manual():
                outcome = await self._stage.ask(key, step, self.variables)
                if outcome.ok and step.save and "value" in outcome.values:
                    variable = self._playbook.variables[step.save]
                    self._save({step.save: read_value(step.save, variable, str(outcome.values["value"]))})
                return outcome
            case Parallel():
                return await self._parallel(key, step)
            case If():
                holds = await self._stage.note(key, step, Condition(step.condition).holds(self.variables))
                await self._sequence(step.on_true if holds else step.on_false, f"{key}/")
            case Switch():
                value = str(await self._stage.note(key, step, fill(step.switch, self.variables)))
                await self._sequence(step.cases.get(value, step.cases.get("default", "")), f"{key}/")
            case While():
                return await self._while(key, step)
            case SubPlaybook():
                return await self._sub(key, step)
        return Outcome(True)

    async def _parallel(self, key: str, step: Parallel) -> Outcome:
        branches = (self._sequence(id, f"{key}/{id}/") for id in step.next_steps)
        ended = await asyncio.gather(*branches, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException) and not isinstance(one, RunFailed):
                raise one
        failed = [one for one in ended if isinstance(one, RunFailed)]
        return Outcome(False, reason=str(failed[0])) if failed else Outcome(True)

    async def _while(self, key: str, step: While) -> Outcome:
        condition = Condition(step.condition)
        for turn in range(step.most):
            if not await self._stage.note(f"{key}/{turn}", step, condition.holds(self.variables)):
                return Outcome(True)
            await self._sequence(step.on_true, f"{key}/{turn}/")
        return Outcome(False, reason=str(Message("playbook.endless", most=step.most)))

    async def _sub(self, key: str, step: SubPlaybook) -> Outcome:
        if self._depth >= _DEEPEST:
            raise PlaybookError(Message("playbook.too-deep", most=_DEEPEST))
        playbook = await self._stage.open(key, step)
        inner = Walk(playbook, self._stage, fill(step.in_args, self.variables), f"{key}/", self._depth + 1)
        try:
            await inner.go()
        except RunFailed as failed:
            return Outcome(False, reason=str(failed))
        finally:
            self.failures += inner.failures
        self._save({ours: inner.variables.get(theirs) for theirs, ours in step.out_args.items()})
        return Outcome(True)

    def _save(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            variable: Variable = self._playbook.variables[name]
            if variable.constant:
                raise PlaybookError(Message("playbook.constant", name=name))
            check_value(name, variable, value)
        self.variables.update(values)
