"""A daemon whose ledger tells what is unregistered: `differing.py FOLDER [die]`; it prints what it announces and ends.

With `die` it is killed the moment an alert is brought to the store: told, and not committed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sentinel.agent import Agent
from sentinel.capture.settings import CaptureSettings
from sentinel.config import Config, MetricsSettings
from sentinel.event import Alert
from sentinel.ledger import LedgerSettings
from sentinel.rule import RuleSet, RuleSettings
from sentinel.store import AlertStore, OutputSettings, StoreSettings

ROOT = Path(__file__).parents[1]


class Printer:
    """Where announcements end up."""

    lost = 0

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    def write_lines(self, kind: str, lines: bytes) -> None:
        print(lines.decode(), end="", flush=True)
        self._loop.call_soon_threadsafe(self._stop.set)

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


async def die(store: AlertStore, alerts: Sequence[Alert]) -> list[Alert]:
    if alerts:
        os.kill(os.getpid(), signal.SIGKILL)
    return []


async def main(folder: Path, *, dies: bool) -> None:
    config = Config(
        capture=CaptureSettings(enabled=False),
        ledger=LedgerSettings(compare=0.05, grace=0.0),
        store=StoreSettings(path=str(folder / "s.sqlite")),
        output=OutputSettings(events=str(folder / "events"), alerts=""),
        metrics=MetricsSettings(port=0),
        root=folder,
    )
    config = replace(config, playbook=replace(config.playbook, evidence=str(folder / "evidence")))
    if dies:
        AlertStore.add = die  # type: ignore[method-assign]
    told = asyncio.Event()
    agent = Agent(
        config,
        announcements=Printer(told),
        load_rules=lambda settings, root: RuleSet.load(RuleSettings(), ROOT),
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        await told.wait()
        agent.stop("test")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), dies=sys.argv[2:] == ["die"]))
