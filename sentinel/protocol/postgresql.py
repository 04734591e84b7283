"""PostgreSQL frontend/backend protocol 3: log-ins, queries, errors.

https://www.postgresql.org/docs/current/protocol.html. What is told, and when, is Zeek's; prepared statements
(Parse) are told like simple queries, since most applications use nothing else.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.postgresql import Postgresql as PostgresqlEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Postgresql"]

MAX_KEPT: Final = 8192
MAX_LENGTH: Final = 1 << 30
"""Of one message: the server's own limit."""
MAX_NAME: Final = 256
MAX_TEXT: Final = 4096

_VERSION_3: Final = 3
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
_FRONTEND: Final = frozenset(b"BCDEFHPQSXcdfp")
_BACKEND: Final = frozenset(b"123ACDEGHIKNRSTVWZcdnstv")
_AUTHENTICATIONS: Final = {
    2: "KerberosV5",
    3: "CleartextPassword",
    5: "MD5Password",
    7: "GSSAPI",
    8: "GSSAPIContinue",
    9: "SSPI",
    10: "SASL",
    11: "SASLContinue",
    12: "SASLFinal",
}
_FIELDS: Final = {
    "S": "SeverityLocalized",
    "V": "Severity",
    "C": "Code",
    "M": "Message",
    "D": "Detail",
    "H": "Hint",
    "P": "Position",
    "p": "InternalPosition",
    "q": "InternalQuery",
    "W": "Where",
    "s": "Schema",
    "t": "Table",
    "c": "Column",
    "d": "Data",
    "n": "Constraint",
    "F": "File",
    "L": "Line",
    "R": "Routine",
}


def _startup_length(data: bytes, at: int) -> int:
    """Messages before the log-in have no type byte."""
    if at + 4 > len(data):
        return MORE
    length = int.from_bytes(data[at : at + 4], "big")
    return length if 8 <= length <= 10_000 else BROKEN


def _measure(data: bytes, at: int, kinds: frozenset[int]) -> int:
    if data[at] not in kinds:
        return BROKEN
    if at + 5 > len(data):
        return MORE
    length = int.from_bytes(data[at + 1 : at + 5], "big")
    return 1 + length if 4 <= length <= MAX_LENGTH else BROKEN


def _from_frontend(data: bytes, at: int) -> int:
    return _measure(data, at, _FRONTEND)


def _from_backend(data: bytes, at: int) -> int:
    return _measure(data, at, _BACKEND)


def _fields(body: bytes) -> str:
    """Of an ErrorResponse or NoticeResponse."""
    told = []
    for field in body.split(b"\x00"):
        if field:
            code = chr(field[0])
            told.append(f"{_FIELDS.get(code, 'UnknownErrorId' + code)}={printable(field[1:])}")
    return ",".join(told)[:MAX_TEXT]


