"""What an action is: declared parameters, and one way to act."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sentinel.playbook.document import Variable, VariableType
from sentinel.playbook.expression import names_in
from sentinel.playbook.fault import ActionFailed, PlaybookError
from sentinel.playbook.value import check_value
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Act", "Call", "Parameter", "Result"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of an action's arguments."""

    type: VariableType
    required: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One time an action is asked to act."""

    run: str
    key: str
    """Which step of the run, with its way through branches and loops: with `run` unique for ever."""
    playbook: str
    arguments: Mapping[str, Any]
    incident: str = ""
    alert: str = ""
    """The alert that started the run: its incident is the run's, where none is named."""
    drill: bool = False
    ts: float = 0.0
    approved_by: tuple[str, ...] = ()
    """Who agreed, in the order in which they did."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """For `save`; kept in the journal, so JSON."""
    commit: Callable[[Database], Mapping[str, Any]] | None = None
    """Work in the same transaction as the journal's entry; what it returns joins `values`."""


class Act(ABC):
    """An action by name. Raises ActionFailed where it did not do it; anything else raised counts the same."""

    name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]
    transactional: ClassVar[bool] = False
    """All it does, it does in `Result.commit`: caught in the middle, it was certainly not done."""
    touches: ClassVar[bool] = True
    """Reaches out of this program: in a drill it is only told, not done."""

    needs_approval: ClassVar[bool] = False
    """A person answers for it: a step without an approval is a mistake."""

    def changes(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a system would not be afterwards what it was before: held back while changes are frozen."""
        return self.touches

    def check(self, arguments: Mapping[str, Any]) -> Message | None:
        """What is wrong with arguments as written, variables not yet filled in."""
        for name in arguments:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                return Message("playbook.no-parameter", action=self.name, name=name, known=known)
        for name, parameter in self.parameters.items():
            value = arguments.get(name)
            if value is None and parameter.required:
                return Message("playbook.no-argument", action=self.name, name=name)
            if not names_in(value):
                try:
                    check_value(name, Variable(type=parameter.type), value)
                except PlaybookError as error:
                    return error.message
        return None

    async def perform(self, call: Call) -> Result:
        """Act, once the filled-in arguments are what they should be."""
        if wrong := self.check(call.arguments):
            raise ActionFailed(wrong)
        return await self.act(call)

    @abstractmethod
    async def act(self, call: Call) -> Result:
        """Do it."""
