"""Zeek's own logs, as JSON lines and as its tab-separated text, into the kinds that our traffic has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from sentinel.event import KINDS, Event, Log
from sentinel.intake.record import Record
from sentinel.intake.stamp import epoch, stamp_form
from sentinel.intake.typed import EventMaker, Untyped, event_maker

__all__ = ["ZeekReader", "stream_of_name", "zeek_stream"]

_STREAM_KEYS: Final = ("_path", "@stream", "stream", "zeek_stream", "log_type")
_ENDPOINT: Final = re.compile(r"id_(orig|resp)_([hp])\Z")
_NEVER: Final = frozenset({"log", "auth", "payload"})
"""Kinds of ours that are no streams of Zeek's."""
_STEM: Final = re.compile(r"([a-z][a-z0-9_]*)(?:[._\-].*)?\.log", re.IGNORECASE)
_TELLING: Final = (
    ("conn", ("conn_state", "history")),
    ("dns", ("query", "qtype_name")),
    ("dns", ("query", "trans_id")),
    ("http", ("trans_depth", "status_code")),
    ("http", ("trans_depth", "user_agent")),
    ("http", ("trans_depth", "method")),
    ("ssl", ("established", "resumed")),
    ("x509", ("certificate.subject",)),
    ("x509", ("certificate_subject",)),
    ("files", ("fuid", "seen_bytes")),
    ("notice", ("note", "actions")),
    ("dhcp", ("mac", "msg_types")),
    ("ssh", ("auth_attempts",)),
    ("smtp", ("helo", "trans_depth")),
    ("ftp", ("command", "reply_code")),
    ("kerberos", ("request_type", "client")),
    ("ntlm", ("domainname",)),
    ("rdp", ("security_protocol",)),
    ("rdp", ("cookie", "result")),
    ("smb_files", ("action", "name")),
    ("smb_mapping", ("share_type",)),
    ("dce_rpc", ("named_pipe",)),
    ("snmp", ("community", "version")),
    ("tunnel", ("tunnel_type",)),
    ("weird", ("name", "notice")),
    ("dpd", ("analyzer", "failure_reason")),
    ("analyzer", ("analyzer_name", "failure_reason")),
    ("software", ("software_type",)),
    ("mysql", ("cmd", "success")),
    ("pe", ("is_exe", "subsystem")),
)
"""Streams by fields that they alone have, for records that do not name theirs."""
_ENDPOINTS: Final = frozenset({"id.orig_h", "id_orig_h"})
_read_time: Final = stamp_form("auto")


def zeek_stream(fields: dict[str, Any]) -> str | None:
    """The stream (`conn`) that a JSON record is of; None where it is none of Zeek's.

    A record names it (`_path`, `@stream`), or shows it by fields that only Zeek has.
    """
    if "ts" not in fields and "_write_ts" not in fields:
        return None
    for key in _STREAM_KEYS:
        stream = fields.get(key)
        if isinstance(stream, str) and stream:
            return stream
    nested = isinstance(fields.get("id"), dict) and "orig_h" in fields["id"]
    if not nested and not (_ENDPOINTS & fields.keys()) and not {"fuid", "uid", "uids"} & fields.keys():
        return None
    for stream, names in _TELLING:
        if all(name in fields for name in names):
            return stream
    return "unknown"


def stream_of_name(name: str) -> str | None:
    """The stream that a file's name tells: `conn.log`, `conn.00:00:00-01:00:00.log.gz`."""
    match = _STEM.match(name)
    return match[1].lower() if match else None


