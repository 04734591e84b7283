"""What keeps a document from running, in words only when someone reads it."""

from __future__ import annotations

import msgspec

from sentinel.text import text

__all__ = ["DocumentFault", "Fault"]


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong: its reason and remedy stand in the catalogue under its name."""

    name: str
    values: dict[str, str] = {}

    @classmethod
    def of(cls, name: str, /, **values: object) -> Fault:
        """The fault `name` with the values that its sentences show."""
        return cls(name, {key: " ".join(str(value).split()) for key, value in values.items()})

    @property
    def reason(self) -> str:
        """Why it does not run."""
        return text(f"rule.fault.{self.name}", **self.values)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return text(f"rule.remedy.{self.name}", **self.values)


class DocumentFault(ValueError):
    """A document that does not run."""

    def __init__(self, key: str, name: str, /, **values: object) -> None:
        self.fault = Fault.of(name, **values)
        super().__init__(name)
        self.key = key
        """The line to look at begins with this."""

    def __str__(self) -> str:
        return self.fault.reason
