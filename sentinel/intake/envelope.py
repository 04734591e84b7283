"""Headers around messages: syslog in RFC 5424, RFC 3164 and the forms that daemons write to files, and
JSON wrappers (Docker, journald, Filebeat)."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any, Final

from sentinel.intake.record import Record
from sentinel.intake.stamp import epoch, stamp_form

__all__ = ["open_envelope", "open_wrapper"]

_PRIORITY: Final = re.compile(r"<(\d{1,3})>")
_RFC5424: Final = re.compile(r"1 (-|\d{4}-\S+) (\S+) (\S+) (\S+) (\S+) ?")
_BSD: Final = re.compile(
    r"(?:\d{1,9}: )?(?:([\w.\-]{1,255}): )?[*.%]?"
    r"([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d(?:[.:]\d{1,9})?)(?: (\d{4}))?"
    r"([+-]\d\d:?\d\d)?(?: ([A-Z]{3,4})(?=:))?:? +"
)
"""Also as routers write it: a sequence number and their name before it, a year, an offset or a zone's letters."""
_ISO: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)) +")
_ISO_WITHOUT_ZONE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?) +"
)
_CRI: Final = re.compile(r"(?:stdout|stderr) [FP](?::\S*)? ")
"""Containers write so to files under Kubernetes: the message of whichever program follows."""
_HOST: Final = re.compile(
    r"(?!\S+:(?:\s|$))(?!%)(?!\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b)"
    r"([\w.\-:@/&]{1,255}) +"
)
_TAG: Final = re.compile(r"(?!%|CEF:|LEEF:)([^\s:\[\]<>|]{1,64}(?:\([\w.\-]+\))?)(?:\[([\w.\-]*)\])?: ?")
_VALUE: Final = re.compile(r'(?<=\s)([^\s="\]]{1,128})="((?:\\.|[^"\\])*)"')
_WINDOWS: Final = frozenset({"winlog", "EventID", "event_id", "event_data"})
_read_iso: Final = stamp_form("iso")


def open_envelope(record: Record) -> bool:
    """Take a syslog header off `record.text`; what it says goes into the record. False where there is none."""
    text = record.text
    start = 0
    priority = _PRIORITY.match(text)
    if priority is not None:
        number = int(priority[1])
        record.priority = number if number < 192 else None
        start = priority.end()
        while text.startswith(" ", start):
            start += 1
        modern = _RFC5424.match(text, start)
        if modern is not None:
            _open_5424(record, modern)
            return True
    elif not text[:1].isdigit() and not text[:1].isupper() and text[:1] not in "*.":
        return False
    end = _open_stamp(record, text, start, _ISO if priority is None else _ISO_WITHOUT_ZONE)
    if end == start and priority is None:
        return False
    if end != start and priority is None and (container := _CRI.match(text, end)) is not None:
        record.text = text[container.end() :]
        return True
    if end != start:
        host = _HOST.match(text, end)
        if host is not None:
            record.host = host[1]
            end = host.end()
    _open_tag(record, text, end)
    return True


def _open_5424(record: Record, match: re.Match[str]) -> None:
    stamp, host, program, pid, message_id = match.groups()
    if stamp != "-":
        record.ts = _read_iso(stamp, record.origin.zone)
    record.host = None if host == "-" else host
    record.program = None if program == "-" else program
    record.pid = None if pid == "-" else pid
    extra: dict[str, Any] = {} if message_id == "-" else {"msgid": message_id}
    text, at = record.text, match.end()
    if text.startswith("-", at):
        at += 1
    else:
        while text.startswith("[", at):
            end = _element_end(text, at)
            for name, value in _VALUE.findall(text, at, end):
                extra.setdefault(name, value.replace('\\"', '"').replace("\\]", "]").replace("\\\\", "\\"))
            at = end
    record.extra = extra or None
    record.text = text[at:].lstrip(" ").removeprefix("\ufeff")