class ZeekReader:
    """Reads the records of one source. `stream` is what its file's name says, for records that do not."""

    def __init__(self, stream: str | None = None) -> None:
        self._named = stream
        self._columns: list[tuple[str, Callable[[str], Any]]] = []
        self._separator = "\t"
        self._set_separator = ","
        self._empty = "(empty)"
        self._unset = "-"
        self._path: str | None = None
        self._fields: list[str] = []

    # JSON.

    def events(self, record: Record, stream: str) -> list[Event]:
        """The event of a JSON record (`record.fields`) of that stream."""
        if stream == "unknown" and self._named:
            stream = self._named
        fields = _renamed(record.fields or {})
        ts = _moment(fields.get("ts"), record)
        if ts is None:
            ts = _moment(fields.get("_write_ts"), record)
        return self._made(record, stream, fields, ts)

    # Tab-separated.

    def header(self, line: str) -> None:
        """Take a line that begins with `#`."""
        if line.startswith("#separator "):
            told = line.removeprefix("#separator ").strip()
            self._separator = told.encode().decode("unicode_escape") or "\t"
            return
        name, _, rest = line[1:].partition(self._separator)
        if name == "set_separator":
            self._set_separator = rest or ","
        elif name == "empty_field":
            self._empty = rest
        elif name == "unset_field":
            self._unset = rest
        elif name == "path":
            self._path = rest
        elif name == "fields":
            self._fields = rest.split(self._separator)
            self._columns = [(field, _as_is) for field in self._fields]
        elif name == "types":
            kinds = rest.split(self._separator)
            self._columns = [
                (field, self._converter(kind)) for field, kind in zip(self._fields, kinds, strict=False)
            ]

    @property
    def columnar(self) -> bool:
        """Whether a `#fields` line said what the columns are."""
        return bool(self._columns)

    def row(self, record: Record) -> list[Event] | None:
        """The event of a line of columns; None where the line does not have as many."""
        values = record.text.split(self._separator)
        if len(values) != len(self._columns):
            return None
        fields: dict[str, Any] = {}
        for (name, convert), value in zip(self._columns, values, strict=True):
            if value != self._unset:
                fields[name] = convert(value)
        record.fields = fields
        return self._made(
            record, self._path or self._named or "unknown", fields, _moment(fields.get("ts"), record)
        )

    def _converter(self, kind: str) -> Callable[[str], Any]:
        if kind.startswith(("set[", "vector[", "table[")):
            inner = self._converter(kind.partition("[")[2].rstrip("]"))
            return lambda value: (
                [] if value == self._empty else [inner(v) for v in value.split(self._set_separator)]
            )
        if kind in ("time", "interval", "double"):
            return _float
        if kind in ("count", "int", "port"):
            return _int
        if kind == "bool":
            return lambda value: value == "T"
        return lambda value: "" if value == self._empty else _unescaped(value)

    # Both.

    def _made(self, record: Record, stream: str, fields: dict[str, Any], ts: float | None) -> list[Event]:
        origin = record.origin
        if ts is None:
            ts = record.ts if record.ts is not None else origin.last
        origin.last = record.ts = ts
        maker = _maker(stream)
        if maker is not None:
            try:
                return [maker.make(ts, fields)]
            except Untyped:
                pass
        return [
            Log(
                ts=ts,
                product="zeek",
                service=stream,
                source=origin.name,
                host=_host(fields) or record.host or origin.host,
                fields=fields,
            )
        ]


def _maker(stream: str) -> EventMaker | None:
    return event_maker(stream) if stream in KINDS and stream not in _NEVER else None


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    """Zeek's own names: `id_orig_h` and `id: {orig_h}` are `id.orig_h`."""
    renamed: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "id" and isinstance(value, dict):
            renamed.update({f"id.{part}": inner for part, inner in value.items()})
        elif name.startswith("id_") and (match := _ENDPOINT.match(name)):
            renamed[f"id.{match[1]}_{match[2]}"] = value
        elif name.startswith("certificate_"):
            renamed["certificate." + name.removeprefix("certificate_")] = value
        elif name.startswith("basic_constraints_"):
            renamed["basic_constraints." + name.removeprefix("basic_constraints_")] = value
        else:
            renamed[name] = value
    return renamed


def _moment(value: Any, record: Record) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return epoch(value)
    return _read_time(value, record.origin.zone) if isinstance(value, str) else None


def _host(fields: dict[str, Any]) -> str | None:
    for name in ("_system_name", "@system", "peer_descr"):
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _as_is(value: str) -> Any:
    return value


def _int(value: str) -> Any:
    try:
        return int(value)
    except ValueError:
        return value


def _float(value: str) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def _unescaped(value: str) -> str:
    """Zeek writes separators and bytes that are no text as `\\xHH`."""
    if "\\x" not in value:
        return value
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), value)
