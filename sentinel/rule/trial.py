"""The test events beside a rule (`name.test.yml`): for which it must hold, for which it must not.

Each event names its `kind`, then fields by wire name; what a flow always has may be left out. Bytes are written
as Latin-1 text. A `log` record has its `product`, `category`, `service`, and all else is its fields.

A list of events instead of one is a trial of the correlations in the file: by all of them together it must hold
(or must not). Their times (`ts`) are seconds; the rules that a correlation builds on may stand in other files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from sentinel.event import KINDS, Event, field_attributes
from sentinel.rule.access import RecordAccess
from sentinel.rule.correlation import Correlation, Correlator
from sentinel.rule.plan import Plan
from sentinel.rule.rule import Rule
from sentinel.rule.ruleset import RuleSet
from sentinel.text import Message, MessageError

__all__ = [
    "Outcome",
    "TrialError",
    "event_of",
    "events_file",
    "trial_events",
    "trial_sequences",
    "try_correlation",
    "try_rule",
]

_FLOW: Final = {
    "ts": 1.0,
    "uid": "C1",
    "id.orig_h": "10.1.2.3",
    "id.orig_p": 50000,
    "id.resp_h": "192.0.2.1",
    "id.resp_p": 80,
}
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "payload": {"proto": "tcp", "direction": "to_server"},
    "log": {"source": "test"},
}
_EXPECTED: Final = {"positive": True, "negative": False}


class TrialError(MessageError):
    """Test events that cannot be used; `message` says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test event, and what came of it."""

    number: int
    """Its place among those expected alike, from 1."""
    expected: bool
    held: bool

    @property
    def right(self) -> bool:
        """Did the rule do what its author said?"""
        return self.held is self.expected


def events_file(rule: Path) -> Path:
    """Where the test events of a rule file stand."""
    return rule.with_suffix(".test.yml")


def trial_events(path: Path) -> list[tuple[bool, dict[str, Any]]]:
    """(must the rule hold, event) of a file of test events, for its rules. Raises TrialError."""
    return [(expected, trial) for expected, trial in _trials(path) if isinstance(trial, dict)]


def trial_sequences(path: Path) -> list[tuple[bool, list[dict[str, Any]]]]:
    """(must it hold, events one after another) of the same file, for its correlations. Raises TrialError."""
    return [(expected, trial) for expected, trial in _trials(path) if isinstance(trial, list)]


def _trials(path: Path) -> Iterator[tuple[bool, dict[str, Any] | list[dict[str, Any]]]]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrialError(
            Message("rules.trial.unreadable", path=path, detail=" ".join(str(error).split()))
        ) from error
    if not isinstance(document, Mapping) or not document.keys() <= _EXPECTED.keys():
        raise TrialError(Message("rules.trial.lists"))
    for name, expected in _EXPECTED.items():
        for trial in document.get(name) or ():
            yield expected, [_event(one) for one in trial] if isinstance(trial, list) else _event(trial)


def _event(written: Any) -> dict[str, Any]:
    if not isinstance(written, Mapping) or "kind" not in written:
        raise TrialError(Message("rules.trial.kind"))
    return dict(written)


def try_rule(rule: Rule, events: list[tuple[bool, dict[str, Any]]]) -> list[Outcome]:
    """Ask a rule of its test events, each by itself. Raises TrialError."""
    counts = {True: 0, False: 0}
    outcomes = []
    for place, (expected, fields) in enumerate(events):
        counts[expected] += 1
        outcomes.append(Outcome(counts[expected], expected, _holds(rule, fields, f"C{place}")))
    return outcomes


def try_correlation(
    correlation: Correlation, rules: RuleSet, trials: Sequence[tuple[bool, list[dict[str, Any]]]]
) -> list[Outcome]:
    """Ask a correlation of `rules` of sequences of events, each by itself. Raises TrialError."""
    links = dataclasses.replace(rules.links, silent=frozenset())
    counts = {True: 0, False: 0}
    outcomes = []
    for expected, sequence in trials:
        counts[expected] += 1
        correlator = Correlator(links)
        events = [event_of({"uid": f"C{place}", **fields}) for place, fields in enumerate(sequence)]
        held = any(
            firing.correlation.id == correlation.id
            for match in rules.find(events).matches
            for firing in correlator.observe(match)
        )
        outcomes.append(Outcome(counts[expected], expected, held))
    return outcomes


def _holds(rule: Rule, fields: Mapping[str, Any], uid: str) -> bool:
    kind = str(fields["kind"])
    if kind in KINDS:
        return bool(RuleSet([rule]).match([event_of({"uid": uid, **fields})]))
    record = {**_FLOW, **{name: value for name, value in fields.items() if name != "kind"}}
    return bool(Plan([(0, rule.condition, str)], RecordAccess(kind)).match([record]))


def event_of(fields: Mapping[str, Any]) -> Event:
    """The event that `kind` and the wire names in `fields` describe. Raises TrialError."""
    kind = KINDS.get(str(fields.get("kind")))
    if kind is None:
        raise TrialError(Message("rules.trial.no-kind", kind=fields.get("kind")))
    known = field_attributes(kind)
    told = {name: value for name, value in fields.items() if name != "kind"}
    if kind.kind == "log":
        rest = {name: told.pop(name) for name in list(told) if name not in known}
        told.setdefault("fields", rest)
    unknown = told.keys() - known.keys() - {"uid"}
    if unknown:
        raise TrialError(Message("rules.unknown-field", field=", ".join(sorted(unknown)), kind=kind.kind))
    given = {**_FLOW, **_DEFAULTS.get(kind.kind, {}), **told}
    described = msgspec.structs.fields(kind)
    binary = {field.name for field in described if field.type in (bytes, bytes | None)}
    values: dict[str, Any] = {
        known[name]: value.encode("latin-1") if known[name] in binary and isinstance(value, str) else value
        for name, value in given.items()
        if name in known
    }
    for field in described:
        if field.required and field.name not in values:
            is_list = "list" in str(field.type)
            values[field.name] = [] if is_list else (0 if field.type in (int, float) else "")
    return kind(**values)
