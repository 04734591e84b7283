"""What the device ledger knows of who is responsible; the ledger itself is given by whoever wires us."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Device", "Ledger", "NoLedger", "enter_owner"]


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


def enter_owner(connection: Any, incident: int, device: Device) -> None:
    """Write down whose an incident is. A department that someone named already stays."""
    connection.execute(
        "UPDATE incident SET department = CASE WHEN department = '' THEN ? ELSE department END, responsible = ?,"
        " phone = ?, location = ?, system = ?, cii = ? WHERE id = ?",
        (
            device.department,
            device.responsible,
            device.phone,
            device.location,
            device.system,
            device.cii,
            incident,
        ),
    )
