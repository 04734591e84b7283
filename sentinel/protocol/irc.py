"""IRC (RFC 1459, 2812): log-ins, channels joined, files offered; STARTTLS."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from sentinel.event.irc import Irc as IrcEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import Lines, printable
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Irc"]

MAX_TEXT: Final = 512
"""Of a line (RFC 2812 section 2.3)."""
MAX_CHANNELS: Final = 32

_CLIENT: Final = re.compile(
    rb"^(?:NICK :?[^\s:/]{1,64}|USER \S+ \S+ \S+ :?.*|CAP (?:LS|REQ|END)\b.*)\r?$", re.I | re.M
)
_SERVER: Final = re.compile(
    rb"^:\S+ (?:NOTICE (?:AUTH|\*)|00[1-4]|020|670|37[256]|43[23]|451) |^NOTICE AUTH :", re.M
)
_FIRST_WORDS: Final = (b"NICK", b"USER", b"PASS", b"CAP ", b"STAR")
_LETTERS: Final = frozenset(b"NUPCSnupcs")
_TLS_GRANTED: Final = "670"


class Irc(Analyzer):
    """One connection to a server."""

    __slots__ = ("_lines", "_nick", "_user")

    service: ClassVar[str] = "irc"
    ports: ClassVar[frozenset[int]] = frozenset(
        {6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000}
    )
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._lines = (Lines(), Lines())
        self._nick: str | None = None
        self._user: str | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Whole lines that only IRC has: NICK, USER with its four parameters, CAP; a server's first numbers."""
        if is_orig:
            if data[0] not in _LETTERS or not any(word.startswith(data[:4].upper()) for word in _FIRST_WORDS):
                return False
            return True if _CLIENT.search(data[: data.rfind(b"\n") + 1]) else None
        if data[0] not in b":N":
            return False
        if _SERVER.match(data):
            return True
        return None if b" " not in data[:64] and len(data) < 64 else False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        lines = self._lines[is_orig]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            self._line(is_orig, line, ts)
        if lines.cut:
            lines.cut = 0
            self.flow.weird("irc_line_size_exceeded", ts, None, "IRC")
        if self.successor is not None:
            self.unread = [(is_orig, lines.take())]

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole costs the lines it lies in."""
        self._lines[is_orig].lost()

    def _line(self, is_orig: bool, line: bytes, ts: float) -> None:
        if line.startswith(b"@"):
            line = line.partition(b" ")[2]  # message tags of IRCv3
        if line.startswith(b":"):
            line = line.partition(b" ")[2]
        text = printable(line[:MAX_TEXT])
        head, _, trailing = text.partition(" :")
        words = head.split()
        if not words:
            return
        command, parameters = words[0].upper(), words[1:]
        if trailing or " :" in text:
            parameters.append(trailing)
        if command == "PRIVMSG":
            self._on_message(parameters, ts)
        elif is_orig and parameters:
            self._on_command(command, [parameters[0].removeprefix(":"), *parameters[1:]], ts)
        elif command == _TLS_GRANTED:
            self.successor = Tls
            self.done = True

    def _on_command(self, command: str, parameters: list[str], ts: float) -> None:
        if command == "NICK":
            self._tell(ts, command, parameters[0])
            self._nick = parameters[0]
        elif command == "USER":
            self._tell(ts, command, parameters[0], " ".join(parameters[1:]) or None)
            self._user = parameters[0]
        elif command == "JOIN":
            keys = parameters[1].split(",") if len(parameters) > 1 else []
            for at, channel in enumerate(parameters[0].split(",")[:MAX_CHANNELS]):
                if not channel:
                    continue
                key = keys[at] if at < len(keys) else ""
                self._tell(ts, command, channel, f" with channel key: '{key}'" if key else None)

    def _on_message(self, parameters: list[str], ts: float) -> None:
        """A file offered by DCC: `\\x01DCC SEND name address port size\\x01`."""
        if len(parameters) < 2 or not parameters[1].startswith("\x01DCC SEND "):
            return
        name, *numbers = parameters[1].strip("\x01")[len("DCC SEND ") :].rsplit(" ", 3)
        size = numbers[-1] if len(numbers) == 3 else ""
        event = self._event(ts, "SEND", parameters[0])
        event.dcc_file_name = name.strip('"')
        event.dcc_file_size = int(size) if size.isdigit() and size.isascii() and len(size) < 19 else None
        self.emit(event)

    def _event(self, ts: float, command: str, value: str) -> IrcEvent:
        return IrcEvent(ts=ts, **self.whose, nick=self._nick, user=self._user, command=command, value=value)

    def _tell(self, ts: float, command: str, value: str, addl: str | None = None) -> None:
        event = self._event(ts, command, value)
        event.addl = addl
        self.emit(event)

    def finish(self, ts: float) -> None:
        """Everything is told already."""
        self.done = True
