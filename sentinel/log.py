"""What the daemon says about itself, on standard error: text on a terminal, JSON lines elsewhere.

Every line has a message id of the text catalogue (`agent.ready`), on which a program can rely in any
language. Lines of the libraries we use come through the same handler, without an id.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import IO, Any

from sentinel.text import Message, text

__all__ = ["Log", "set_up_log"]

_ROOT = "sentinel"
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""sd-daemon(3): the journal reads a line's syslog priority from a prefix `<N>`."""


class Log:
    """One part's log. Values go into the sentence and, in JSON, beside it."""

    def __init__(self, part: str) -> None:
        self._logger = logging.getLogger(f"{_ROOT}.{part}")

    def debug(self, id: str, /, **values: object) -> None:
        """For developers."""
        self._say(logging.DEBUG, id, values)

    def info(self, id: str, /, **values: object) -> None:
        """A milestone."""
        self._say(logging.INFO, id, values)

    def warning(self, id: str, /, **values: object) -> None:
        """Something is worse than it should be; the daemon copes."""
        self._say(logging.WARNING, id, values)

    def error(self, id: str, /, **values: object) -> None:
        """Something does not work; someone must act."""
        self._say(logging.ERROR, id, values)

    def outage(self, id: str) -> Outage:
        """Something that may fail for a while; `id` takes its `reason`."""
        return Outage(self, id)

    def exception(self, id: str, /, **values: object) -> None:
        """An error of our own, with its traceback; only at the edge of a task."""
        self._say(logging.ERROR, id, values, exc_info=True)

    def _say(self, level: int, id: str, values: dict[str, object], exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            message = Message(id, **values)
            self._logger.log(level, message, exc_info=exc_info)


class Outage:
    """Logs an error when something begins to fail, and not again before it worked."""

    def __init__(self, log: Log, id: str) -> None:
        self._log = log
        self._id = id
        self._lasts = False

    def failed(self, reason: object) -> None:
        """It failed, for the first time or again."""
        if not self._lasts:
            self._lasts = True
            self._log.error(self._id, reason=reason)

    def over(self) -> None:
        """It works."""
        self._lasts = False


def set_up_log(level: str = "info", form: str = "auto", stream: IO[str] | None = None) -> None:
    """Send the log to `stream` (standard error) as `text`, `json` or what suits the stream (`auto`)."""
    stream = stream or sys.stderr
    terminal = stream.isatty()
    formatter: logging.Formatter
    if form == "text" or (form == "auto" and terminal):
        formatter = _TextFormatter()
    else:
        formatter = _JsonFormatter(journal=_is_journal(stream))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_ROOT).setLevel(level.upper())
    logging.raiseExceptions = False  # a closed pipe must not stop detection, nor print about itself
    logging.captureWarnings(True)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%m-%d %H:%M:%S", time.localtime(record.created))
        level = text(f"level.{record.levelname.lower()}")
        line = f"{clock} {level} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonFormatter(logging.Formatter):
    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"ts": round(record.created, 6), "level": record.levelname.lower()}
        if isinstance(record.msg, Message):
            line["id"] = record.msg.id
        line["part"] = record.name.removeprefix(f"{_ROOT}.")
        line["message"] = record.getMessage()
        if isinstance(record.msg, Message) and record.msg.values:
            line["values"] = record.msg.values
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        written = json.dumps(line, ensure_ascii=False, default=str)
        return f"<{_PRIORITIES.get(record.levelno, 5)}>{written}" if self._journal else written


def _is_journal(stream: IO[str]) -> bool:
    """Whether `stream` leads to the systemd journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        state = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{state.st_dev}:{state.st_ino}"
