"""What commands with several actions share: one of them is done, by someone, at a time that people read."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.text import MessageError, text

__all__ = ["Action", "act", "actor", "local_time", "logged_in"]

Action = Callable[[Config, argparse.Namespace], int]
"""Gives the exit status."""


def act(options: argparse.Namespace, actions: Mapping[str, Action]) -> int:
    """Do the action that `options` names, with the chosen configuration. What cannot be done is said, and gives 2."""
    try:
        return actions[options.action](chosen_config(options), options)
    except ConfigError as error:
        return complain(error)
    except MessageError as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2


def actor(options: argparse.Namespace) -> str:
    """Who acts: the person that `--by` names, else who is logged in."""
    return options.by.strip() or logged_in()


def logged_in() -> str:
    """Name of the operating system's user, or the number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def local_time(ts: float) -> str:
    """`ts` (seconds since 1970 UTC) on this machine's clock, with its offset from UTC."""
    return datetime.fromtimestamp(ts).astimezone().strftime("%Y-%m-%d %H:%M:%S%z")
