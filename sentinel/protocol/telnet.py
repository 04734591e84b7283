"""Telnet (RFC 854): log-ins, seen from the prompts and what the server says to them."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.login import login
from sentinel.protocol.sasl import MAX_NAME
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Telnet"]

MAX_TEXT: Final = 512
"""Bytes of what the server said last that are looked at."""
MAX_ATTEMPTS: Final = 64
MAX_BYTES: Final = 65_536
"""Of both sides, before a log-in: more is no log-in."""

_IAC: Final = 0xFF
_SUBNEGOTIATION, _END = 0xFA, 0xF0
_USER: Final = re.compile(
    rb"(?:login|user ?name|user|account|\xe7\x94\xa8\xe6\x88\xb7\xe5\x90\x8d?)\s*[:\xef\xbc\x9a]+\s*$", re.I
)
_PASSWORD: Final = re.compile(
    rb"(?:password|passwd|passcode|\xe5\xaf\x86\xe7\xa0\x81|\xe5\x8f\xa3\xe4\xbb\xa4)[^\r\n]{0,40}[:\xef\xbc\x9a]+\s*$",
    re.I,
)
_REFUSED: Final = re.compile(
    rb"incorrect|fail|invalid|denied|bad (?:user|pass)|wrong|error|locked|\xe5\xa4\xb1\xe8\xb4\xa5|\xe9\x94\x99\xe8\xaf\xaf",
    re.I,
)
_SHELL: Final = re.compile(rb"(?:^|[\r\n])[^\r\n]{0,120}[#$>%\]]\s?(?:\x1b\[[0-9;?]*[a-zA-Z]\s?)*$")


class _Text:
    """One direction without its commands (RFC 854, 855), which may be cut anywhere."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def push(self, data: bytes) -> bytes:
        """The text in `data`."""
        data = self._pending + data
        self._pending = b""
        if _IAC not in data:
            return data
        pieces = []
        at, size = 0, len(data)
        while at < size:
            mark = data.find(b"\xff", at)
            if mark < 0:
                pieces.append(data[at:])
                break
            pieces.append(data[at:mark])
            end = self._after(data, mark)
            if end > size:
                self._pending = data[mark:][:MAX_TEXT]
                break
            if data[mark + 1] == _IAC:
                pieces.append(b"\xff")
            at = end
        return b"".join(pieces)

    @staticmethod
    def _after(data: bytes, mark: int) -> int:
        """Where the command at `mark` ends; past the data if it is not whole."""
        size = len(data)
        if mark + 2 > size:
            return size + 1
        code = data[mark + 1]
        if code == _SUBNEGOTIATION:
            end = data.find(b"\xff\xf0", mark + 2)
            return end + 2 if end >= 0 else size + 1
        return mark + (3 if 0xFB <= code <= 0xFE else 2)


class Telnet(Analyzer):
    """One session, until someone is in."""

    __slots__ = ("_attempts", "_bytes", "_line", "_said", "_texts", "_tried", "_user", "_wants")

    service: ClassVar[str] = "telnet"
    ports: ClassVar[frozenset[int]] = frozenset({23, 2323})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._texts = (_Text(), _Text())
        self._said = b""
        """What the server said since the client's last line."""
        self._line = b""
        """What the client typed since its last line."""
        self._wants: str | None = None
        """What the last prompt asked for: `user` or `password`."""
        self._user: str | None = None
        self._tried: float | None = None
        """When the password that waits for its verdict was sent."""
        self._attempts = 0
        self._bytes = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Negotiation of an option that exists: IAC, WILL/WONT/DO/DONT."""
        if data[0] != _IAC:
            return False
        if len(data) < 3:
            return None if len(data) < 2 or 0xFB <= data[1] <= 0xFE else False
        return (
            0xFB <= data[1] <= 0xFE
            and data[2] <= 49
            and (len(data) == 3 or data[3] in (_IAC, 10, 13) or data[3] >= 32)
        )

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        self._bytes += len(data)
        text = self._texts[is_orig].push(data)
        if not is_orig:
            self._said = (self._said + text)[-MAX_TEXT:]
        elif text:
            # What the server said is whole once the client goes on; a prompt may come in pieces.
            self._listen()
            if not self.done:
                self._typed(text, ts)
        if self._bytes > MAX_BYTES or self._attempts >= MAX_ATTEMPTS:
            self.done = True

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """What was typed or said in the hole is not known."""
        self._line = self._said = b""

    def _typed(self, text: bytes, ts: float) -> None:
        for piece in (
            text.replace(b"\r\n", b"\r").replace(b"\r\x00", b"\r").replace(b"\n", b"\r").splitlines(True)
        ):
            self._line = (self._line + piece)[:MAX_NAME]
            if not piece.endswith(b"\r"):
                continue
            line, self._line = self._line.rstrip(b"\r"), b""
            if self._wants == "user":
                self._user = printable(line)
            elif self._wants == "password":
                self._tried = ts
            self._wants = None
            self._said = b""

    def _listen(self, over: bool = False) -> None:
        """Understand what the server said; at the end of the flow what is no welcome is a refusal."""
        said = self._said.rstrip(b"\x00")
        asks = "password" if _PASSWORD.search(said) else "user" if _USER.search(said) else None
        if self._tried is not None:
            refused = _REFUSED.search(said) is not None or asks is not None
            if not refused and over and said.strip():
                refused = _SHELL.search(said) is None
            if refused or _SHELL.search(said):
                self._verdict(not refused, said)
        if asks is not None:
            self._wants = asks

    def _verdict(self, success: bool, said: bytes) -> None:
        if self._tried is None:
            return
        lines = [line for line in said.splitlines() if line.strip()]
        message = printable(lines[0].strip()[:200]) if lines and not success else ""
        self.emit(login(self.flow, self._tried, "telnet", self._user, success, "password", message))
        self._tried = None
        self._attempts += 1
        self.done = success

    def finish(self, ts: float) -> None:
        """Tell the log-in whose verdict was the last that was said."""
        if not self.done:
            self._listen(over=True)
        self.done = True
