"""Modbus/TCP (Modbus Messaging on TCP/IP Implementation Guide 1.0b)."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.modbus import Modbus as ModbusEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Modbus"]

_HEAD: Final = 6
MAX_UNIT: Final = 254
"""Bytes after the length field."""

_FUNCTIONS: Final = {
    0x01: "READ_COILS",
    0x02: "READ_DISCRETE_INPUTS",
    0x03: "READ_HOLDING_REGISTERS",
    0x04: "READ_INPUT_REGISTERS",
    0x05: "WRITE_SINGLE_COIL",
    0x06: "WRITE_SINGLE_REGISTER",
    0x07: "READ_EXCEPTION_STATUS",
    0x08: "DIAGNOSTICS",
    0x09: "PROGRAM_484",
    0x0A: "POLL_484",
    0x0B: "GET_COMM_EVENT_COUNTER",
    0x0C: "GET_COMM_EVENT_LOG",
    0x0D: "PROGRAM_584_984",
    0x0E: "POLL_584_984",
    0x0F: "WRITE_MULTIPLE_COILS",
    0x10: "WRITE_MULTIPLE_REGISTERS",
    0x11: "REPORT_SLAVE_ID",
    0x12: "PROGRAM_884_U84",
    0x13: "RESET_COMM_LINK_884_U84",
    0x14: "READ_FILE_RECORD",
    0x15: "WRITE_FILE_RECORD",
    0x16: "MASK_WRITE_REGISTER",
    0x17: "READ_WRITE_MULTIPLE_REGISTERS",
    0x18: "READ_FIFO_QUEUE",
    0x28: "PROGRAM_CONCEPT",
    0x2B: "ENCAP_INTERFACE_TRANSPORT",
}
_EXCEPTIONS: Final = {
    0x01: "ILLEGAL_FUNCTION",
    0x02: "ILLEGAL_DATA_ADDRESS",
    0x03: "ILLEGAL_DATA_VALUE",
    0x04: "SLAVE_DEVICE_FAILURE",
    0x05: "ACKNOWLEDGE",
    0x06: "SLAVE_DEVICE_BUSY",
    0x08: "MEMORY_PARITY_ERROR",
    0x0A: "GATEWAY_PATH_UNAVAILABLE",
    0x0B: "GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND",
}
_FIXED: Final = frozenset(range(1, 7))
"""Functions whose requests have four bytes of arguments."""


def _measure(data: bytes, at: int) -> int:
    if at + _HEAD > len(data):
        return MORE
    length = data[at + 4] << 8 | data[at + 5]
    return _HEAD + length if data[at + 2 : at + 4] == b"\x00\x00" and 2 <= length <= MAX_UNIT else BROKEN


class Modbus(Analyzer):
    """One connection between a client and a controller."""

    __slots__ = ("_messages",)

    service: ClassVar[str] = "modbus"
    ports: ClassVar[frozenset[int]] = frozenset({502})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, _HEAD + MAX_UNIT), Messages(_measure, _HEAD + MAX_UNIT))

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Whole messages, one after another, of functions that exist; the first of a length its function has."""
        if len(data) < 9:
            return None if data[2:5] == b"\x00\x00\x00"[: len(data[2:5])] else False
        if data[2:5] != b"\x00\x00\x00":
            return False
        function, length = data[7] & 0x7F, data[5]
        if function not in _FUNCTIONS or (data[7] & 0x80 and (length != 3 or data[8] not in _EXCEPTIONS)):
            return False
        if is_orig and not data[7] & 0x80 and function in _FIXED and length != 6:
            return False
        at, size = 0, len(data)
        while at < size:
            step = _measure(data, at)
            if step == BROKEN:
                return False
            if not step or at + step > size:
                return None
            at += step
        return True

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while (message := messages.pop()) is not None:
            self._tell(is_orig, message, ts)
        if messages.broken:
            self.flow.weird("Modbus_invalid_header", ts, None, "MODBUS")
            self.done = True

    def _tell(self, is_orig: bool, message: bytes, ts: float) -> None:
        code = message[7]
        name = _FUNCTIONS.get(code & 0x7F)
        event = ModbusEvent(
            ts=ts,
            **self.whose,
            tid=message[0] << 8 | message[1],
            unit=message[6],
            func=f"unknown-{code}" if name is None else f"{name}_EXCEPTION" if code & 0x80 else name,
            pdu_type="REQ" if is_orig else "RESP",
        )
        if code & 0x80 and len(message) > 8:
            event.exception = _EXCEPTIONS.get(message[8], f"unknown-{message[8]}")
        self.emit(event)
