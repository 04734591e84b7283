"""The dry run: the whole way through a playbook, with nothing done but telling what would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentinel.playbook.document import Action, AnyStep, Manual, Playbook, SubPlaybook, While
from sentinel.playbook.expression import fill
from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.library import Library
from sentinel.playbook.walk import Outcome, RunFailed, Walk
from sentinel.text import Message, current_language

__all__ = ["rehearse"]


async def rehearse(
    library: Library, playbook: str, given: Mapping[str, Any], answers: Mapping[str, str]
) -> list[Message]:
    """What would happen, step by step; a loop is gone through once.

    `answers` are people's, by step; without one a step counts as done, and its variable stays as it is.

    Raises PlaybookError where it could not even start.
    """
    stage = _Stage(library, answers)
    walk = Walk(library.find(playbook).playbook, stage, given)
    try:
        await walk.go()
    except (RunFailed, PlaybookError) as error:
        stage.told.append(Message("playbook.dry.failed", reason=error))
    else:
        stage.told.append(Message("playbook.dry.done"))
    return stage.told


class _Stage:
    def __init__(self, library: Library, answers: Mapping[str, str]) -> None:
        self._library = library
        self._answers = answers
        self.told: list[Message] = []

    async def act(self, key: str, step: Action, variables: Mapping[str, Any]) -> Outcome:
        if step.approval is not None:
            asked = step.approval
            values: dict[str, object] = {
                "role": Message(f"duty.role.{asked.role}"),
                "persons": asked.persons,
                "expiry": asked.expiry,
                "default": Message(f"playbook.default.{asked.default}"),
            }
            self.told.append(Message("playbook.dry.approve", key=key, **values))
        arguments = fill(step.arguments, variables)
        self.told.append(Message("playbook.dry.act", key=key, action=step.action, arguments=arguments))
        if (undo := step.rollback) is not None:
            taking = {
                "after": undo.after,
                "action": undo.action,
                "arguments": fill(undo.arguments, variables),
            }
            self.told.append(Message("playbook.dry.undo", key=key, **taking))
        return Outcome(self._answer(key) != "failed")

    async def ask(self, key: str, step: Manual, variables: Mapping[str, Any]) -> Outcome:
        written = step.instruction if current_language() == "zh" else step.instruction_en
        values = {"owner": Message(f"duty.role.{step.owner}"), "instruction": fill(written, variables)}
        self.told.append(Message("playbook.dry.ask", key=key, **values))
        answer = self._answer(key)
        return Outcome(answer != "failed", {} if answer is None else {"value": answer})

    async def note(self, key: str, step: AnyStep, value: Any) -> Any:
        if isinstance(step, While) and not key.endswith("/0"):
            self.told.append(Message("playbook.dry.once", key=key.rpartition("/")[0]))
            return False
        self.told.append(Message("playbook.dry.decide", key=key, value=value))
        return value

    async def pause(self, key: str, step: AnyStep, seconds: float) -> None:
        self.told.append(Message("playbook.dry.pause", key=key, seconds=seconds))

    async def open(self, key: str, step: SubPlaybook) -> Playbook:
        return self._library.find(step.playbook_id).playbook

    def _answer(self, key: str) -> str | None:
        """That for the step where it stands on the way, or for all of its name; None without any."""
        return self._answers.get(key, self._answers.get(key.rpartition("/")[2]))
