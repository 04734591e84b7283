"""`sentinel rules`: which rules there are, whether they are sound, what they match."""

from __future__ import annotations

import argparse
import sys

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.rule import RuleSet
from sentinel.text import current_language, text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where all is well, 1 where a rule does not run, 2 without a configuration."""
    if options.action == "eval":
        from sentinel.rule.evaluate import evaluate_cases

        return evaluate_cases(options.cases, sys.stdout)
    try:
        config = chosen_config(options)
    except ConfigError as error:
        return complain(error)
    return {"list": _list, "lint": _lint}[options.action](config)


def _list(config: Config) -> int:
    for rule in sorted(
        RuleSet.load(config.rule, config.root).rules, key=lambda rule: (-rule.level.rank, rule.id)
    ):
        title = (rule.title_en or rule.title) if current_language() == "en" else rule.title
        print(f"{rule.id}  {text(f'alert.level.{rule.level}')}  {','.join(rule.kinds) or '-'}  {title}")
    return 0


def _lint(config: Config) -> int:
    rules = RuleSet.load(config.rule, config.root)
    for problem in rules.problems:
        print(problem)
    bad = [problem for problem in rules.problems if not problem.informational]
    print(text("check.rules", running=len(rules.rules), refused=len(bad)), file=sys.stderr)
    return 1 if bad else 0
