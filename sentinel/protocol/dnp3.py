"""DNP3 (IEEE 1815) over TCP and UDP: functions asked for, and the outstation's indications."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.dnp3 import Dnp3 as Dnp3Event
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Dnp3"]

_START: Final = b"\x05\x64"
_LINK: Final = 10
"""Bytes of a frame's head, its checksum included."""
MAX_FRAME: Final = 292

_FUNCTIONS: Final = dict(
    enumerate(
        "CONFIRM READ WRITE SELECT OPERATE DIRECT_OPERATE DIRECT_OPERATE_NR IMMED_FREEZE IMMED_FREEZE_NR "
        "FREEZE_CLEAR FREEZE_CLEAR_NR FREEZE_AT_TIME FREEZE_AT_TIME_NR COLD_RESTART WARM_RESTART INITIALIZE_DATA "
        "INITIALIZE_APPL START_APPL STOP_APPL SAVE_CONFIG ENABLE_UNSOLICITED DISABLE_UNSOLICITED ASSIGN_CLASS "
        "DELAY_MEASURE RECORD_CURRENT_TIME OPEN_FILE CLOSE_FILE DELETE_FILE GET_FILE_INFO AUTHENTICATE_FILE "
        "ABORT_FILE ACTIVATE_CONFIG AUTHENTICATE_REQ AUTHENTICATE_ERR".split()
    )
) | {0x81: "RESPONSE", 0x82: "UNSOLICITED_RESPONSE", 0x83: "AUTHENTICATE_RESP"}


def _measure(data: bytes, at: int) -> int:
    """A checksum of two bytes follows the head and each 16 bytes of what it carries."""
    if at + 3 > len(data):
        return MORE if _START.startswith(data[at : at + 2]) else BROKEN
    if data[at : at + 2] != _START or data[at + 2] < 5:
        return BROKEN
    carried = data[at + 2] - 5
    return _LINK + carried + 2 * ((carried + 15) // 16)


class Dnp3(Analyzer):
    """One connection between a master and an outstation."""

    __slots__ = ("_event", "_messages")

    service: ClassVar[str] = "dnp3"
    transports: ClassVar[frozenset[str]] = frozenset({"tcp", "udp"})
    ports: ClassVar[frozenset[int]] = frozenset({20000})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_FRAME), Messages(_measure, MAX_FRAME))
        self._event: Dnp3Event | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The start bytes, a length and a control byte of a kind that exists."""
        if data[:2] != _START:
            return None if data == b"\x05" else False
        if len(data) < 4:
            return None
        return data[2] >= 5 and data[3] & 0x0F in ((0, 2, 3, 4, 9) if data[3] & 0x40 else (0, 1, 11, 15))

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order, or one datagram."""
        messages = self._messages[is_orig]
        messages.push(data)
        while (frame := messages.pop()) is not None:
            self._frame(frame, ts)
        if messages.broken:
            self.flow.weird("DNP3_invalid_frame", ts, None, "DNP3")
            self.finish(ts)

    def _frame(self, frame: bytes, ts: float) -> None:
        """The first frame of an application message has its head (bit 6 of the transport byte)."""
        if frame[2] < 5 + 3 or not frame[_LINK] & 0x40:
            return
        code = frame[_LINK + 2]
        name = _FUNCTIONS.get(code, f"unknown-{code}")
        event = self._event
        if event is None:
            event = self._event = Dnp3Event(ts=ts, **self.whose)
        event.ts = ts
        if code < 0x80:
            event.fc_request = name
            return
        event.fc_reply = name
        if frame[2] >= 5 + 5:
            event.iin = frame[_LINK + 3] << 8 | frame[_LINK + 4]
        self._conclude()

    def _conclude(self) -> None:
        if self._event is not None:
            self.emit(self._event)
            self._event = None

    def finish(self, ts: float) -> None:
        """Tell the request that had no reply."""
        self._conclude()
        self.done = True
