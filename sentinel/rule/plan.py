"""The plan for one kind of event: indexes for its fields, and the rules to ask where they hit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sentinel.rule.access import Access
from sentinel.rule.exact import Holds, holds
from sentinel.rule.index import Candidates, FieldIndex
from sentinel.rule.logsource import wire_name
from sentinel.rule.rule import Rule
from sentinel.rule.trigger import ANY_TEXT, Trigger, triggers_of

__all__ = ["Plan", "RecordPlan"]


class Plan:
    """Rules compiled for rows of one shape. Rules are known by their number in the rule set."""

    def __init__(self, rules: Sequence[tuple[int, Rule]], access: Access, renamed: bool = True) -> None:
        self._holds: dict[int, Holds] = {}
        self._access = access
        unprompted: list[int] = []
        by_field: dict[str, list[tuple[Trigger, int]]] = {}
        for number, rule in rules:
            field_of: Callable[[str], str] = partial(wire_name, rule.logsource) if renamed else str
            self._holds[number] = holds(rule.condition, access, field_of)
            triggers = triggers_of(rule.condition, field_of)
            if triggers is None:
                unprompted.append(number)
            for trigger in triggers or ():
                by_field.setdefault(trigger.field, []).append((trigger, number))
        self._unprompted = unprompted
        self._indexes = {field: FieldIndex(triggers) for field, triggers in by_field.items()}

    def match(self, rows: Sequence[Any]) -> list[tuple[int, int]]:
        """(row, rule number) of every match, in that order."""
        candidates: Candidates = {}
        self._search(rows, candidates)
        found: list[tuple[int, int]] = []
        if self._unprompted:
            for row in range(len(rows)):
                self._ask(rows[row], row, sorted({*self._unprompted, *candidates.get(row, ())}), found)
        else:
            for row in sorted(candidates):
                self._ask(rows[row], row, sorted(candidates[row]), found)
        return found

    def _ask(self, event: Any, row: int, rules: Sequence[int], found: list[tuple[int, int]]) -> None:
        for number in rules:
            if self._holds[number](event):
                found.append((row, number))

    def _search(self, rows: Sequence[Any], candidates: Candidates) -> None:
        for field, index in self._indexes.items():
            read = self._access.keywords() if field == ANY_TEXT else self._access.getter(field)
            if read is not None:
                index.search(list(map(read, rows)), candidates)


class RecordPlan(Plan):
    """A plan for mappings, where most rows have few of the many fields that rules name."""

    def _search(self, rows: Sequence[Mapping[str, Any]], candidates: Candidates) -> None:
        columns: dict[str, tuple[list[Any], list[int]]] = {}
        for row, record in enumerate(rows):
            self._gather(record, row, columns)
        for field, index in self._indexes.items():
            if field == ANY_TEXT:
                index.search(list(map(self._access.keywords(), rows)), candidates)
            elif field in columns:
                values, places = columns[field]
                index.search(values, candidates, places)

    def _gather(
        self,
        record: Mapping[str, Any],
        row: int,
        columns: dict[str, tuple[list[Any], list[int]]],
        path: str = "",
    ) -> None:
        for name, value in record.items():
            field = path + str(name)
            if field in self._indexes:
                values, places = columns.setdefault(field, ([], []))
                values.append(True if value is None else value)  # a null exists: `exists` must be asked
                places.append(row)
            if isinstance(value, Mapping):
                self._gather(value, row, columns, field + ".")
