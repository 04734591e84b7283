"""The desk of logs: it keeps the intake running, where it stopped before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sentinel.config import Config
from sentinel.event import Event
from sentinel.intake.live import Intake
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.store import PositionStore, StoreError, StoreWriter

__all__ = ["Give", "LogDesk"]

Give = Callable[[Sequence[Event]], Awaitable[None]]
"""Given a batch of events, for the rules to judge."""

_log = Log("intake")


class LogDesk:
    """Reads the configured logs; each batch of events goes to `give`."""

    def __init__(self, config: Config, writer: StoreWriter, metrics: Metrics, give: Give) -> None:
        self._settings = config.intake
        self._positions = PositionStore(writer)
        self._metrics = metrics
        self._give = give
        self._outage = _log.outage("intake.positions")
        self.intake: Intake | None = None
        """None until it runs."""

    @property
    def wanted(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._settings.sources)

    async def run(self) -> None:
        """Read until cancelled; what was received by then is still read."""
        positions = await self._load()
        self.intake = Intake(self._settings, self._give, self._keep, _fault, positions=positions)
        for problem in self.intake.catalogue.problems:
            _log.warning("replay.bad-format", problem=problem)
        await self.intake.run()

    def measure(self) -> None:
        """Tell the metrics how the sources do."""
        if self.intake is not None:
            self._metrics.intake.take(self.intake.accounts)
            self._metrics.store.queue("intake", self.intake.inlet.waiting, 0)

    async def _load(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        try:
            return await self._positions.load()
        except StoreError as error:
            self._outage.failed(error)
            return {}

    async def _keep(self, positions: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        try:
            await self._positions.keep(positions)
        except StoreError as error:
            self._outage.failed(error)
        else:
            self._outage.over()


def _fault(what: str, reason: str) -> None:
    _log.warning("intake.fault", what=what, reason=reason)
