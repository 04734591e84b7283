"""Views: other logsources under which the same thing is recorded, with other field names. pySigma's pipeline files.

A rule is written for one logsource in Sigma's names. A pipeline says where else its events are found: our `http`
events for `category: webserver`, Sysmon's event 1 for `process_creation`. The rule itself stays as it is and is
asked in each view, so that one rule serves traffic, and logs of any sort, and a filter of a site holds in all.

Of pySigma's format these are known: `field_name_mapping`, `change_logsource`, `add_condition`, `rule_failure`
(the pipeline is not for such rules), each with `rule_conditions` of `type: logsource`, `rule_cond_op` and
`rule_cond_not`. A file may hold several documents, each a pipeline and so a view.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sentinel.rule.condition import And, Leaf, Node, Or
from sentinel.rule.fault import DocumentFault
from sentinel.rule.question import Boolean, Number, Text
from sentinel.rule.rule import LogSource

__all__ = ["Pipeline", "PipelineError", "View", "read_pipelines", "shipped_pipelines", "views_of"]

_FOLDER = Path(__file__).parent / "pipelines"


class PipelineError(DocumentFault):
    """A pipeline file that cannot be used."""

    def __init__(self, name: str, /, **values: object) -> None:
        super().__init__("", name, **values)


@dataclass(frozen=True, slots=True)
class View:
    """One way to see a rule's events."""

    source: LogSource
    """What the records say of themselves."""
    names: Mapping[str, str]
    """The rule's name of a field → the record's. Others are the same."""
    condition: Node | None = None
    """What must hold too, in the record's names: such records are of the rule's sort."""

    def name(self, field: str) -> str:
        """What a field of the rule is called in the record."""
        return self.names.get(field, field)


@dataclass(frozen=True, slots=True)
class _When:
    """`rule_conditions`."""

    sources: tuple[LogSource, ...]
    any_of: bool
    negated: bool

    def holds(self, source: LogSource) -> bool:
        if not self.sources:
            return True
        met = (one.covers(source) for one in self.sources)
        return (any(met) if self.any_of else all(met)) is not self.negated


@dataclass(frozen=True, slots=True)
class _Step:
    """One transformation."""

    when: _When
    names: Mapping[str, str]
    source: LogSource | None
    condition: Node | None
    refuses: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """One document of a pipeline file."""

    name: str
    steps: tuple[_Step, ...]

    def view(self, source: LogSource) -> View | None:
        """How rules of `source` are seen; None where this pipeline has nothing to say of them."""
        names: dict[str, str] = {}
        conditions: list[Node] = []
        applied = False
        for step in self.steps:
            if not step.when.holds(source):
                continue
            if step.refuses:
                return None
            applied = True
            names = {**{field: step.names.get(name, name) for field, name in names.items()}, **step.names}
            if step.condition is not None:
                conditions.append(step.condition)
            source = step.source or source
        if not applied:
            return None
        return View(source, names, And(tuple(conditions)) if conditions else None)


@functools.lru_cache(4096)
def views_of(source: LogSource, pipelines: tuple[Pipeline, ...]) -> tuple[View, ...]:
    """Every view of rules of `source`: as they are written, and what each pipeline makes of them."""
    views = [View(source, {})]
    for pipeline in pipelines:
        view = pipeline.view(source)
        if view is not None and view not in views:
            views.append(view)
    return tuple(views)


@functools.cache
def shipped_pipelines() -> tuple[Pipeline, ...]:
    """The pipelines that come with this program."""
    return tuple(pipeline for path in sorted(_FOLDER.glob("*.yml")) for pipeline in read_pipelines(path))


def read_pipelines(path: Path) -> tuple[Pipeline, ...]:
    """The pipelines of one file. Raises PipelineError."""
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PipelineError("unreadable", detail=error) from error
    return tuple(_pipeline(document, path) for document in documents if document is not None)


def _pipeline(document: Any, path: Path) -> Pipeline:
    if not isinstance(document, Mapping) or not isinstance(document.get("transformations"), list):
        raise PipelineError("pipeline")
    steps = tuple(_step(item) for item in document["transformations"])
    return Pipeline(str(document.get("name") or path.stem), steps)


def _step(item: Any) -> _Step:
    if not isinstance(item, Mapping):
        raise PipelineError("pipeline-step")
    sort, when = item.get("type"), _when(item)
    if sort == "field_name_mapping":
        return _Step(when, _mapping(item.get("mapping")), None, None, refuses=False)
    if sort == "change_logsource":
        return _Step(when, {}, _source(item), None, refuses=False)
    if sort == "add_condition":
        return _Step(when, {}, None, _condition(item.get("conditions")), refuses=False)
    if sort == "rule_failure":
        return _Step(when, {}, None, None, refuses=True)
    raise PipelineError("pipeline-type", written=sort)


def _when(item: Mapping[str, Any]) -> _When:
    conditions = item.get("rule_conditions", [])
    if not isinstance(conditions, list) or "rule_cond_expr" in item:
        raise PipelineError("pipeline-conditions")
    for condition in conditions:
        if not isinstance(condition, Mapping) or condition.get("type") != "logsource":
            raise PipelineError("pipeline-condition-type")
    operator = item.get("rule_cond_op", "and")
    if operator not in ("and", "or"):
        raise PipelineError("pipeline-operator", written=operator)
    return _When(tuple(map(_source, conditions)), operator == "or", bool(item.get("rule_cond_not", False)))


def _source(item: Mapping[str, Any]) -> LogSource:
    parts = [item.get(name) for name in ("product", "category", "service")]
    if not all(part is None or isinstance(part, str) for part in parts) or not any(parts):
        raise PipelineError("pipeline-logsource")
    return LogSource(*parts)


def _mapping(mapping: Any) -> dict[str, str]:
    if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping.values()):
        raise PipelineError("pipeline-mapping")
    return {str(field): name for field, name in mapping.items()}


def _condition(conditions: Any) -> Node:
    if not isinstance(conditions, Mapping):
        raise PipelineError("pipeline-values")
    parts: list[Node] = []
    for field, value in conditions.items():
        values = value if isinstance(value, list) else [value]
        equal = tuple(Leaf(str(field), _equal(one)) for one in values)
        parts.append(equal[0] if len(equal) == 1 else Or(equal))
    return And(tuple(parts))


def _equal(value: Any) -> Boolean | Number | Text:
    if isinstance(value, bool):
        return Boolean(value)
    if isinstance(value, (int, float)):
        return Number(value)
    if isinstance(value, str) and not {"*", "?", "\\"} & set(value):
        return Text((value,) if value else ())
    raise PipelineError("pipeline-value", written=value)
