"""The configuration that a command works with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sentinel.config import Config, ConfigError, default_config, load_config
from sentinel.rule import RuleSet
from sentinel.text import text, use_language

__all__ = ["chosen_config", "chosen_file", "chosen_rules", "complain"]

_DEFAULT = Path("config.yaml")


def chosen_config(options: argparse.Namespace) -> Config:
    """The file that `--config` names, else `./config.yaml`, else all defaults. Raises ConfigError.

    Speaks the configuration's language from here on, unless `--lang` chose one.
    """
    path = chosen_file(options)
    config = load_config(path) if path else default_config(Path())
    if options.lang is None:
        use_language(config.language)
    return config


def chosen_file(options: argparse.Namespace) -> Path | None:
    """The configuration's file; None where there is none and all defaults hold."""
    named: Path | None = options.config
    return named or (_DEFAULT if _DEFAULT.exists() else None)


def chosen_rules(config: Config) -> RuleSet:
    """The rules of `config`; those that do not run are named on standard error and stop nothing."""
    rules = RuleSet.load(config.rule, config.root)
    for problem in rules.problems:
        if not problem.informational:
            print(text("cli.warning", message=problem), file=sys.stderr)
    return rules


def complain(error: ConfigError) -> int:
    """Name everything wrong with the configuration; the exit status that says so."""
    for finding in error.findings:
        print(text("cli.error", message=finding), file=sys.stderr)
    return 2
