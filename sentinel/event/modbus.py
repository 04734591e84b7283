"""`modbus`: one message to or from a controller (Zeek's modbus.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Modbus"]


class Modbus(FlowEvent, kw_only=True):
    """A request or a response."""

    kind: ClassVar[str] = "modbus"

    tid: int
    """Transaction."""
    unit: int
    func: str
    """`READ_HOLDING_REGISTERS` …; refused: `WRITE_SINGLE_COIL_EXCEPTION`."""
    pdu_type: str
    """`REQ` or `RESP`."""
    exception: str | None = None
    """Why it was refused."""
