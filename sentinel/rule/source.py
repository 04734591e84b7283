"""A rule file as the documents in it, each with the line it begins on; and Sigma 1's `action:` collections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

from sentinel.rule.fault import Fault

__all__ = ["BadSource", "Source", "sources"]

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BadSource:
    """A piece of a file that is no document."""

    line: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Source:
    """One document as it was written."""

    line: int
    """Where it begins, from 1."""
    text: str
    content: Mapping[str, Any]

    def line_of(self, key: str) -> int:
        """The file's line with `key:`, or the first where there is none."""
        match = re.search(rf"^[ \t]*{re.escape(key)}[ \t]*:", self.text, re.MULTILINE)
        return self.line if match is None else self.line + self.text.count("\n", 0, match.start())


def sources(text: str) -> Iterator[Source | BadSource]:
    """The documents of a file in order, with collections resolved.

    `action: global` is a template for what follows it, `reset` ends it, `repeat` changes the document before.
    """
    template: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for line, written in _pieces(text):
        found = _parsed(line, written)
        if found is None:
            continue
        if isinstance(found, BadSource):
            yield found
            continue
        content = dict(found)
        action = content.pop("action", None)
        if action == "global":
            template = content
        elif action == "reset":
            template = {}
        elif action in (None, "repeat"):
            before = _merged(before if action else template, content)
            yield Source(line, written, before)
        else:
            yield BadSource(line, Fault.of("action", written=action))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    begin, line = 0, 1
    for separator in [*_SEPARATOR.finditer(text), None]:
        end = len(text) if separator is None else separator.start()
        piece = text[begin:end]
        if piece.strip():
            blank = len(piece) - len(piece.lstrip("\n"))
            yield line + blank, piece[blank:]
        if separator is not None:
            line += text.count("\n", begin, separator.end())
            begin = separator.end()


def _parsed(line: int, written: str) -> dict[str, Any] | BadSource | None:
    try:
        content = yaml.load(written, Loader=SigmaYAMLLoader)
        check_alias_expansion(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        where = line + (mark.line if mark is not None else 0)
        return BadSource(where, Fault.of("yaml", detail=reason))
    except (SigmaError, ValueError, TypeError, RecursionError) as error:
        return BadSource(line, Fault.of("yaml", detail=error))
    if content is None or isinstance(content, dict):
        return content
    return BadSource(line, Fault.of("no-document"))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings, `above` winning, mappings within them merged likewise."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
