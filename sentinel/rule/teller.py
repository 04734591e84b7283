"""What correlations are told of an event: the fields that they ask of the rules that matched it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sentinel.event import Event, Log
from sentinel.rule.access import EventAccess, RecordAccess
from sentinel.rule.correlation.match import Match, plain
from sentinel.rule.evidence import first_of
from sentinel.rule.rule import Rule
from sentinel.rule.view import View

__all__ = ["MatchTeller"]

_Readers = tuple[tuple[str, Callable[[Any], Any]], ...]


class MatchTeller:
    """Makes matches. Rules are known by their number in the rule set."""

    def __init__(
        self, rules: Sequence[Rule], views: Sequence[Sequence[View]], asked: Mapping[str, Sequence[str]]
    ) -> None:
        """`views` are each rule's."""
        self.asked = {number: tuple(asked[rule.id]) for number, rule in enumerate(rules) if rule.id in asked}
        """For each rule that serves a correlation, the fields asked of it, by the rule's names."""
        self._rules = rules
        self._views = views
        self._readers: dict[tuple[int, str], _Readers] = {}

    def tell(self, event: Event, numbers: Sequence[int]) -> Match:
        """The match of an event by some of the rules in `asked`."""
        return Match(
            ts=event.ts,
            kind=event.kind,
            hits={self._rules[number].id: self._values(event, number) for number in numbers},
            uid=getattr(event, "uid", None),
            src=first_of(event, "orig_h", "src"),
            src_port=getattr(event, "orig_p", None),
            dst=first_of(event, "resp_h", "dst"),
            dst_port=first_of(event, "resp_p", "p"),
            zone=event.zone,
        )

    def tell_record(self, record: Mapping[str, Any], ts: float, numbers: Sequence[int]) -> Match:
        """The match of a mapping, whose fields are called as the rules call them."""
        access = RecordAccess()
        hits = {}
        for number in numbers:
            readers = [(name, access.getter(name)) for name in self.asked[number]]
            hits[self._rules[number].id] = _read(record, [(name, read) for name, read in readers if read])
        return Match(ts=ts, hits=hits)

    def _values(self, event: Event, number: int) -> dict[str, Any]:
        readers = self._readers.get((number, event.kind))
        if readers is None:
            readers = self._readers[number, event.kind] = tuple(self._make_readers(type(event), number))
        return _read(event, readers)

    def _make_readers(self, kind: type[Event], number: int) -> Iterator[tuple[str, Callable[[Any], Any]]]:
        """Each asked name may be another field in each view; the first with a value counts."""
        access = EventAccess(kind)
        for asked in self.asked[number]:
            for name in dict.fromkeys([asked, *(view.name(asked) for view in self._views[number])]):
                read = partial(_field, name) if issubclass(kind, Log) else access.getter(name)
                if read is not None:
                    yield asked, read


def _field(name: str, log: Any) -> Any:
    return log.field(name)


def _read(event: Any, readers: Sequence[tuple[str, Callable[[Any], Any]]]) -> dict[str, Any]:
    values = {}
    for name, read in readers:
        if name in values:
            continue
        value = read(event)
        if value is not None:
            values[name] = plain(value)
    return values
