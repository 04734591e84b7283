"""A format at work: what its declaration says, compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sentinel.event import Auth, Conn, Event, Log
from sentinel.intake.columns import split_columns
from sentinel.intake.condition import PATH, Fields, holds_for, nested
from sentinel.intake.declaration import AuthDeclaration, Declaration, LogSourceDeclaration
from sentinel.intake.json_path import is_json_path
from sentinel.intake.pairs import PairReader, read_cef, read_leef
from sentinel.intake.record import Record
from sentinel.intake.stamp import StampForm, epoch, stamp_form
from sentinel.intake.typed import EventMaker, Untyped, event_maker

__all__ = ["Format", "FormatError"]

_PLANS = 4096
_LONGEST_VALUE = 256
"""Plans by longer values are not remembered: a stranger chooses them."""
_MOST_TIMES = 100
"""Attempts that one record may tell of."""
_ESCAPE = re.compile(r'\\x([0-9A-Fa-f]{2})|\\(["\\])')


class FormatError(Exception):
    """A declaration that cannot work; the message says where."""


class _Plan(msgspec.Struct, gc=False):
    """What is to be done with records of which the same conditions hold."""

    logsource: LogSourceDeclaration
    set: dict[str, Any]
    event: tuple[EventMaker, dict[str, str], dict[str, Any], bool] | None
    auths: list[AuthDeclaration]


class Format:
    """Reads records of one format and makes their events. Raises FormatError where it cannot be compiled."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self.programs = tuple(program.lower() for program in declaration.programs)
        self.keys = tuple(declaration.recognise.keys)
        try:
            self._compile()
        except (re.error, ValueError, KeyError) as error:
            raise FormatError(f"{declaration.name}: {error}") from error

    def _compile(self) -> None:
        declaration = self.declaration
        regex = declaration.recognise.regex
        self._known = re.compile(regex).search if regex else None
        self._values = holds_for(declaration.recognise.values) if declaration.recognise.values else None
        self._patterns = [
            (re.compile(pattern if isinstance(pattern, str) else pattern.regex).search, pattern)
            for pattern in declaration.patterns
        ]
        self._split = [(name, re.compile(regex).search) for name, regex in declaration.split.items()]
        self._absent = frozenset(declaration.absent)
        self._paths = tuple(name for name in declaration.names if "." in name or name.startswith(PATH))
        for name in (
            *declaration.names,
            *self.keys,
            *declaration.host,
            *(time.field for time in declaration.time),
        ):
            if name.startswith(PATH) and not is_json_path(name):
                raise ValueError(f"{name!r} is no JSON path")
        self._integers = frozenset(declaration.integers)
        self._times: list[tuple[list[str], StampForm, tzinfo | None]] = [
            (time.field.split("+"), stamp_form(time.form), ZoneInfo(time.zone) if time.zone else None)
            for time in declaration.time
        ]
        self._cases = [(holds_for(case.when), case) for case in declaration.cases]
        self._events = [
            (holds_for(event.when), (event_maker(event.kind), event.fields, event.set, event.beside))
            for event in declaration.events
        ]
        self._auths = [(holds_for(auth.when), auth) for auth in declaration.auth]
        asked = [case.when for case in declaration.cases]
        asked += [event.when for event in declaration.events] + [auth.when for auth in declaration.auth]
        asked += [
            pattern.auth.when
            for pattern in declaration.patterns
            if not isinstance(pattern, str) and pattern.auth is not None
        ]
        self._asked = tuple(dict.fromkeys(name for when in asked for name in when))
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._read = self._reader()

    def _reader(self) -> Callable[[Record], tuple[dict[str, Any], int] | None]:
        declaration = self.declaration
        if declaration.read == "regex":
            if not self._patterns:
                raise ValueError("`read: regex` needs `patterns`")
            return self._read_regex
        if declaration.read == "pairs":
            pairs = PairReader(declaration.pair, declaration.separator, declaration.prefix)
            return lambda record: _numbered(pairs.read(record.text))
        if declaration.read == "cef":
            return lambda record: _numbered(read_cef(record.text))
        if declaration.read == "leef":
            return lambda record: _numbered(read_leef(record.text))
        if declaration.read == "columns":
            names, separator = declaration.columns, declaration.separator
            return lambda record: _numbered(split_columns(record.text, names, separator))
        return lambda record: None if record.fields is None else (record.fields, -1)

    def _read_regex(self, record: Record) -> tuple[dict[str, Any], int] | None:
        for number, (search, _) in enumerate(self._patterns):
            match = search(record.text)
            if match is not None:
                fields: dict[str, Any] = match.groupdict()
                return fields, number
        return None

    def events(self, record: Record) -> list[Event] | None:
        """The events of a record, or None where it is not of this format."""
        if self._known is not None and self._known(record.text) is None:
            return None
        read = self._read(record)
        if read is None:
            return None
        raw, pattern = read
        if self.keys and any(nested(raw, key) is None for key in self.keys):
            return None
        if self._values is not None and not self._values(raw):
            return None
        return self._made(record, raw, pattern)

    def _made(self, record: Record, raw: dict[str, Any], pattern: int) -> list[Event]:
        fields = self._named(raw)
        origin = record.origin
        ts = self._time(record, raw)
        if ts is None:
            ts = origin.last
        else:
            origin.last = ts
        record.ts = ts
        host = record.host or origin.host
        for name in self.declaration.host:
            value = nested(raw, name)
            if isinstance(value, str) and value not in self._absent:
                host = value
                break
        record.host = host
        plan = self._plan(fields, pattern)
        if plan.set:
            fields.update(plan.set)
        events: list[Event] = []
        if plan.event is not None:
            events += self._typed(record, ts, fields, plan.event)
        if not events or (plan.event is not None and plan.event[3]):
            events.append(self._log(record, ts, host, fields, plan.logsource))
        for auth in plan.auths:
            events += _auths(auth, record, ts, host, fields)
        return events

    def _named(self, raw: dict[str, Any]) -> dict[str, Any]:
        declaration = self.declaration
        absent, names, integers = self._absent, declaration.names, self._integers
        fields: dict[str, Any] = {}
        for name, value in raw.items():
            if value is None or (value.__class__ is str and value in absent):
                continue
            name = names.get(name, name)
            if name in integers and value.__class__ is str:
                value = _whole(value)
            fields[name] = value
        for name in self._paths:  # what is nested in a JSON record and has a name of its own
            if name not in raw:
                value = nested(raw, name)
                if value is not None:
                    fields[names[name]] = value
        for name, values in declaration.values.items():
            value = fields.get(name)
            if value is not None:
                fields[name] = values.get(str(value), value)
        for name, search in self._split:
            value = fields.get(name)
            match = search(value) if isinstance(value, str) else None
            if match is not None:
                fields.update((part, told) for part, told in match.groupdict().items() if told is not None)
        for name in declaration.escaped:
            value = fields.get(name)
            if value.__class__ is str and "\\" in value:
                fields[name] = _unescaped(value)
        return fields

    def _time(self, record: Record, raw: Mapping[str, Any]) -> float | None:
        for names, form, zone in self._times:
            if len(names) == 1:
                value = nested(raw, names[0])
            else:
                value = " ".join(str(nested(raw, name) or "") for name in names).strip()
            if value is None or value == "":
                continue
            if value.__class__ in (int, float):
                return epoch(value)
            stamp = form(str(value), zone or record.origin.zone)
            if stamp is not None:
                return stamp
        return record.ts

    def _plan(self, fields: Fields, pattern: int) -> _Plan:
        key = (pattern, *(nested(fields, name) for name in self._asked))
        try:
            plan = self._plans.get(key)
        except TypeError:  # a list or mapping where a plain value was asked for
            return self._planned(fields, pattern)
        if plan is None:
            plan = self._planned(fields, pattern)
            if all(value.__class__ is not str or len(value) <= _LONGEST_VALUE for value in key):
                if len(self._plans) >= _PLANS:
                    self._plans.clear()
                self._plans[key] = plan
        return plan

    def _planned(self, fields: Fields, pattern: int) -> _Plan:
        declaration = self.declaration
        logsource, fixed = declaration.logsource, dict(declaration.set)
        own: AuthDeclaration | None = None
        if pattern >= 0:
            chosen = self._patterns[pattern][1]
            if not isinstance(chosen, str):
                logsource = chosen.logsource or logsource
                fixed.update(chosen.set)
                own = chosen.auth
        seen = {**fields, **fixed}
        for holds, case in self._cases:
            if holds(seen):
                logsource = case.logsource or logsource
                fixed.update(case.set)
                seen.update(case.set)
                break
        event = next((event for holds, event in self._events if holds(seen)), None)
        auths = [own] if own is not None and holds_for(own.when)(seen) else []
        return _Plan(
            logsource, fixed, event, auths or [auth for holds, auth in self._auths if holds(seen)][:1]
        )

    def _typed(
        self,
        record: Record,
        ts: float,
        fields: Fields,
        wanted: tuple[EventMaker, dict[str, str], dict[str, Any], bool],
    ) -> list[Event]:
        maker, names, fixed, _ = wanted
        values: dict[str, Any] = {name: nested(fields, field) for name, field in names.items()}
        values.update(fixed)
        if values.get("id.resp_h") is None:
            values["id.resp_h"] = record.host or record.origin.name
        if maker.kind is Conn and values.get("history") is None:
            # A firewall keeps sessions that began as they should; without a history they would look like stealth.
            values["history"] = "D" if str(values.get("proto", "")).lower() in ("udp", "17") else "S"
        if values.get("uid") is None:
            values["uid"] = record.uid
        try:
            return [maker.make(ts, values)]
        except Untyped:
            return []

    def _log(
        self,
        record: Record,
        ts: float,
        host: str | None,
        fields: dict[str, Any],
        source: LogSourceDeclaration,
    ) -> Log:
        if record.fields is None:
            fields.setdefault("message", record.text)
        return Log(
            ts=ts,
            product=source.product,
            category=source.category,
            service=source.service,
            source=record.origin.name,
            host=host,
            fields=fields,
        )


