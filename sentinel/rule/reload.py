"""New rules for old while everything runs: looked for, compiled aside, and refused as a whole where one is bad.

A rule that was edited into nonsense must not take the place of one that works, least of all unseen. So a set
with a problem that the running one does not have is refused; what runs goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from sentinel.rule.library import rule_files
from sentinel.rule.rule import RuleProblem
from sentinel.rule.ruleset import RuleSet
from sentinel.rule.settings import RuleSettings

__all__ = ["ReloadRefused", "reload_rules", "rules_on_disk"]


class ReloadRefused(Exception):
    """The rules on disk are not taken over."""

    def __init__(self, problems: list[RuleProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        """What the running set does not suffer from."""


def rules_on_disk(settings: RuleSettings, root: Path, more: Iterable[Path] = ()) -> str:
    """Differs once any file of the rules and pipelines, or of `more`, was changed, added or taken away."""
    files, missing = rule_files(settings.paths, root)
    digest = hashlib.sha256(repr([str(problem.path) for problem in missing]).encode())
    for path in (*files, *(root / name for name in settings.pipelines), *more):
        try:
            about = path.stat()
        except OSError as error:
            digest.update(f"{path}:{error.errno}\n".encode(errors="surrogateescape"))
        else:
            told = f"{path}:{about.st_ino}:{about.st_size}:{about.st_mtime_ns}\n"
            digest.update(told.encode(errors="surrogateescape"))
    return digest.hexdigest()


def reload_rules(
    settings: RuleSettings,
    root: Path,
    present: RuleSet | None,
    load: Callable[[RuleSettings, Path], RuleSet] = RuleSet.load,
) -> RuleSet:
    """The rules on disk now, to take the place of `present`. Raises ReloadRefused."""
    rules = load(settings, root)
    known = set() if present is None else {_what(problem) for problem in present.problems}
    problems = [
        problem for problem in rules.problems if not problem.informational and _what(problem) not in known
    ]
    if problems:
        raise ReloadRefused(problems)
    return rules


def _what(problem: RuleProblem) -> tuple[Path, str, str]:
    """A problem, wherever in its file it now stands."""
    return problem.path, problem.rule, repr(problem.fault)
