"""The sources that a configured place of logs stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sentinel.intake.chunk import Inlet, Report
from sentinel.intake.follow import FileSource
from sentinel.intake.journal import JournalSource
from sentinel.intake.mqtt import MqttSource
from sentinel.intake.receive import StreamSource, UdpSource, tls_context
from sentinel.intake.settings import SourceSettings

__all__ = ["Source", "sources_of"]


class Source(Protocol):
    """Hands over chunks until it is cancelled."""

    name: str

    async def run(self) -> None: ...


def sources_of(
    one: SourceSettings,
    inlet: Inlet,
    report: Report,
    positions: Mapping[tuple[str, str], Mapping[str, Any]],
    now: Callable[[], float],
) -> list[Source]:
    """One for each path of `file`, else one. `positions` is where an earlier life stopped, by source and stream."""
    own = {stream: position for (name, stream), position in positions.items() if name == one.name}
    if one.kind == "file":
        return [
            FileSource(one.name, path, inlet, report, positions=own, from_start=one.from_start, now=now)
            for path in one.paths
        ]
    if one.kind == "journal":
        return [JournalSource(one.name, inlet, report, positions=own, now=now)]
    if one.kind == "udp":
        return [UdpSource(one.name, one.listen, one.port, inlet, report, now)]
    if one.kind == "mqtt":
        return [MqttSource(one, inlet, report, now)]
    tls = None
    if one.kind == "tls":
        authority = Path(one.authority) if one.authority else None
        tls = partial(tls_context, Path(one.certificate), Path(one.key), authority)
    return [StreamSource(one.name, one.listen, one.port, inlet, report, tls=tls, now=now)]
