"""A source's lines into events: header off, format found, record read. Every line becomes at least one event."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from sentinel.event import Event, Log
from sentinel.intake.auditd import AuditReader, is_audit
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.document import records_in
from sentinel.intake.envelope import open_envelope, open_wrapper
from sentinel.intake.eve import EveReader, is_eve
from sentinel.intake.format import Format
from sentinel.intake.record import Origin, Record
from sentinel.intake.stamp import stamp_form
from sentinel.intake.table import TableReader
from sentinel.intake.windows import flat_windows_event
from sentinel.intake.windows_xml import is_event_xml, read_event_xml
from sentinel.intake.zeek import ZeekReader, zeek_stream

__all__ = ["LONGEST", "LineReader"]

LONGEST: Final = 1 << 16
"""Characters of a line that are read; what is past them is cut off, and counted."""
_LONGEST_OBJECT: Final = 1 << 22
_MOST_RECORDS: Final = 20_000
"""Records of one line; a line of more is a message. As many empty ones as fit would keep all others waiting."""
_SERVICES: Final = {
    "sshd": "sshd",
    "sshd-session": "sshd",
    "sudo": "sudo",
    "cron": "cron",
    "crond": "cron",
    "anacron": "cron",
    "crontab": "cron",
    "vsftpd": "vsftpd",
    "clamd": "clamav",
    "freshclam": "clamav",
    "clamav": "clamav",
    "guacd": "guacamole",
    "guacamole": "guacamole",
    "su": "auth",
    "login": "auth",
    "passwd": "auth",
    "useradd": "auth",
    "usermod": "auth",
    "userdel": "auth",
    "groupadd": "auth",
    "chpasswd": "auth",
    "systemd-logind": "auth",
    "polkitd": "auth",
}
"""Sigma's service of a Linux program; others are `syslog`, and `auth` by their facility (4 and 10)."""
_STAMP: Final = re.compile(
    r"\W{0,2}(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?!\d)"
)
_read_stamp: Final = stamp_form("iso")
_AUTH_FACILITIES: Final = (4, 10)
_W3C_HEADERS: Final = tuple(
    f"#{word}:"
    for word in (
        "Fields",
        "Software",
        "Version",
        "Date",
        "Start-Date",
        "End-Date",
        "Remark",
        "Log-type",
        "Log-Type",
    )
)
_ZEEK_HEADERS: Final = tuple(
    f"#{word}"
    for word in (
        "separator",
        "set_separator",
        "empty_field",
        "unset_field",
        "path",
        "open",
        "close",
        "fields",
        "types",
    )
)


