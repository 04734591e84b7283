"""A playbook as it is written: OASIS CACAO Security Playbooks 2.0's words, with what a duty desk needs besides.

Times are whole or broken seconds. Text for people stands in Chinese with an English twin (`name`, `name_en`).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "Action", "Approval", "End", "If", "Manual", "Parallel", "Playbook", "Retry", "Rollback", "Schedule", "Start",
    "Step", "SubPlaybook", "Switch", "Trigger", "Variable", "While",
]  # fmt: skip

VariableType: TypeAlias = Literal[
    "string",
    "integer",
    "float",
    "bool",
    "ipv4-addr",
    "ipv6-addr",
    "ip-addr",
    "mac-addr",
    "uri",
    "list",
    "dictionary",
]
"""CACAO 2.0 section 10.18, as far as used, and `ip-addr` for either version."""
Owner: TypeAlias = Literal["officer", "leader", "in_charge"]
"""Roles of the roster: officer on duty, leader on duty, person in charge."""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Anything in a playbook: a word that is not known is a mistake."""


class Variable(Written, frozen=True, kw_only=True):
    """A value with a type. `source` names where the trigger supplies it: a field of the alert such as `src`."""

    type: VariableType
    description: str = ""
    value: Any = None
    constant: bool = False
    external: bool = False
    """Must be supplied when the run starts."""
    source: str = ""


class Schedule(Written, frozen=True, kw_only=True):
    """Times at which it starts by itself: every so many seconds, or daily at `HH:MM` of the site's clock."""

    every: float = 0.0
    at: str = ""
    late: float = 3600.0
    """Seconds by which it may still start late, after a time without a daemon; past that it is told and not made up for."""


class Trigger(Written, frozen=True, kw_only=True):
    """What starts the playbook: all that is named must hold. `manual` alone: only people start it."""

    rule: str = ""
    """A Sigma rule's id."""
    category: str = ""
    """GB/T 20986 category, or its beginning: `MP` stands for all malicious programs."""
    level: Literal["", "informational", "low", "medium", "high", "critical"] = ""
    """This level or above."""
    asset_class: str = ""
    manual: bool = False
    schedule: Schedule | None = None


class Approval(Written, frozen=True, kw_only=True):
    """Who must agree before a step acts."""

    role: Owner = "leader"
    persons: int = 1
    """1, or 2 different people."""
    expiry: float = 1800.0
    """Seconds after which `default` holds."""
    default: Literal["reject", "approve"] = "reject"


class Retry(Written, frozen=True, kw_only=True):
    """Tries after a failure: how many more, and the seconds between."""

    times: int = 1
    pause: float = 5.0


class Rollback(Written, frozen=True, kw_only=True):
    """What takes the action back, by itself after so many seconds (0: only when someone asks)."""

    action: str
    arguments: dict[str, Any] = {}
    after: float = 0.0


class Step(Written, frozen=True, kw_only=True, tag_field="type"):
    """What all steps share."""

    name: str = ""
    name_en: str = ""
    description: str = ""
    delay: float = 0.0
    on_completion: str = ""
    on_success: str = ""
    on_failure: str = ""


class Start(Step, frozen=True, kw_only=True, tag="start"):
    """Where a workflow begins."""


class End(Step, frozen=True, kw_only=True, tag="end"):
    """Where a sequence ends."""


class Action(Step, frozen=True, kw_only=True, tag="action"):
    """Something the daemon does."""

    action: str
    arguments: dict[str, Any] = {}
    timeout: float = 60.0
    retry: Retry | None = None
    approval: Approval | None = None
    rollback: Rollback | None = None
    save: dict[str, str] = {}
    """Variables that take values of the action's result, by the result's keys."""
    on_unknown: Literal["ask", "retry", "skip", "fail"] = "ask"
    """What holds when the daemon died in the middle of it: nobody knows whether it was done."""
    owner: Owner = "officer"
    deadline: float = 0.0
    """Seconds from its beginning, approval and all, until it counts as late (0: none); it goes on past that."""


class Manual(Step, frozen=True, kw_only=True, tag="manual"):
    """Something a person does, and says so."""

    instruction: str
    instruction_en: str
    owner: Owner = "officer"
    deadline: float = 0.0
    """Seconds from its beginning until it counts as late (0: none); it stays open past that."""
    timeout: float = 0.0
    """Seconds after which it counts as failed (0: never)."""
    save: str = ""
    """The variable that takes the person's answer."""
    choices: list[str] = []
    """What may be answered; empty: anything."""


class Parallel(Step, frozen=True, kw_only=True, tag="parallel"):
    """Sequences side by side; goes on when all have ended. Fails where one of them failed."""

    next_steps: list[str]


class If(Step, frozen=True, kw_only=True, tag="if"):
    """One of two sequences, then on."""

    condition: str
    on_true: str
    on_false: str = ""


class Switch(Step, frozen=True, kw_only=True, tag="switch"):
    """The sequence of the value's case, or of `default`, then on."""

    switch: str
    cases: dict[str, str]


class While(Step, frozen=True, kw_only=True, tag="while"):
    """A sequence as long as a condition holds, at most `most` times."""

    condition: str
    on_true: str
    most: int = 100


class SubPlaybook(Step, frozen=True, kw_only=True, tag="playbook"):
    """Another playbook, run to its end as a part of this run."""

    playbook_id: str
    in_args: dict[str, Any] = {}
    out_args: dict[str, str] = {}
    """Our variables by the names of its own."""


AnyStep: TypeAlias = Start | End | Action | Manual | Parallel | If | Switch | While | SubPlaybook


class Playbook(Written, frozen=True, kw_only=True):
    """One playbook."""

    id: str
    name: str
    name_en: str
    description: str = ""
    description_en: str = ""
    basis: str = ""
    """What it follows: statutes, standards, samples."""
    playbook_types: list[str] = []
    severity: int = 0
    priority: int = 0
    labels: list[str] = []
    triggers: list[Trigger]
    variables: dict[str, Variable] = {}
    workflow_start: str
    workflow_exception: str = ""
    """The sequence that runs when a step fails and no `on_failure` takes care of it."""
    workflow: dict[str, AnyStep]
