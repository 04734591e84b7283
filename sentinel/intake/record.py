"""What is known of one record before its format is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from sentinel.intake.year import YearGuess

__all__ = ["Origin", "Record"]


class Origin:
    """The source that records come from, and what is assumed of all of them."""

    def __init__(
        self,
        name: str,
        *,
        host: str | None = None,
        zone: tzinfo = UTC,
        reference: float = 0.0,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self.host = host
        """Who writes the records, where they do not say."""
        self.zone = zone
        """Of stamps that name none."""
        self.zoneless = False
        """Stamps in its syslog headers name no zone."""
        self.years = YearGuess(reference, now)
        self.last = reference
        """Time of the last record that had one: records without are taken to follow it."""


class Record(msgspec.Struct, gc=False):
    """One record: a text, or a JSON object, and what its headers say."""

    origin: Origin
    text: str
    """The message behind the headers; of a JSON record the whole line."""
    line: str
    """The whole line."""
    ts: float | None = None
    host: str | None = None
    program: str | None = None
    """Name of the program in the syslog header."""
    pid: str | None = None
    priority: int | None = None
    """Facility × 8 + severity (RFC 5424 §6.2.1)."""
    fields: dict[str, Any] | None = None
    """Of a JSON record."""
    extra: dict[str, Any] | None = None
    """What further headers say (structured data, a container's name …)."""

    @property
    def uid(self) -> str:
        """An identity for typed events: same line, same id."""
        return "L" + hashlib.blake2b(self.line.encode("utf-8", "replace"), digest_size=8).hexdigest()