def _element_end(text: str, at: int) -> int:
    """Behind the structured data element that begins at `at` (RFC 5424 §6.3): brackets in quotes do not end it."""
    quoted = False
    place = at + 1
    while place < len(text):
        letter = text[place]
        if letter == "\\" and quoted:
            place += 1
        elif letter == '"':
            quoted = not quoted
        elif letter == "]" and not quoted:
            return place + 1
        place += 1
    return len(text)


def _open_stamp(record: Record, text: str, start: int, iso: re.Pattern[str]) -> int:
    origin = record.origin
    match = _BSD.match(text, start)
    if match is not None:
        host, month, day, before, clock, behind, offset, letters = match.groups()
        year = before or behind
        zone = _zone(offset, letters)
        origin.zoneless = zone is None
        record.host = host or record.host
        record.ts = origin.years.moment(
            month, int(day), clock, zone or origin.zone, int(year) if year else None
        )
        return match.end() if record.ts is not None else start
    match = iso.match(text, start)
    if match is not None:
        origin.zoneless = (
            iso is _ISO_WITHOUT_ZONE and match[1][-6:-5] not in ("+", "-") and match[1][-1] != "Z"
        )
        record.ts = _read_iso(match[1], origin.zone)
        return match.end()
    return start


def _zone(offset: str | None, letters: str | None) -> tzinfo | None:
    """The zone that a stamp names: an offset, or UTC; other letters (CST) mean different zones in different places."""
    if offset is not None:
        away = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        return timezone(-away if offset[0] == "-" else away) if away < timedelta(days=1) else None
    return UTC if letters in ("UTC", "GMT") else None


def _open_tag(record: Record, text: str, at: int) -> None:
    match = _TAG.match(text, at)
    if match is not None:
        record.program, record.pid = match[1], match[2] or None
        at = match.end()
    record.text = text[at:]


def open_wrapper(record: Record) -> bool:
    """Take a message out of the JSON record that a collector put around it. False where it is none such."""
    fields = record.fields
    if fields is None:
        return False
    if "MESSAGE" in fields and "__REALTIME_TIMESTAMP" in fields:
        return _open_journal(record, fields)
    if isinstance(fields.get("log"), str) and "time" in fields and "stream" in fields:
        record.text = fields["log"].rstrip("\r\n")
        record.ts = _read_iso(str(fields["time"]), record.origin.zone)
        attributes = fields.get("attrs")
        record.extra = attributes if isinstance(attributes, dict) else None
        record.fields = None
        return True
    if isinstance(fields.get("message"), str) and "@timestamp" in fields and not _WINDOWS & fields.keys():
        shipper = fields.get("agent") or fields.get("beat")
        log = fields.get("log")
        if isinstance(shipper, dict) and (isinstance(log, dict) or "source" in fields):
            record.text = fields["message"].rstrip("\r\n")
            record.ts = _read_iso(str(fields["@timestamp"]), record.origin.zone)
            host = fields.get("host")
            name = host.get("name") if isinstance(host, dict) else shipper.get("hostname")
            record.host = name if isinstance(name, str) else None
            record.fields = None
            return True
    return False


def _open_journal(record: Record, fields: dict[str, Any]) -> bool:
    message = fields["MESSAGE"]
    if isinstance(message, list):  # journald writes what is no UTF-8 as a list of bytes
        try:
            message = bytes(message).decode("gb18030", "replace")
        except (TypeError, ValueError):
            return False
    if not isinstance(message, str):
        return False
    stamp = fields.get("_SOURCE_REALTIME_TIMESTAMP") or fields["__REALTIME_TIMESTAMP"]
    with contextlib.suppress(TypeError, ValueError):
        record.ts = epoch(float(stamp))
    record.text = message.rstrip("\r\n")
    record.host = _word(fields.get("_HOSTNAME"))
    record.program = _word(fields.get("SYSLOG_IDENTIFIER")) or _word(fields.get("_COMM"))
    record.pid = _word(fields.get("_PID")) or _word(fields.get("SYSLOG_PID"))
    record.fields = None
    return True


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
