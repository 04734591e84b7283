"""From a file of Sigma documents to rules, and to problems for those that do not run. Nothing here raises."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import PythonRegexEngine
from sigma.rule import SigmaRule
from sigma.rule.base import SigmaYAMLLoader

from sentinel.event import Level
from sentinel.rule.condition import And, Node, Or
from sentinel.rule.logsource import kinds_of
from sentinel.rule.rule import LogSource, Rule, RuleProblem
from sentinel.rule.translate import NotRunnable, translate

__all__ = ["load_content", "load_file"]

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)
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
}


def load_file(path: Path) -> tuple[list[Rule], list[RuleProblem]]:
    """The rules of one file, and its problems."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return [], [RuleProblem(path, 0, path.name, f"cannot be read: {error}", "Make it readable")]
    return load_content(path, content)


def load_content(path: Path, content: bytes) -> tuple[list[Rule], list[RuleProblem]]:
    """The rules of the file `path` that holds `content`, and its problems."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [RuleProblem(path, 0, path.name, f"cannot be read: {error}", "Save it as UTF-8")]
    rules: list[Rule] = []
    problems: list[RuleProblem] = []
    for line, source in _documents(text):
        loaded = _load_document(path, line, source)
        if isinstance(loaded, Rule):
            rules.append(loaded)
        elif loaded is not None:
            problems.append(loaded)
    return rules, problems


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Each YAML document with the line it begins on."""
    begin, line = 0, 1
    for separator in [*_SEPARATOR.finditer(text), None]:
        end = len(text) if separator is None else separator.start()
        source = text[begin:end]
        if source.strip():
            blank = len(source) - len(source.lstrip("\n"))
            yield line + blank, source[blank:]
        if separator is not None:
            line += text.count("\n", begin, separator.end())
            begin = separator.end()


def _load_document(path: Path, line: int, source: str) -> Rule | RuleProblem | None:
    name = path.name
    try:
        document = yaml.load(source, Loader=SigmaYAMLLoader)
        if document is None:
            return None
        if not isinstance(document, dict):
            return RuleProblem(
                path, line, name, "the document is not a mapping", "Write `title:`, `detection:` …"
            )
        name = str(document.get("id") or document.get("title") or name)
        for sort in ("correlation", "filter", "action"):
            if sort in document:
                return _not_yet(path, line, name, sort)
        return _compile(path, line, document)
    except NotRunnable as error:
        where = line + _line_of(source, "detection")
        return RuleProblem(path, where, name, str(error), error.remedy)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        where = line + (mark.line if mark is not None else 0)
        return RuleProblem(path, where, name, f"not valid YAML: {reason}", "Correct the YAML at this line")
    except SigmaError as error:
        section = _section(error)
        reason = str(error.args[0]) if error.args else type(error).__name__
        where = line + _line_of(source, section)
        return RuleProblem(
            path, where, name, reason, f"Correct `{section}` (https://sigmahq.io/docs/basics/rules)"
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = f"not a Sigma rule: {type(error).__name__}: {error}"
        return RuleProblem(path, line, name, reason, "Compare it with a rule that loads")


def _not_yet(path: Path, line: int, name: str, sort: str) -> RuleProblem:
    if sort == "action":
        return RuleProblem(
            path,
            line,
            name,
            "`action:` collections are no longer Sigma",
            "Write each rule out in its own document",
        )
    return RuleProblem(
        path, line, name, f"{sort} documents are not run yet", "Nothing is wrong with it", informational=True
    )


def _section(error: SigmaError) -> str:
    sort = type(error).__name__.removeprefix("Sigma").removesuffix("Error")
    return _SECTION_OF_ERROR.get(sort, "title")


def _line_of(source: str, key: str) -> int:
    """Lines from the document's beginning to `key:`."""
    match = re.search(rf"^\s*{key}\s*:", source, re.MULTILINE)
    return (
        0 if match is None else source.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip()))
    )


def _compile(path: Path, line: int, document: dict[str, Any]) -> Rule:
    parsed = SigmaRule.from_dict(document, policy=_POLICY)
    custom = parsed.custom_attributes or {}
    source = LogSource(parsed.logsource.product, parsed.logsource.category, parsed.logsource.service)
    return Rule(
        id=str(parsed.id or uuid.uuid5(_UNNAMED, f"{path.name}:{parsed.title}")),
        title=parsed.title,
        title_en=_optional(custom, "title_en"),
        level=Level(parsed.level.name.lower()) if parsed.level is not None else Level.MEDIUM,
        status=parsed.status.name.lower() if parsed.status is not None else None,
        description=parsed.description,
        respond=_optional(custom, "respond"),
        tags=tuple(f"{tag.namespace}.{tag.name}" for tag in parsed.tags),
        category=_optional(custom, "category"),
        logsource=source,
        kinds=kinds_of(source),
        condition=_condition(parsed),
        references=tuple(map(str, parsed.references or ())),
        falsepositives=tuple(map(str, parsed.falsepositives or ())),
        author=parsed.author,
        date=parsed.date if isinstance(parsed.date, datetime.date) else None,
        path=path,
        line=line,
    )


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return None if value is None else str(value)


def _condition(parsed: SigmaRule) -> Node:
    """The rule's condition; a list of conditions holds when one does."""
    nodes = tuple(translate(condition.parsed) for condition in parsed.detection.parsed_condition)
    return nodes[0] if len(nodes) == 1 else (Or(nodes) if nodes else And(()))
