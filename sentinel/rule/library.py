"""All rules below the configured folders: what a former start compiled is taken from the cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sentinel.rule.cache import RuleCache
from sentinel.rule.compiled import Compiled
from sentinel.rule.fault import Fault
from sentinel.rule.filter import apply_filters
from sentinel.rule.rule import Document, RuleProblem
from sentinel.rule.settings import SHIPPED_LISTS

__all__ = ["load_paths", "rule_files"]


def rule_files(paths: Iterable[str], root: Path) -> tuple[list[Path], list[RuleProblem]]:
    """Every rule file under `paths` (relative to `root`) in order, and a problem for each path not there."""
    files: list[Path] = []
    problems: list[RuleProblem] = []
    for name in paths:
        path = root / name
        if path.is_dir():
            found = (file for file in path.rglob("*.yml") if not file.name.endswith(".test.yml"))
            files += sorted(file for file in found if file.is_file())
        elif path.is_file():
            files.append(path)
        else:
            problems.append(RuleProblem(path, 0, name, Fault.of("no-path")))
    return list(dict.fromkeys(files)), problems


def load_paths(
    paths: Iterable[str], root: Path, placeholders: Mapping[str, Sequence[str]] = SHIPPED_LISTS
) -> Compiled:
    """All documents under `paths`, in the order of files and documents; the first of two with one id runs.

    Filters are already part of the rules that they are for.
    """
    paths, lists = tuple(paths), dict(placeholders)
    cache = RuleCache((str(root / path) for path in paths), repr(sorted(lists.items())) if lists else "")
    files, problems = rule_files(paths, root)
    known: dict[str, Document] = {}
    all_of_them = Compiled(problems=problems)
    for file in files:
        compiled = _load(file, cache, lists)
        problems += compiled.problems
        for document in compiled.documents():
            first = known.setdefault(document.id, document)
            if first is document:
                all_of_them.add(document)
            else:
                taken = Fault.of("id-taken", place=f"{first.path}:{first.line}")
                problems.append(RuleProblem(document.path, document.line, document.id, taken))
    cache.keep()
    all_of_them.rules, unapplied = apply_filters(all_of_them)
    problems += unapplied
    return all_of_them


def _load(file: Path, cache: RuleCache, placeholders: Mapping[str, Sequence[str]]) -> Compiled:
    try:
        content = file.read_bytes()
    except OSError as error:
        problem = RuleProblem(file, 0, file.name, Fault.of("unreadable", detail=error))
        return Compiled(problems=[problem])
    compiled = cache.get(file, content)
    if compiled is None:
        # Only here: parsing needs pySigma, which takes longer to import than a thousand compiled rules to read.
        from sentinel.rule.load import load_content

        compiled = load_content(file, content, placeholders)
        cache.put(file, content, compiled)
    return compiled