def _whole(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _numbered(fields: dict[str, Any] | None) -> tuple[dict[str, Any], int] | None:
    return None if fields is None else (fields, -1)


def _auths(auth: AuthDeclaration, record: Record, ts: float, host: str | None, fields: Fields) -> list[Event]:
    times = 1
    if auth.times is not None:
        times = min(_small(_words(fields, auth.times)) or 1, _MOST_TIMES)
    event = Auth(
        ts=ts,
        source=record.origin.name,
        host=host,
        service=_words(fields, auth.service_of) or auth.service,
        user=_words(fields, auth.user),
        src=_words(fields, auth.src),
        src_port=_small(_words(fields, auth.src_port)),
        success=auth.success,
        method=_words(fields, auth.method),
        message=_words(fields, auth.message),
    )
    return [event] * times


def _words(fields: Fields, name: str | None) -> str | None:
    if name is None:
        return None
    value = nested(fields, name)
    return None if value in (None, "", "-") else str(value).strip()


def _small(text: str | None) -> int | None:
    """A number of at most six digits, as ports and counts are."""
    return int(text) if text is not None and text.isdecimal() and len(text) <= 6 else None


def _unescaped(text: str) -> str:
    try:
        data = _ESCAPE.sub(
            lambda match: chr(int(match[1], 16)) if match[1] else match[2], text.encode().decode("latin-1")
        )
        return data.encode("latin-1").decode("utf-8", "backslashreplace")
    except UnicodeError:
        return text
