"""What is wrong with a playbook before it ever runs: every fault at once, each at its step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from sentinel.playbook.action import Act
from sentinel.playbook.document import (
    Action,
    AnyStep,
    If,
    Manual,
    Parallel,
    Playbook,
    Schedule,
    Start,
    SubPlaybook,
    Switch,
    While,
)  # fmt: skip
from sentinel.playbook.expression import Condition, names_in
from sentinel.playbook.fault import PlaybookError, PlaybookProblem
from sentinel.playbook.value import check_value
from sentinel.text import Message

__all__ = ["lint", "successors"]

_AT = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
Acts = Mapping[str, Act]
"""By an action's name."""


def successors(step: AnyStep) -> list[str]:
    """Every step that `step` names, in the order in which they may come."""
    inner: list[str] = []
    match step:
        case Parallel():
            inner = step.next_steps
        case If():
            inner = [step.on_true, step.on_false]
        case While():
            inner = [step.on_true]
        case Switch():
            inner = list(step.cases.values())
    return [id for id in (*inner, step.on_completion, step.on_success, step.on_failure) if id]


def lint(
    playbook: Playbook, path: Path, actions: Acts, known: frozenset[str] | None = None
) -> list[PlaybookProblem]:
    """All problems of `playbook`. `known` are the ids of all playbooks, where sub-playbooks are to be checked."""
    return [
        PlaybookProblem(path, step, message, warning)
        for step, message, warning in _faults(playbook, actions, known)
    ]


Fault = tuple[str, Message, bool]


def _faults(playbook: Playbook, actions: Acts, known: frozenset[str] | None) -> Iterator[Fault]:
    yield from _triggers(playbook)
    for name, variable in playbook.variables.items():
        try:
            check_value(name, variable, variable.value)
        except PlaybookError as error:
            yield "", error.message, False
    if not isinstance(playbook.workflow.get(playbook.workflow_start), Start):
        yield "", Message("playbook.no-start", step=playbook.workflow_start), False
    if playbook.workflow_exception and playbook.workflow_exception not in playbook.workflow:
        yield "", Message("playbook.no-step", step=playbook.workflow_exception), False
    for id, step in playbook.workflow.items():
        for next in successors(step):
            if next not in playbook.workflow:
                yield id, Message("playbook.no-step", step=next), False
        if step.on_completion and (step.on_success or step.on_failure):
            yield id, Message("playbook.two-ways"), False
        for name in sorted(_names(step) - playbook.variables.keys()):
            yield id, Message("playbook.no-variable", name=name), False
        for message in _of_step(step, actions, known):
            yield id, message, False
    yield from _reach(playbook)


def _triggers(playbook: Playbook) -> Iterator[Fault]:
    if not playbook.triggers:
        yield "", Message("playbook.no-trigger"), False
    for trigger in playbook.triggers:
        schedule = trigger.schedule
        if schedule is not None and not _is_schedule(schedule):
            yield "", Message("playbook.bad-schedule"), False
        if not any(
            (trigger.rule, trigger.category, trigger.level, trigger.asset_class, trigger.manual, schedule)
        ):
            yield "", Message("playbook.empty-trigger"), False


def _is_schedule(schedule: Schedule) -> bool:
    return bool(_AT.match(schedule.at)) if schedule.at else schedule.every > 0


def _names(step: AnyStep) -> set[str]:
    """Variables that a step reads or writes."""
    match step:
        case Action():
            rollback = names_in(step.rollback.arguments) if step.rollback else set()
            return names_in(step.arguments) | rollback | set(step.save.values())
        case Manual():
            return names_in([step.instruction, step.instruction_en]) | ({step.save} if step.save else set())
        case If() | While():
            return names_in(step.condition)
        case Switch():
            return names_in(step.switch)
        case SubPlaybook():
            return names_in(step.in_args) | set(step.out_args.values())
    return set()


def _of_step(step: AnyStep, actions: Acts, known: frozenset[str] | None) -> Iterator[Message]:
    match step:
        case Action():
            yield from _of_action(step, actions)
        case If() | While():
            try:
                Condition(step.condition)
            except PlaybookError as error:
                yield error.message
        case Switch() if not step.cases:
            yield Message("playbook.no-cases")
        case Parallel() if len(step.next_steps) < 2:
            yield Message("playbook.not-parallel")
        case SubPlaybook() if known is not None and step.playbook_id not in known:
            yield Message("playbook.unknown", name=step.playbook_id)


def _of_action(step: Action, actions: Acts) -> Iterator[Message]:
    pairs = [(step.action, step.arguments)]
    if step.rollback is not None:
        pairs.append((step.rollback.action, step.rollback.arguments))
    for name, arguments in pairs:
        if name not in actions:
            yield Message("playbook.no-action", name=name, known=", ".join(sorted(actions)))
        elif wrong := actions[name].check(arguments):
            yield wrong
    if step.action in actions and actions[step.action].needs_approval and step.approval is None:
        yield Message("playbook.needs-approval")
    if step.approval is not None and (step.approval.persons not in (1, 2) or step.approval.expiry <= 0):
        yield Message("playbook.bad-approval")
    if step.timeout <= 0:
        yield Message("playbook.bad-timeout")


def _reach(playbook: Playbook) -> Iterator[Fault]:
    """Steps that nothing leads to; circles of steps that are no `while`."""
    reached: set[str] = set()
    waiting = [playbook.workflow_start, playbook.workflow_exception]
    while waiting:
        id = waiting.pop()
        if id in reached or id not in playbook.workflow:
            continue
        reached.add(id)
        waiting += successors(playbook.workflow[id])
    for id in playbook.workflow:
        if id not in reached:
            yield id, Message("playbook.unreached"), True
    done: set[str] = set()
    for id in playbook.workflow:
        if circle := _circle(playbook, id, done):
            yield circle, Message("playbook.circle"), False


def _circle(playbook: Playbook, begin: str, done: set[str]) -> str:
    """A step from which its own successors lead back to it, or empty; walks without recursion."""
    path = [(begin, successors(playbook.workflow[begin]))] if begin not in done else []
    on_path = {begin} if path else set()
    while path:
        id, nexts = path[-1]
        if not nexts:
            path.pop()
            on_path.discard(id)
            done.add(id)
            continue
        next, path[-1] = nexts[0], (id, nexts[1:])
        if next in on_path:
            done.update(on_path)
            return next
        if next not in done and next in playbook.workflow:
            path.append((next, successors(playbook.workflow[next])))
            on_path.add(next)
    return ""