class Postgresql(Analyzer):
    """One connection to a server."""

    __slots__ = (
        "_about",
        "_asked",
        "_event",
        "_messages",
        "_rows",
        "_started",
        "encrypted",
    )

    service: ClassVar[str] = "postgresql"
    ports: ClassVar[frozenset[int]] = frozenset({5432})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_from_backend, MAX_KEPT), Messages(_startup_length, MAX_KEPT))
        self._asked = False
        """The next byte of the server answers a request for encryption."""
        self._started = False
        self._about: dict[str, str] = {}
        self._event: PostgresqlEvent | None = None
        self._rows: int | None = None
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A startup message, or a request for encryption."""
        if not is_orig or data[0]:
            return False
        if len(data) < 8:
            return None if data[1:2] in (b"", b"\x00") else False
        length = int.from_bytes(data[:4], "big")
        code = int.from_bytes(data[4:8], "big")
        if code in (_SSL, _GSS):
            return length == 8
        if code == _CANCEL:
            return length == 16
        if code >> 16 != _VERSION_3 or code & 0xFFFF > 2 or not 8 < length <= 10_000:
            return False
        name = data[8:].split(b"\x00", 1)[0]
        return name.isascii() and name.replace(b"_", b"a").isalpha() if len(data) > 8 else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        if self._asked and not is_orig:
            self._asked = False
            self._on_encryption(data[:1], ts)
            data = data[1:]
            if self.done:
                self.unread = [(True, self._messages[True].take()), (False, data)]
                return
        messages.push(data)
        while not self.done and (message := messages.pop()) is not None:
            if not is_orig:
                self._backend(message, ts)
            elif self._started:
                self._frontend(message, ts)
            else:
                self._startup(message, ts)
        if messages.broken and not self.done:
            self.flow.weird("PostgreSQL_invalid_message", ts, None, "POSTGRESQL")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in rows that are skipped does no harm."""
        if self._asked or not self._messages[is_orig].lost(length):
            self.finish(ts)

    def _current(self, ts: float) -> PostgresqlEvent:
        if self._event is None:
            self._event = PostgresqlEvent(ts=ts, **self.whose)
        return self._event

    def _tell(self) -> None:
        event, self._event = self._event, None
        if event is not None:
            event.user = self._about.get("user")
            event.database = self._about.get("database")
            event.application_name = self._about.get("application_name")
            self.emit(event)

    # -- the frontend -------------------------------------------------------------------------------

    def _startup(self, message: bytes, ts: float) -> None:
        """One message before the log-in."""
        code = int.from_bytes(message[4:8], "big")
        if code in (_SSL, _GSS):
            self._current(ts).frontend = "ssl_request" if code == _SSL else "gss_request"
            self._asked = True
            return
        if code == _CANCEL:
            self._current(ts).frontend = "cancel"
            self.finish(ts)
            return
        self._current(ts).frontend = "startup"
        fields = message[8:].split(b"\x00")
        for name, value in zip(fields[::2], fields[1::2], strict=False):
            if name in (b"user", b"database", b"application_name"):
                self._about[name.decode()] = printable(value[:MAX_NAME])
        self._started = True
        self._messages[True].measure = _from_frontend

    def _on_encryption(self, answer: bytes, ts: float) -> None:
        event = self._current(ts)
        event.backend = "ssl_reply" if event.frontend != "gss_request" else "gss_reply"
        event.backend_arg = printable(answer)
        event.success = answer in (b"S", b"G")
        self._tell()
        if answer == b"S":
            self.successor = Tls
            self.done = True
        elif answer == b"G":
            self.encrypted = self.done = True

    def _frontend(self, message: bytes, ts: float) -> None:
        kind = message[:1]
        if kind == b"Q":
            self._query("simple_query", message[5:].split(b"\x00", 1)[0], ts)
        elif kind == b"P":
            _, _, rest = message[5:].partition(b"\x00")
            self._query("parse", rest.split(b"\x00", 1)[0], ts)
        elif kind == b"X":
            self._tell()
            self._current(ts).frontend = "terminate"
            self._tell()

    def _query(self, frontend: str, text: bytes, ts: float) -> None:
        self._tell()
        event = self._current(ts)
        event.frontend = frontend
        event.frontend_arg = printable(text)
        self._rows = 0

    # -- the backend --------------------------------------------------------------------------------

    def _backend(self, message: bytes, ts: float) -> None:
        kind = message[:1]
        if kind == b"D":
            self._rows = (self._rows or 0) + 1
        elif kind == b"E":
            event = self._current(ts)
            event.backend = f"{event.backend},error" if event.backend else "error"
            self._argue(event, _fields(message[5:]))
            event.success = False
            self._tell()
        elif kind == b"N":
            self._argue(self._current(ts), _fields(message[5:]))
        elif kind == b"R":
            self._authentication(int.from_bytes(message[5:9], "big"), ts)
        elif kind == b"Z":
            self._ready(message[5:6])

    @staticmethod
    def _argue(event: PostgresqlEvent, text: str) -> None:
        event.backend_arg = f"{event.backend_arg},{text}"[:MAX_TEXT] if event.backend_arg else text

    def _authentication(self, code: int, ts: float) -> None:
        event = self._current(ts)
        if code == 0:
            event.backend = "auth_ok"
            event.success = True
            return
        known = event.backend is not None and not event.backend.endswith("auth")
        event.backend = f"{event.backend},auth_request"[:MAX_TEXT] if known else "auth_request"
        self._argue(event, _AUTHENTICATIONS.get(code, f"UnknownAuthId{code}"))

    def _ready(self, status: bytes) -> None:
        event = self._event
        if event is None:
            return
        if event.success is None:
            event.success = status in (b"I", b"T")
        if self._rows is not None:
            event.rows, self._rows = self._rows, None
        self._tell()

    def finish(self, ts: float) -> None:
        """Tell what waits for its answer."""
        self._tell()
        self.done = True
