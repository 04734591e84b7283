"""Matchers: `field=value` over an alert or an incident, as silences and inhibitions are written.

`value` may hold `*` and `?`; for `src` and `dst` it may be a network (`10.1.0.0/16`). `!=` turns it round.
"""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sentinel.incident.fault import IncidentError
from sentinel.text import Message

__all__ = ["FIELDS", "OF_INCIDENTS", "Matcher", "matches_all", "read_matchers"]

FIELDS = ("rule_id", "src", "dst", "zone", "category", "severity", "title", "kind")
"""What an alert can be matched by."""
OF_INCIDENTS = tuple(name for name in FIELDS if name != "kind")
"""What an incident can be matched by: its findings keep no kind of event."""
_ADDRESSES = ("src", "dst")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition; `str` gives it back as it is written."""

    name: str
    value: str
    negated: bool = False
    network: _Network | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.name}{'!=' if self.negated else '='}{self.value}"

    def holds(self, values: Mapping[str, str | None]) -> bool:
        """Whether it holds; a field that is not there is empty."""
        return self._equal(values.get(self.name) or "") is not self.negated

    def _equal(self, value: str) -> bool:
        if self.network is None:
            return fnmatch.fnmatchcase(value, self.value)
        try:
            return ipaddress.ip_address(value) in self.network
        except ValueError:
            return False


def read_matchers(written: Iterable[str], fields: Sequence[str] = FIELDS) -> tuple[Matcher, ...]:
    """The matchers of `written` over `fields`. Raises IncidentError for the first that is none."""
    return tuple(_read(one, fields) for one in written)


def matches_all(matchers: Iterable[Matcher], values: Mapping[str, str | None]) -> bool:
    """Whether every one holds."""
    return all(matcher.holds(values) for matcher in matchers)


def _read(written: str, fields: Sequence[str]) -> Matcher:
    name, sign, value = written.partition("=")
    negated = name.endswith("!")
    name = name.removesuffix("!").strip()
    value = value.strip()
    if not sign or not value or name not in fields:
        raise IncidentError(Message("incident.bad-matcher", got=written, fields=", ".join(fields)))
    network = None
    if name in _ADDRESSES and "/" in value:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise IncidentError(Message("incident.bad-network", got=value)) from None
    return Matcher(name, value, negated, network)
