"""Syslog on the wire (RFC 3164, 5424; TCP by lines or by counted octets, RFC 6587)."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.syslog import Syslog as SyslogEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Syslog"]

MAX_MESSAGE: Final = 8192

_FACILITIES: Final = (
    "KERN USER MAIL DAEMON AUTH SYSLOG LPR NEWS UUCP CRON AUTHPRIV FTP NTP AUDIT ALERT CLOCK "
    "LOCAL0 LOCAL1 LOCAL2 LOCAL3 LOCAL4 LOCAL5 LOCAL6 LOCAL7"
).split()
_SEVERITIES: Final = "EMERG ALERT CRIT ERR WARNING NOTICE INFO DEBUG".split()


def _priority(data: bytes) -> tuple[int, bytes] | None:
    """The number in `<…>` and what follows it; None where there is none, or one out of range."""
    end = data.find(b">", 1, 5)
    digits = data[1:end]
    if end < 2 or data[0] != 0x3C or not digits.isdigit() or int(digits) >= 8 * len(_FACILITIES):
        return None
    return int(digits), data[end + 1 :]


def _measure(data: bytes, at: int) -> int:
    """A count, a space and so many bytes; or a line."""
    if data[at] == 0x3C:
        end = data.find(b"\n", at, at + MAX_MESSAGE)
        return end + 1 - at if end >= 0 else MAX_MESSAGE if len(data) - at >= MAX_MESSAGE else MORE
    space = data.find(b" ", at, at + 8)
    count = data[at : space if space >= 0 else at + 8]
    if not count.isdigit():
        return 1 if data[at] in b"\r\n\x00" else BROKEN
    return space + 1 - at + int(count) if space >= 0 else MORE if len(count) < 8 else BROKEN


class Syslog(Analyzer):
    """One sender's messages."""

    __slots__ = ("_messages",)

    service: ClassVar[str] = "syslog"
    transports: ClassVar[frozenset[str]] = frozenset({"tcp", "udp"})
    ports: ClassVar[frozenset[int]] = frozenset({514, 601})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = Messages(_measure, MAX_MESSAGE)

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A priority in angle brackets, over TCP perhaps after a count, and text after it."""
        if not is_orig or not data:
            return False
        if data[0] != 0x3C:
            if transport == "udp" or not 0x31 <= data[0] <= 0x39:
                return False
            count, space, data = data.partition(b" ")
            if not count.isdigit() or len(count) > 6:
                return False
            if not space or not data:
                return None
        if len(data) < 5 and transport == "tcp" and data[:1] == b"<" and b">" not in data:
            return None if data[1:].isdigit() or len(data) == 1 else False
        found = _priority(data)
        if found is None:
            return False
        return found[1][:1].isalnum() or found[1][:1] in (b" ", b":", b"[", b"*", b"-") if found[1] else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """A datagram is one message; a stream has them one after another."""
        if not is_orig:
            return
        if self.flow.proto == "udp":
            self._tell(data[:MAX_MESSAGE], ts)
            return
        messages = self._messages
        messages.push(data)
        while (message := messages.pop()) is not None:
            if message[:1] != b"<":
                message = message.partition(b" ")[2]
            if message:
                self._tell(message, ts)
        if messages.broken:
            self.flow.weird("syslog_invalid_frame", ts, None, "SYSLOG")
            self.done = True

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """Where the next message begins is not known any more."""
        self.done = self.done or (is_orig and not self._messages.lost(length))

    def _tell(self, message: bytes, ts: float) -> None:
        number, rest = _priority(message) or (None, message)
        self.emit(
            SyslogEvent(
                ts=ts,
                **self.whose,
                proto=self.flow.proto,
                facility="UNSPECIFIED" if number is None else _FACILITIES[number >> 3],
                severity="UNSPECIFIED" if number is None else _SEVERITIES[number & 7],
                message=printable(rest.rstrip(b"\r\n\x00")),
            )
        )

    def finish(self, ts: float) -> None:
        """A last line needs no end."""
        rest = self._messages.take()
        if rest.startswith(b"<") and not self.done:
            self._tell(rest[:MAX_MESSAGE], ts)
        self.done = True
