"""FTP control connections (RFC 959, 2228, 2428): commands with replies, data connections announced.

As in Zeek, a command is told when the next one comes (its last reply is known then), and only those that
move, delete or announce data are told; a refused log-in is told too, for those who count them.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from string import ascii_letters
from typing import ClassVar, Final

from sentinel.event.ftp import Ftp as FtpEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.ftp_address import extended_passive_port, extended_port, host_port
from sentinel.protocol.lines import Lines, printable
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Ftp"]

LOGGED: Final = frozenset({"APPE", "DELE", "RETR", "STOR", "STOU", "ACCT", "PORT", "PASV", "EPRT", "EPSV"})
GUESTS: Final = frozenset({"anonymous", "ftp", "ftpuser", "guest"})
FILE_COMMANDS: Final = frozenset(
    {"APPE", "CWD", "DELE", "MKD", "RETR", "RMD", "RNFR", "RNTO", "STOR", "STOU", "REST", "SIZE", "MDTM"}
)
MOVING: Final = frozenset({"APPE", "RETR", "STOR", "STOU"})
REFUSED: Final = (430, 530)

MAX_PENDING: Final = 20
MAX_EXPECTED: Final = 64
MAX_ANNOUNCED: Final = 4096
MAX_NAME: Final = 128
MAX_TEXT: Final = 4096

_GREETING = "<init>"
_ONLY_FTP: Final = re.compile(
    rb"^(?:SYST|FEAT|PASV|EPSV|PORT|EPRT|TYPE|CWD|PWD|XPWD|STOR|OPTS|PBSZ|PROT|AUTH (?:TLS|SSL|GSSAPI))\b",
    re.I | re.M,
)
_ONLY_FTP_REPLY: Final = re.compile(rb"^(?:331|332|230|530|234|211|215|227|229|257)[ -]", re.M)
_REPLY: Final = re.compile(rb"^([1-5]\d\d)(?:([ -])(.*))?$", re.S)
_NUMBER: Final = re.compile(r"\d+")
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')


class Announced(OrderedDict[tuple[str, int], "Ftp"]):
    """Which control connection announced a data connection, by responder; the oldest give way."""

    def __setitem__(self, key: tuple[str, int], value: Ftp) -> None:
        super().__setitem__(key, value)
        if len(self) > MAX_ANNOUNCED:
            self.popitem(last=False)


def announced(flow: Endpoints) -> Announced:
    """Of the worker of this flow."""
    found: Announced | None = flow.shared.get("ftp")
    if found is None:
        found = flow.shared["ftp"] = Announced()
    return found


class _Command:
    __slots__ = ("arg", "name", "ts")

    def __init__(self, name: str, arg: str, ts: float) -> None:
        self.name = name
        self.arg = arg
        self.ts = ts


def _join(directory: str, path: str) -> str:
    """A path seen from a directory, `..` and doubled slashes resolved where they can be."""
    whole = path if path.startswith("/") else f"{directory.rstrip('/')}/{path}" if path else directory
    kept: list[str] = []
    parts = whole.split("/")
    for part in parts[1:] if whole.startswith("/") else parts:
        if part == ".." and kept and kept[-1] not in ("..", "."):
            kept.pop()
        elif part:
            kept.append(part)
    return ("/" if whole.startswith("/") else "") + "/".join(kept)


class Ftp(Analyzer):
    """One FTP control connection."""

    __slots__ = (
        "_announced",
        "_channel",
        "_current",
        "_directory",
        "_file_size",
        "_fuid",
        "_lines",
        "_mime_type",
        "_multiline",
        "_password",
        "_pending",
        "_reply",
        "_user",
        "expected_data",
        "successor",
    )

    service: ClassVar[str] = "ftp"
    ports: ClassVar[frozenset[int]] = frozenset({21, 2121, 2811})
    first_bytes = frozenset(b"\r\n124" + ascii_letters.encode())
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self.successor: type[Analyzer] | None = None
        self.expected_data: Sequence[tuple[str, int]] = ()
        """Responders (address, port) of data connections that were announced."""
        self._lines = (Lines(), Lines())
        self._pending: deque[_Command] = deque([_Command(_GREETING, "", 0.0)])
        self._current: _Command | None = None
        self._reply: tuple[int, str] | None = None
        self._multiline: int | None = None
        self._user: str | None = None
        self._password: str | None = None
        self._directory = "."
        self._file_size: int | None = None
        self._mime_type: str | None = None
        self._fuid: str | None = None
        self._announced: tuple[str, int] | None = None
        self._channel: tuple[bool, str, str, int] | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A greeting that says FTP, or commands and replies that no other protocol has."""
        if data[:1] and data[0] not in Ftp.first_bytes:
            return False
        if is_orig:
            if _ONLY_FTP.search(data):
                return True
            return None if data[:4].upper() in (b"USER", b"AUTH") or len(data) < 4 else False
        if not b"220".startswith(data[:3]) and data[:3] not in (b"120", b"421"):
            return False
        first, _, rest = data.partition(b"\n")
        if b"FTP" in first.upper() and b"SMTP" not in first.upper():
            return True
        return True if _ONLY_FTP_REPLY.search(rest) else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        if self.done:
            return
        lines = self._lines[is_orig]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            if is_orig:
                self._request(line, ts)
            else:
                self._answer(line, ts)
        if lines.cut:
            lines.cut = 0
            self.flow.weird("FTP_line_too_long", ts, None, "FTP")

    # -- what the client says ---------------------------------------------------------------------

    def _request(self, line: bytes, ts: float) -> None:
        name, _, arg = printable(line.lstrip(b"\xff\xf4\xf2")).strip().partition(" ")
        name, arg = name.upper()[:16], arg.strip()[:MAX_TEXT]
        if not name:
            return
        current = self._current
        if current is not None and self._reply is not None and current in self._pending:
            self._tell(current)
        command = _Command(name, arg, ts)
        if len(self._pending) < MAX_PENDING:
            self._pending.append(command)
        else:
            self.flow.weird("FTP_too_many_pending_commands", ts, str(MAX_PENDING), "FTP")
        if name == "USER":
            self._user = arg[:MAX_NAME]
        elif name == "PASS":
            self._password = arg[:MAX_NAME]
        elif name in ("PORT", "EPRT"):
            address = host_port(arg) if name == "PORT" else extended_port(arg)
            if address is not None:
                self._expect(False, self.flow.resp_h, *address)

    def _expect(self, passive: bool, orig_h: str, resp_h: str, resp_p: int) -> None:
        self._channel = (passive, orig_h, resp_h, resp_p)
        if len(self.expected_data) < MAX_EXPECTED:
            announced(self.flow)[resp_h, resp_p] = self
            self._announced = (resp_h, resp_p)
            self.expected_data = [*self.expected_data, (resp_h, resp_p)]

    def transferred(self, mime_type: str | None, fuid: str) -> str | None:
        """The data connection last announced carries this type of content in file `fuid`; the file's name."""
        self._mime_type, self._fuid = mime_type, fuid
        moving = next((command for command in reversed(self._pending) if command.name in MOVING), None)
        return (moving.arg.rpartition("/")[2] or None) if moving is not None else None

    # -- what the server says ---------------------------------------------------------------------

    def _answer(self, line: bytes, ts: float) -> None:
        found = _REPLY.match(line)
        if self._multiline is not None and (
            found is None or int(found[1]) != self._multiline or found[2] == b"-"
        ):
            if found is None or found[2] != b" " or len(found[3]) < 10:
                return  # inside a reply of several lines
        if found is None:
            return
        code, text = int(found[1]), printable(found[3] or b"")[:MAX_TEXT]
        self._multiline = code if found[2] == b"-" else None
        command = self._command_for(code)
        if command is None:
            return
        self._current = command
        self._reply = (code, text)
        if self._multiline is None:
            self._understand(command, code, text)
            if len(self._pending) > 1 and code >= 200:
                self._tell(command)

    def _command_for(self, code: int) -> _Command | None:
        """Replies come in the order of commands (RFC 959 section 5.4); a greeting is nobody's."""
        pending = self._pending
        if pending and pending[0].name == _GREETING and len(pending) > 1 and code not in (120, 220, 421):
            pending.popleft()
        return pending[0] if pending else None

    def _understand(self, command: _Command, code: int, text: str) -> None:
        name = command.name
        if (code == 150 and name == "RETR") or (code == 213 and name == "SIZE"):
            numbers = _NUMBER.findall(text)
            if numbers and len(numbers[-1]) < 19:
                self._file_size = int(numbers[-1])
        elif code == 227 and name == "PASV":
            address = host_port(text)
            if address is not None:
                self._expect(True, self.flow.orig_h, *address)
        elif code == 229 and name == "EPSV":
            port = extended_passive_port(text)
            if port is not None:
                self._expect(True, self.flow.orig_h, self.flow.resp_h, port)
        elif code == 250 and name == "CWD":
            self._directory = _join(self._directory, command.arg)[:MAX_TEXT]
        elif code in (200, 250) and name in ("CDUP", "XCUP"):
            self._directory = _join(self._directory, "..")
        elif code == 257 and name in ("PWD", "XPWD"):
            quoted = _QUOTED.search(text)
            if quoted is not None:
                self._directory = quoted[1].replace('""', '"')[:MAX_TEXT]
        elif code == 234 and name == "AUTH" and command.arg.upper() != "GSSAPI":
            self._become_tls(command)

    def _become_tls(self, command: _Command) -> None:
        """RFC 4217 section 4: after 234 the connection speaks TLS."""
        self._tell(command)
        self.successor = Tls
        self.done = True

    # -- the telling --------------------------------------------------------------------------------

    def _hides_password(self) -> bool:
        return self.settings.mask_passwords and (self._user or "").lower() not in GUESTS

    def _tell(self, command: _Command) -> None:
        """Emit a command that is worth it, and forget what belonged to it."""
        if command in self._pending:
            self._pending.remove(command)
        code, text = self._reply if self._reply is not None and command is self._current else (None, None)
        name = command.name
        if name in LOGGED or (name == "PASS" and code in REFUSED):
            self.emit(self._event(command, code, text))
        if command is self._current:
            self._current = self._reply = None
        if name != "SIZE":
            self._file_size = None
        self._channel = self._mime_type = self._fuid = None

    def _event(self, command: _Command, code: int | None, text: str | None) -> FtpEvent:
        flow, arg, password = self.flow, command.arg, self._password
        if command.name in FILE_COMMANDS:
            host = f"[{flow.resp_h}]" if ":" in flow.resp_h else flow.resp_h
            path = _join(self._directory, arg)
            arg = f"ftp://{host}{path if path.startswith('/') else '/' + path}"
        elif command.name == "PASS":
            arg = "<hidden>" if self._hides_password() else arg
        if password is not None and self._hides_password():
            password = "<hidden>"
        passive, orig_h, resp_h, resp_p = self._channel or (None, None, None, None)
        return FtpEvent(
            ts=command.ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            user=self._user if self._user is not None else "<unknown>",
            password=password,
            command=command.name,
            arg=arg or None,
            mime_type=self._mime_type,
            fuid=self._fuid,
            file_size=self._file_size,
            reply_code=code,
            reply_msg=text or None,
            data_channel_passive=passive,
            data_channel_orig_h=orig_h,
            data_channel_resp_h=resp_h,
            data_channel_resp_p=resp_p,
        )

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole costs the lines it lies in."""
        self._lines[is_orig].lost()

    def finish(self, ts: float) -> None:
        """Tell the commands still open."""
        if not self.done:
            for command in list(self._pending):
                self._tell(command)
            self.done = True
        if self._announced is not None:
            announced(self.flow).pop(self._announced, None)
