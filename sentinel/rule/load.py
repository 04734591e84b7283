"""From a file of Sigma documents to what runs, and to problems for what does not. Nothing here raises."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sigma.exceptions import SigmaError
from sigma.filters import SigmaGlobalFilter
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import PythonRegexEngine
from sigma.rule import SigmaDetections, SigmaLogSource, SigmaRule
from sigma.rule.base import SigmaRuleBase

from sentinel.event import Level
from sentinel.rule.compiled import Compiled
from sentinel.rule.condition import And, Node, Not, Or
from sentinel.rule.correlation.document import read_correlation
from sentinel.rule.fault import DocumentFault, Fault
from sentinel.rule.logsource import kinds_of
from sentinel.rule.modifier import register_modifiers
from sentinel.rule.payload import announced
from sentinel.rule.placeholder import Placeholders
from sentinel.rule.restraint.threshold import Threshold, read_threshold
from sentinel.rule.rule import Document, Filter, LogSource, Rule, RuleProblem
from sentinel.rule.source import BadSource, Source, sources
from sentinel.rule.translate import translate

__all__ = ["load_content", "load_file"]

register_modifiers()
_POLICY = SigmaPolicy(regex_engine=PythonRegexEngine())
"""Rules are the operator's own files, and Python's regexes are what we run."""
_UNNAMED = uuid.UUID("6f1c1b1e-0d6f-5a6b-9a3e-6d2d1f0f7c55")
_SECTION_OF_ERROR = {
    "Condition": "condition",
    "Detection": "detection",
    "Modifier": "detection",
    "Value": "detection",
    "Type": "detection",
    "RegularExpression": "detection",
    "Logsource": "logsource",
    "Level": "level",
    "Status": "status",
    "Date": "date",
    "Identifier": "id",
    "Tag": "tags",
    "Title": "title",
    "Author": "author",
    "References": "references",
    "Filter": "filter",
    "FilterCondition": "condition",
    "FilterRuleReference": "rules",
}


def load_file(path: Path, placeholders: Placeholders | None = None) -> Compiled:
    """What the documents of one file became."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = RuleProblem(path, 0, path.name, Fault.of("unreadable", detail=error))
        return Compiled(problems=[problem])
    return load_content(path, content, placeholders)


def load_content(path: Path, content: bytes, placeholders: Placeholders | None = None) -> Compiled:
    """What the documents in `content`, the bytes of the file `path`, became."""
    compiled = Compiled()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        compiled.add(RuleProblem(path, 0, path.name, Fault.of("unreadable", detail=error)))
        return compiled
    for source in sources(text):
        if isinstance(source, BadSource):
            compiled.add(RuleProblem(path, source.line, path.name, source.fault))
        else:
            for made in _Reader(path, source, placeholders or {}).read():
                compiled.add(made)
    return compiled


