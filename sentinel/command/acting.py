"""What commands with several actions share: one of them is done, by someone, at a time that people read."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

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
    quarter, rest = divmod(int(ts // 1), 900)
    day_and_hour, minute, offset = _quarter(quarter)
    return f"{day_and_hour}:{minute + rest // 60:02}:{rest % 60:02}{offset}"


@lru_cache(4096)
def _quarter(quarter: int) -> tuple[str, int, str]:
    """How a quarter of an hour begins on this clock, whose offset no zone changes within one; lists have many alike."""
    began = datetime.fromtimestamp(900 * quarter).astimezone()
    return began.strftime("%Y-%m-%d %H"), began.minute, began.strftime("%z")