class LineReader:
    """Reads the lines of one source. `format` names the only format to try; without it, content decides.

    `headed`: lines may say what the columns of those behind them are, as in files. From the network anyone could
    send such a line under another's address, and so make all that follows unreadable.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        origin: Origin,
        *,
        format: str | None = None,
        stream: str | None = None,
        headed: bool = True,
    ) -> None:
        self.origin = origin
        self.read = 0
        """Lines taken (blank ones are none)."""
        self.formats: Counter[str] = Counter()
        """Lines by the format they were found to be of."""
        self.unexplained: Counter[str] = Counter()
        """Lines that became no more than a message, by why."""
        self.cut = 0
        """Lines that were cut off since they are too long."""
        self._headed = headed
        self._catalogue = catalogue
        self._only = catalogue.formats[format] if format and format != "auto" else None
        self._last: Format | None = None
        self._zeek = ZeekReader(stream)
        self._eve = EveReader()
        self._audit = AuditReader()
        self._table = TableReader()

    def learn(self, head: Iterable[str]) -> None:
        """Take what the first lines of a file say of its columns: they were read in an earlier life, or passed over."""
        for number, line in enumerate(head):
            if line.startswith(_W3C_HEADERS):
                self._table.w3c_header(line)
            elif line.startswith(_ZEEK_HEADERS):
                self._zeek.header(line)
            elif number == 0 and self._table.head(line):
                return

    def events(self, line: str, *, host: str | None = None, arrival: float | None = None) -> list[Event]:
        """The events of one line. `host` and `arrival` are what the transport knows, where it knows any."""
        if not line or line.isspace():
            return []
        self.read += 1
        try:
            return self._line(line, host, arrival)
        except Exception:
            # The edge of a line: a fault of ours must cost neither the line nor those that follow.
            short = line[:LONGEST]
            return self._plain(Record(self.origin, short, short, arrival, host), "fault")

    def _line(self, line: str, host: str | None, arrival: float | None) -> list[Event]:
        if line[0] in "{[" and (events := self._object_line(line, host, arrival)) is not None:
            return events
        if len(line) > LONGEST:
            self.cut += 1
            line = line[:LONGEST]
        record = Record(self.origin, line, line, arrival, host)
        return self._text(record)

    # Text.

    def _text(self, record: Record) -> list[Event]:
        if self._only is not None:
            return self._read_as(self._only, record)
        text = record.text
        if self._headed and (text[0] == "#" or self._zeek.columnar or self._table.columnar):
            events = self._columnar(record)
            if events is not None:
                return events
        if text[0] == "<" and is_event_xml(text) and (fields := read_event_xml(text)) is not None:
            record.fields = fields
            return self._object(record)
        if self._headed and self.read == 1 and self._table.head(text):
            return self._found("header", [])
        last = self._last
        if last is not None and (events := last.events(record)) is not None:
            return self._found(last.name, events)
        if is_audit(text):
            return self._found("auditd", self._audit.events(record))
        opened = open_envelope(record)
        if opened:
            if not record.text:
                return self._plain(record, "empty")
            if is_event_xml(record.text) and (fields := read_event_xml(record.text)) is not None:
                record.fields = fields
                return self._object(record)
            record.text = record.text.removeprefix("@cee:").lstrip()
            if record.text[:1] == "{" and (fields := _decoded(record.text)) is not None:
                record.fields = fields
                return self._object(record)
            if is_audit(record.text):
                return self._found("auditd", self._audit.events(record))
            for format in self._catalogue.of_program(_program(record)):
                events = format.events(record)
                if events is not None:
                    return self._found(format.name, events)
        for format in self._catalogue.of_text():
            events = format.events(record)
            if events is not None:
                if not opened:
                    self._last = format
                return self._found(format.name, events)
        if not opened:
            self._stamp(record)
        return self._plain(record, "" if opened else "unknown")

    def _stamp(self, record: Record) -> None:
        """The time at the beginning of a line of an unknown sort."""
        match = _STAMP.match(record.text)
        if match is not None:
            stamp = _read_stamp(match[1].replace("/", "-"), self.origin.zone)
            record.ts = record.ts if stamp is None else stamp

    def _columnar(self, record: Record) -> list[Event] | None:
        text = record.text
        if text[0] == "#":
            if text.startswith(_W3C_HEADERS):
                self._table.w3c_header(text)
                return self._found("header", [])
            if text.startswith(_ZEEK_HEADERS):
                self._zeek.header(text)
                return self._found("header", [])
            return None
        if self._zeek.columnar:
            events = self._zeek.row(record)
            return None if events is None else self._found("zeek", events)
        fields = self._table.row(text)
        if fields is None:
            return None
        record.fields = fields
        return self._known_object(record) or self._generic(record)

    def _read_as(self, format: Format, record: Record) -> list[Event]:
        """Only that format: with its header off where it does not fit with it."""
        events = format.events(record)
        if events is None and open_envelope(record) and record.text:
            events = format.events(record)
        return self._plain(record, "other") if events is None else self._found(format.name, events)

    # JSON.

    def _object_line(self, line: str, host: str | None, arrival: float | None) -> list[Event] | None:
        if len(line) > _LONGEST_OBJECT:
            return None
        value = _value(line)
        records = records_in(value)
        if records is not None and len(records) > _MOST_RECORDS:
            return None
        if records is None:
            return (
                self._object(Record(self.origin, line, line, arrival, host, fields=value))
                if isinstance(value, dict)
                else None
            )
        self.read += len(records) - 1
        events: list[Event] = []
        for fields in records:
            text = msgspec.json.encode(fields).decode()
            events += self._object(Record(self.origin, text, text, arrival, host, fields=fields))
        return events

    def _object(self, record: Record) -> list[Event]:
        fields = record.fields
        if self._only is not None:
            return self._read_as(self._only, record)
        if open_wrapper(record):
            return self._wrapped(record)
        assert fields is not None
        document = fields.get("_source")
        if isinstance(document, dict):  # what search engines put around a document
            record.fields = fields = document
        if is_eve(fields):
            return self._found("suricata-eve", self._eve.events(record))
        stream = zeek_stream(fields)
        if stream is not None:
            return self._found("zeek", self._zeek.events(record, stream))
        flat = flat_windows_event(fields)
        if flat is not None:
            record.fields = flat
            format = self._catalogue.formats.get("windows")
            events = format.events(record) if format is not None else None
            if events is not None:
                return self._found("windows", events)
            record.fields = fields
        return self._known_object(record) or self._generic(record)

    def _known_object(self, record: Record) -> list[Event] | None:
        for candidate in self._catalogue.of_object(record.fields or {}):
            events = candidate.events(record)
            if events is not None:
                return self._found(candidate.name, events)
        return None

    def _wrapped(self, record: Record) -> list[Event]:
        text = record.text
        if not text or text.isspace():
            return self._plain(record, "empty")
        if text[0] == "{" and (fields := _decoded(text)) is not None:
            record.fields = fields
            return self._object(record)
        if record.program is not None:
            for format in self._catalogue.of_program(_program(record)):
                events = format.events(record)
                if events is not None:
                    return self._found(format.name, events)
        return self._text(record)

    # What no format explains.

    def _generic(self, record: Record) -> list[Event]:
        format = self._catalogue.formats.get("json-lines")
        events = format.events(record) if format is not None else None
        if events is None:
            return self._plain(record, "unknown")
        return self._found("json-lines", events)

    def _plain(self, record: Record, why: str) -> list[Event]:
        """The message as it stands. `why` is empty where its header told who wrote it."""
        origin = record.origin
        fields: dict[str, Any] = {"message": record.text or record.line}
        product = service = None
        if record.program is not None or record.priority is not None:
            product = "linux"
            service = _service(record)
            if record.program is not None:
                fields["program"] = record.program
            if record.pid is not None:
                fields["pid"] = record.pid
        if record.extra:
            fields["extra"] = record.extra
        if record.ts is None:
            record.ts = origin.last
        else:
            origin.last = record.ts
        if why:
            self.unexplained[why] += 1
        else:
            self.formats["syslog"] += 1
        return [
            Log(
                ts=record.ts,
                product=product,
                service=service,
                source=origin.name,
                host=record.host or origin.host,
                fields=fields,
            )
        ]

    def _found(self, name: str, events: list[Event]) -> list[Event]:
        self.formats[name] += 1
        return events


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError, ValueError):
        return None


def _decoded(text: str) -> dict[str, Any] | None:
    fields = _value(text)
    return fields if isinstance(fields, dict) else None


def _program(record: Record) -> str:
    return (record.program or "").rpartition("/")[2]


def _service(record: Record) -> str:
    program = _program(record).lower()
    service = _SERVICES.get(program) or _SERVICES.get(program.partition("(")[0])
    if service is None and record.priority is not None and record.priority // 8 in _AUTH_FACILITIES:
        service = "auth"
    return service or "syslog"
