"""What a format file (`formats/*.yaml`) may say: one struct for each of its nouns. See `docs/intake.md`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "AuthDeclaration",
    "CaseDeclaration",
    "Declaration",
    "EventDeclaration",
    "LogSourceDeclaration",
    "PatternDeclaration",
    "Recognition",
    "Sample",
    "TimeDeclaration",
]


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    pass


class LogSourceDeclaration(_Noun, frozen=True, kw_only=True):
    """The Sigma logsource of a format's records."""

    product: str | None = None
    category: str | None = None
    service: str | None = None


class Recognition(_Noun, frozen=True, kw_only=True):
    """How a record of this format is known. All that is given must hold."""

    regex: str | None = None
    """Found in the line (or in the message behind a syslog header)."""
    keys: list[str] = []
    """Names that a JSON record or a line of pairs has; dots lead into nested records, `$.a[0].b` into lists too."""
    values: dict[str, Any] = {}
    """A field's value, or a list of those it may have; `*` at an end stands for anything."""


class TimeDeclaration(_Noun, frozen=True, kw_only=True):
    """A field that says when it happened."""

    field: str
    """Its raw name; several joined by `+` are read as one text with blanks between."""
    form: str = "auto"
    """`auto`, `iso`, `clf`, `epoch`, or a pattern of Python's `strptime`."""
    zone: str | None = None
    """IANA name of the zone of stamps without one; else the source's."""


class EventDeclaration(_Noun, frozen=True, kw_only=True):
    """A typed event that a record becomes."""

    kind: str
    """`http`, `dns`, `conn` …"""
    when: dict[str, Any] = {}
    """Fields and values as in `Recognition.values`."""
    fields: dict[str, str]
    """For each wire name of the kind (`id.orig_h`) the record's field."""
    set: dict[str, Any] = {}
    """For each wire name a fixed value."""
    beside: bool = False
    """Write the `log` event too."""


class AuthDeclaration(_Noun, frozen=True, kw_only=True):
    """An attempt to log in that a record tells of. All but `when`, `success` and `service` name fields."""

    when: dict[str, Any] = {}
    success: bool
    service: str
    service_of: str | None = None
    """A field with the service, where the record tells it; else `service`."""
    user: str | None = None
    src: str | None = None
    src_port: str | None = None
    method: str | None = None
    message: str | None = None
    times: str | None = None
    """A field with the number of attempts, where one record tells of several."""


class CaseDeclaration(_Noun, frozen=True, kw_only=True):
    """What holds of records of which `when` holds."""

    when: dict[str, Any]
    logsource: LogSourceDeclaration | None = None
    set: dict[str, Any] = {}


class PatternDeclaration(_Noun, frozen=True, kw_only=True):
    """A regular expression with named groups, and what holds where it fits."""

    regex: str
    logsource: LogSourceDeclaration | None = None
    set: dict[str, Any] = {}
    auth: AuthDeclaration | None = None


class Sample(_Noun, frozen=True, kw_only=True):
    """A line (or lines) as a source writes it, and what must become of it. Only what is named is compared."""

    line: str
    program: str | None = None
    """As if a syslog header of this program stood before it."""
    ts: float | None = None
    host: str | None = None
    fields: dict[str, Any] | None = None
    """Of the `log` event."""
    event: dict[str, Any] | None = None
    """Of the typed event: `kind` and fields by wire name."""
    auth: dict[str, Any] | None = None
    """Of the `auth` event; an empty mapping where none may come."""
    logsource: LogSourceDeclaration | None = None


class Declaration(_Noun, frozen=True, kw_only=True):
    """One format."""

    name: str
    about: str
    """What it is, in Chinese."""
    about_en: str
    read: Literal["regex", "json", "pairs", "cef", "leef", "columns"]
    programs: list[str] = []
    """Syslog programs whose messages are of this format: `sshd`."""
    alone: bool = False
    """With `programs`: the lines may also stand without a syslog header."""
    recognise: Recognition = Recognition()
    logsource: LogSourceDeclaration = LogSourceDeclaration()
    patterns: list[PatternDeclaration | str] = []
    """For `regex`: the first that fits the line counts."""
    pair: str = "="
    """For `pairs`: what stands between a name and its value."""
    separator: str = " "
    """For `pairs`: what stands between two pairs. For `columns`: between two columns."""
    prefix: str | None = None
    """For `pairs`: a regular expression that the pairs follow; its named groups are fields."""
    columns: list[str] = []
    """For `columns`: their names in order; empty where a `#Fields:` line names them."""
    absent: tuple[str, ...] = ("",)
    """Values that say that there is none."""
    names: dict[str, str] = {}
    """Raw names and the names that rules use."""
    values: dict[str, dict[str, Any]] = {}
    """For a field (by the rules' name) raw values and the values that rules use."""
    split: dict[str, str] = {}
    """For a field (by the rules' name) a regular expression; its named groups become fields too."""
    integers: list[str] = []
    """Fields (by the rules' names) that are whole numbers."""
    escaped: list[str] = []
    """Fields in which `\\xHH`, `\\"` and `\\\\` stand for bytes and signs."""
    time: list[TimeDeclaration] = []
    """The first that is there and can be read counts; else the time of the header or of arrival."""
    host: list[str] = []
    """Raw names of fields that say who wrote the record; the first that is there counts."""
    set: dict[str, Any] = {}
    """Fields with a fixed value."""
    cases: list[CaseDeclaration] = []
    """The first that holds counts: a narrower logsource, further fixed fields."""
    events: list[EventDeclaration] = []
    """The first that holds counts."""
    auth: list[AuthDeclaration] = []
    samples: list[Sample]
