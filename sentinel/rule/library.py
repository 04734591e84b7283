"""All rules below the configured folders: what a former start compiled is taken from the cache."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sentinel.rule.cache import Compiled, RuleCache
from sentinel.rule.rule import Rule, RuleProblem

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
            problems.append(
                RuleProblem(path, 0, name, "no such file or folder", "Correct `rule.paths`, or create it")
            )
    return list(dict.fromkeys(files)), problems


def load_paths(paths: Iterable[str], root: Path) -> tuple[list[Rule], list[RuleProblem]]:
    """All rules under `paths`, in the order of files and documents; the first of two with one id runs."""
    paths = tuple(paths)
    cache = RuleCache(str(root / path) for path in paths)
    files, problems = rule_files(paths, root)
    rules: dict[str, Rule] = {}
    for file in files:
        compiled = _load(file, cache)
        problems += compiled.problems
        for rule in compiled.rules:
            first = rules.setdefault(rule.id, rule)
            if first is not rule:
                reason = f"its id is taken by {first.path}:{first.line}"
                problems.append(RuleProblem(rule.path, rule.line, rule.id, reason, "Give it a new UUID"))
    cache.keep()
    return list(rules.values()), problems


def _load(file: Path, cache: RuleCache) -> Compiled:
    try:
        content = file.read_bytes()
    except OSError as error:
        problem = RuleProblem(file, 0, file.name, f"cannot be read: {error}", "Make it readable")
        return Compiled([], [problem])
    compiled = cache.get(file, content)
    if compiled is None:
        # Only here: parsing needs pySigma, which takes longer to import than a thousand compiled rules to read.
        from sentinel.rule.load import load_content

        compiled = Compiled(*load_content(file, content))
        cache.put(file, content, compiled)
    return compiled
