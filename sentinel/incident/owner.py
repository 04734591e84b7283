"""What the device ledger knows of who is responsible; the ledger itself is given by whoever wires us."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Device", "Ledger", "NoLedger"]


class Device(Protocol):
    """As much of a device as an incident shows."""

    @property
    def department(self) -> str: ...
    @property
    def responsible(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def location(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def cii(self) -> bool: ...


class Ledger(Protocol):
    """Finds devices, at once and from any thread."""

    def find(self, zone: str | None, address: str, /) -> Device | None:
        """The device at an address of a zone."""


class NoLedger:
    """Knows nothing."""

    def find(self, zone: str | None, address: str, /) -> Device | None:
        """None."""
        return None
