"""Playbooks on disk: each file read, checked, and either fit to run or named with what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sentinel.playbook.document import Playbook
from sentinel.playbook.fault import PlaybookError, PlaybookProblem
from sentinel.playbook.lint import Acts, lint
from sentinel.text import Message

__all__ = ["Library", "Shelved", "json_schema", "read_playbook"]

_LARGEST = 1 << 20
"""Bytes of a file."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A playbook that may run."""

    playbook: Playbook
    path: Path
    digest: str
    """SHA-256 of what it says: runs keep to the form they began with."""


class Library:
    """The playbooks of some folders."""

    def __init__(self, shelved: Iterable[Shelved], problems: Iterable[PlaybookProblem]) -> None:
        self.playbooks = {one.playbook.id: one for one in shelved}
        self.problems = list(problems)

    @classmethod
    def load(cls, folders: Iterable[Path], actions: Acts) -> Library:
        """Read all `*.yaml` and `*.yml` of `folders`. Files that are not right are among the problems."""
        found: dict[str, Shelved] = {}
        problems: list[PlaybookProblem] = []
        for path in sorted(path for folder in folders for path in folder.rglob("*.y*ml") if path.is_file()):
            try:
                playbook = read_playbook(path)
            except PlaybookError as error:
                problems.append(PlaybookProblem(path, "", error.message))
                continue
            if playbook.id in found:
                former = found[playbook.id].path
                problems.append(
                    PlaybookProblem(path, "", Message("playbook.twice", name=playbook.id, path=former))
                )
                continue
            found[playbook.id] = Shelved(playbook, path, digest_of(playbook))
        known = frozenset(found)
        for one in list(found.values()):
            wrong = lint(one.playbook, one.path, actions, known)
            problems += wrong
            if any(not problem.warning for problem in wrong):
                del found[one.playbook.id]
        return cls(found.values(), problems)

    def find(self, id: str) -> Shelved:
        """The playbook of that id. Raises PlaybookError."""
        try:
            return self.playbooks[id]
        except KeyError:
            raise PlaybookError(Message("playbook.unknown", name=id)) from None


def read_playbook(path: Path) -> Playbook:
    """The playbook in a YAML file, not yet looked through. Raises PlaybookError."""
    try:
        if path.stat().st_size > _LARGEST:
            raise PlaybookError(Message("playbook.too-large", most=_LARGEST))
        document: Any = yaml.safe_load(path.read_text("utf-8"))
        return msgspec.convert(document, Playbook, strict=True)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise PlaybookError(Message("playbook.unreadable", reason=reason)) from error


def digest_of(playbook: Playbook) -> str:
    """SHA-256 of what a playbook says, in hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(playbook, order="deterministic")).hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of playbook files, for editors."""
    return msgspec.json.schema(Playbook)