class _Reader:
    """Reads one document."""

    def __init__(self, path: Path, source: Source, placeholders: Placeholders) -> None:
        self._path = path
        self._source = source
        self._placeholders = placeholders
        content = source.content
        self._name = str(content.get("id") or content.get("title") or path.name)

    def read(self) -> Iterator[Document | RuleProblem]:
        """What it became, and what is odd about it."""
        content = dict(self._source.content)
        if (written := content.get("id")) is not None and not _is_uuid(written):
            del content["id"]
            yield self._problem("id", Fault.of("id-no-uuid", written=written), runs=True)
        make: Callable[[dict[str, Any]], Document] = self._rule
        if "correlation" in content:
            make = self._correlation
        elif "filter" in content:
            make = self._filter
        try:
            made = make(content)
        except DocumentFault as error:
            yield self._problem(error.key, error.fault)
        except SigmaError as error:
            sort = type(error).__name__.removeprefix("Sigma").removesuffix("Error")
            section = _SECTION_OF_ERROR.get(sort, "title")
            reason = str(error.args[0]) if error.args else type(error).__name__
            yield self._problem(section, Fault.of("sigma", section=section, detail=reason))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            yield self._problem("", Fault.of("not-sigma", detail=f"{type(error).__name__}: {error}"))
        else:
            yield made
            if isinstance(made, Filter) and not _excludes(made.condition):
                yield self._problem("condition", Fault.of("filter-inverted"), runs=True)
            if isinstance(made, Rule) and "payload" in made.kinds and not announced(made.condition):
                yield self._problem("detection", Fault.of("payload-unannounced"), runs=True)

    def _problem(self, key: str, fault: Fault, *, runs: bool = False) -> RuleProblem:
        line = self._source.line_of(key) if key else self._source.line
        return RuleProblem(self._path, line, self._name, fault, informational=runs)

    def _rule(self, content: dict[str, Any]) -> Rule:
        parsed = SigmaRule.from_dict(content, policy=_POLICY)
        source = _log_source(parsed.logsource)
        return Rule(
            **self._heading(content),
            logsource=source,
            kinds=kinds_of(source),
            condition=self._condition(parsed.detection),
        )

    def _correlation(self, content: dict[str, Any]) -> Document:
        return read_correlation(content, self._heading(content))

    def _filter(self, content: dict[str, Any]) -> Filter:
        heading = self._heading(content)
        source = _log_source(SigmaLogSource.from_dict(_mapping(content, "logsource")))
        parsed = SigmaGlobalFilter.from_dict(_mapping(content, "filter"), policy=_POLICY)
        return Filter(
            **heading,
            logsource=source,
            rules=None if isinstance(parsed.rules, str) else tuple(one.reference for one in parsed.rules),
            condition=self._condition(parsed),
        )

    def _condition(self, detections: SigmaDetections) -> Node:
        """A list of conditions holds when one does."""
        nodes = tuple(
            translate(condition.parsed, self._placeholders) for condition in detections.parsed_condition
        )
        return nodes[0] if len(nodes) == 1 else (Or(nodes) if nodes else And(()))

    def _heading(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """What a document says of itself: the fields of `Document`. Raises SigmaError."""
        said, _ = SigmaRuleBase.from_dict_common_params(dict(content))
        level, status, date = said["level"], said["status"], said["date"]
        written = self._source.content.get("id")
        return {
            "id": str(said["id"] or written or uuid.uuid5(_UNNAMED, f"{self._path.name}:{said['title']}")),
            "name": said["name"],
            "title": said["title"],
            "title_en": _optional(content, "title_en"),
            "level": Level(level.name.lower()) if level is not None else Level.MEDIUM,
            "status": status.name.lower() if status is not None else None,
            "description": said["description"],
            "description_en": _optional(content, "description_en"),
            "respond": _optional(content, "respond"),
            "respond_en": _optional(content, "respond_en"),
            "tags": tuple(f"{tag.namespace}.{tag.name}" for tag in said["tags"]),
            "category": _optional(content, "category"),
            "references": tuple(map(str, said["references"] or ())),
            "falsepositives": tuple(map(str, said["falsepositives"] or ())),
            "author": said["author"],
            "date": date if isinstance(date, datetime.date) else None,
            "threshold": _threshold(content),
            "path": self._path,
            "line": self._source.line,
        }


def _is_uuid(written: Any) -> bool:
    try:
        uuid.UUID(written)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _log_source(parsed: SigmaLogSource) -> LogSource:
    return LogSource(parsed.product, parsed.category, parsed.service)


def _mapping(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    if not isinstance(value, dict):
        raise DocumentFault(key, "no-mapping", key=key)
    return value


def _threshold(content: Mapping[str, Any]) -> Threshold | None:
    ours = content.get("sentinel")
    return read_threshold(ours.get("threshold")) if isinstance(ours, Mapping) else None


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return None if value is None else str(value)


def _excludes(node: Node) -> bool:
    """Does a filter's condition begin with `not`, in all of its parts?"""
    return all(map(_excludes, node.parts)) if isinstance(node, (And, Or)) else isinstance(node, Not)
