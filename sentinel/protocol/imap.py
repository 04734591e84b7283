"""IMAP (RFC 3501, 9051): log-ins and STARTTLS. Once someone is in, the mail is left alone."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import Lines, printable
from sentinel.protocol.login import login
from sentinel.protocol.sasl import MAX_NAME, SaslUser
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Imap"]

MAX_PENDING: Final = 64
MAX_LINES: Final = 1024
MAX_COMMAND: Final = 4096

_FIRST_COMMANDS: Final = frozenset(b"CAPABILITY LOGIN AUTHENTICATE STARTTLS ID".split())
_LITERAL: Final = re.compile(rb"\{\d{1,4}\+?\}$")
_WORD: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\S+)')


class Imap(Analyzer):
    """One connection to a mailbox, until someone is in."""

    __slots__ = ("_answering", "_begun", "_lines", "_pending", "_sasl", "_seen")

    service: ClassVar[str] = "imap"
    ports: ClassVar[frozenset[int]] = frozenset({143})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._lines = (Lines(), Lines())
        self._pending: dict[bytes, tuple[bytes, str | None]] = {}
        """By tag: the command, and whom it lets in."""
        self._sasl: SaslUser | None = None
        self._answering = False
        self._begun = b""
        """A command whose literal follows."""
        self._seen = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The server's greeting; or a tag and a command with which clients begin."""
        if not is_orig:
            if data[0] != 0x2A:
                return False
            start = data[:12].upper()
            if start.startswith((b"* OK ", b"* PREAUTH ")):
                return True
            return None if b"* OK ".startswith(start) or b"* PREAUTH ".startswith(start) else False
        tag, space, rest = data[:48].partition(b" ")
        if not tag.isalnum() or len(tag) > 16:
            return False
        if not space:
            return None if len(data) < 16 else False
        word = rest.split(maxsplit=1)[0].upper() if rest.strip() else b""
        if word in _FIRST_COMMANDS:
            return True if data.endswith(b"\r\n") else None
        return (
            None
            if b"\n" not in rest and len(rest) < 15 and any(one.startswith(word) for one in _FIRST_COMMANDS)
            else False
        )

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        lines = self._lines[is_orig]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            self._seen += 1
            if is_orig:
                self._client(line)
            else:
                self._server(line, ts)
        if self._seen > MAX_LINES:
            self.done = True
        if self.successor is not None:
            self.unread = [(True, self._lines[True].take()), (False, self._lines[False].take())]

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole costs the lines it lies in."""
        self._lines[is_orig].lost()

    def _client(self, line: bytes) -> None:
        if self._answering and self._sasl is not None:
            self._sasl.answer(line)
            return
        line = self._begun + line[:MAX_COMMAND]
        self._begun = b""
        if _LITERAL.search(line) and len(line) < MAX_COMMAND:
            self._begun = _LITERAL.sub(b"", line)
            return
        tag, _, rest = line.partition(b" ")
        words = [quoted or plain for quoted, plain in _WORD.findall(rest[:MAX_COMMAND])]
        if not tag or not words:
            return
        command, user = words[0].upper(), None
        if command == b"LOGIN" and len(words) > 1:
            user = printable(words[1][:MAX_NAME])
        elif command == b"AUTHENTICATE" and len(words) > 1:
            self._sasl = SaslUser(words[1])
            self._answering = True
            if len(words) > 2:
                self._sasl.answer(words[2])
        if len(self._pending) < MAX_PENDING:
            self._pending[tag[:32]] = (command, user)

    def _server(self, line: bytes, ts: float) -> None:
        tag, _, rest = line.partition(b" ")
        if tag == b"*" and rest.startswith(b"PREAUTH"):
            self.done = True
        command, user = self._pending.pop(tag[:32], (b"", None))
        if not command:
            return
        result, _, text = rest.partition(b" ")
        accepted = result.upper() == b"OK"
        if command in (b"LOGIN", b"AUTHENTICATE"):
            sasl, self._sasl, self._answering = self._sasl, None, False
            method = "password"
            if command == b"AUTHENTICATE" and sasl is not None:
                user, method = sasl.name, sasl.mechanism
            self.emit(login(self.flow, ts, "imap", user, accepted, method, printable(text[:512])))
            self.done = accepted
        elif command == b"STARTTLS" and accepted:
            self.successor = Tls
            self.done = True
