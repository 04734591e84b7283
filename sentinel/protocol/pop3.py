"""POP3 (RFC 1939, 2595, 5034): log-ins and STLS. Once someone is in, the mail is left alone."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import Lines, printable
from sentinel.protocol.login import login
from sentinel.protocol.sasl import MAX_NAME, SaslUser
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Pop3"]

MAX_PENDING: Final = 64
MAX_LINES: Final = 1024
"""Before a log-in; more is no mail client."""

_OWN_COMMANDS: Final = frozenset({b"CAPA", b"STLS", b"APOP"})
_LETTERS: Final = frozenset(b"CSAUcsau")
_GREETING: Final = "<greeting>"


class Pop3(Analyzer):
    """One connection to a mailbox, until someone is in."""

    __slots__ = ("_lines", "_listing", "_pending", "_sasl", "_seen", "_user")

    service: ClassVar[str] = "pop3"
    ports: ClassVar[frozenset[int]] = frozenset({110})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._lines = (Lines(), Lines())
        self._pending: deque[str] = deque([_GREETING])
        self._user: str | None = None
        self._sasl: SaslUser | None = None
        self._listing = False
        self._seen = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The server's greeting: `+OK`, a space, a line of text; or a command that only POP3 has."""
        if is_orig:
            if data[0] not in _LETTERS:
                return False
            word = data[:6].upper().rstrip(b"\r\n").partition(b" ")[0]
            if word in _OWN_COMMANDS:
                return True if data.endswith(b"\n") else None
            return None if word == b"USER" or any(own.startswith(word) for own in _OWN_COMMANDS) else False
        if not data.startswith(b"+OK "[: len(data)]):
            return False
        line, end, _ = data.partition(b"\n")
        return (line.rstrip(b"\r").isascii() and len(line) > 5) if end else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        lines = self._lines[is_orig]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            self._seen += 1
            if is_orig:
                self._client(line, ts)
            else:
                self._server(line, ts)
        if self._seen > MAX_LINES:
            self.done = True
        if self.successor is not None:
            self.unread = [(True, self._lines[True].take()), (False, self._lines[False].take())]

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole costs the lines it lies in."""
        self._lines[is_orig].lost()

    def _client(self, line: bytes, ts: float) -> None:
        if self._sasl is not None and self._pending and self._pending[-1] == "AUTH":
            self._sasl.answer(line)
            return
        word, _, argument = line.partition(b" ")
        command = printable(word[:8].upper())
        if command == "USER":
            self._user = printable(argument[:MAX_NAME])
        elif command == "APOP":
            self._user = printable(argument.partition(b" ")[0][:MAX_NAME])
        elif command == "AUTH" and argument:
            mechanism, _, initial = argument.partition(b" ")
            self._sasl = SaslUser(mechanism)
            self._sasl.answer(initial)
        if len(self._pending) >= MAX_PENDING:
            self.flow.weird("POP3_too_many_pending_commands", ts, None, "POP3")
            self.done = True
        self._pending.append(command)

    def _server(self, line: bytes, ts: float) -> None:
        if self._listing:
            self._listing = line != b"."
            return
        accepted = line.startswith(b"+OK")
        if not self._pending or not (accepted or line.startswith(b"-ERR")):
            return
        command = self._pending.popleft()
        if command in ("PASS", "APOP", "AUTH"):
            if command == "AUTH" and self._sasl is None:
                self._listing = accepted  # which mechanisms there are
                return
            method = (
                self._sasl.mechanism
                if self._sasl is not None
                else "APOP"
                if command == "APOP"
                else "password"
            )
            user = self._sasl.name if self._sasl is not None else self._user
            self.emit(login(self.flow, ts, "pop3", user, accepted, method, printable(line[4:512].strip())))
            self._sasl = None
            self.done = accepted
        elif command == "STLS" and accepted:
            self.successor = Tls
            self.done = True
        elif command in ("CAPA", "LIST", "UIDL"):
            self._listing = accepted
