"""`sentinel run`: the daemon."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading

import msgspec

from sentinel.agent import Agent
from sentinel.alert_line import alert_line
from sentinel.collector import relax_collector
from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.event import Alert
from sentinel.log import Log, set_up_log
from sentinel.service import ServiceManager

__all__ = ["run"]

_PATIENCE = 5.0
"""Seconds from the signal to the end, whatever hangs."""
_log = Log("run")


def run(options: argparse.Namespace) -> int:
    """Monitor until SIGTERM or SIGINT. Exit 0; 2 with nothing started where the configuration is wrong."""
    try:
        config = chosen_config(options)
    except ConfigError as error:
        return complain(error)
    set_up_log(config.log.level, config.log.format)
    relax_collector()
    asyncio.run(_run(config))
    return 0


async def _run(config: Config) -> None:
    terminal = config.output.alerts == "-" and sys.stdout.isatty()
    agent = Agent(
        config,
        service=ServiceManager.from_environment(),
        announcements=_TerminalSink() if terminal else None,
    )

    def end(number: signal.Signals) -> None:
        agent.stop(number.name)
        last = threading.Timer(_PATIENCE, _end_by_force)
        last.daemon = True
        last.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)

    def begin_anew() -> None:
        agent.reopen()
        agent.reload()

    loop.add_signal_handler(signal.SIGHUP, begin_anew)
    await agent.run()


def _end_by_force() -> None:
    _log.error("agent.stopped-late", seconds=_PATIENCE)
    os._exit(1)


class _TerminalSink:
    """Alerts as sentences, for whoever started the daemon by hand."""

    lost = 0

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Alert)

    def write_lines(self, kind: str, lines: bytes) -> None:
        words = [alert_line(alert, colour=True) for alert in self._decoder.decode_lines(lines)]
        with contextlib.suppress(OSError, ValueError):  # the terminal is gone; the store has them
            print("\n".join(words), flush=True)

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...
