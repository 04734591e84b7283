"""The pulses of all senders: who is silent now, whose clock is off, and what of it is to be known in a next life."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sentinel.intake.account import SourceAccount
from sentinel.intake.pulse import Pulse
from sentinel.intake.settings import SourceSettings

__all__ = ["SYSLOG", "Pulses"]

SYSLOG: Final = frozenset({"udp", "tcp", "tls"})
_SENDERS: Final = SYSLOG | {"mqtt"}
"""Kinds whose streams are silent each by itself; of the others the source is."""
_PLACE: Final = "pulses"
"""Under what name it is kept how the senders of a source usually speak."""
_FORGET: Final = 30 * 86400.0
"""Seconds after which a sender of an earlier life is not waited for any more."""
_MOST: Final = 4096


class Pulses:
    """Keeps the accounts' `silent` and `offset` too. `positions` is what an earlier life kept of `memory`."""

    def __init__(
        self,
        sources: Iterable[SourceSettings],
        accounts: Mapping[str, SourceAccount],
        positions: Mapping[tuple[str, str], Mapping[str, Any]],
        now: float,
    ) -> None:
        self._accounts = accounts
        self._pulses: dict[tuple[str, str], Pulse] = {}
        for source in sources:
            self._await(source, positions.get((source.name, _PLACE), {}), now)

    def __len__(self) -> int:
        return len(self._pulses)

    def _await(self, source: SourceSettings, memory: Mapping[str, Any], now: float) -> None:
        """Notice it too if a source never speaks in this life: as it did in the last, or as its settings promise."""
        for sender, told in list(memory.items())[:_MOST]:
            if now - float(told["last"]) < _FORGET:
                pulse = self._pulses[source.name, sender] = _pulse(source)
                pulse.remember(told, now)
                self._accounts[source.name].silent += pulse.silent
        if source.silence and not memory:
            pulse = self._pulses[source.name, ""] = _pulse(source)
            pulse.expect(now)

    def of(self, source: SourceSettings, stream: str) -> Pulse:
        """Of a sender; of all files of a source together, since a file ends where the next day's begins."""
        key = (source.name, stream if source.kind in _SENDERS else "")
        if key not in self._pulses:
            self._pulses[key] = _pulse(source)
        return self._pulses[key]

    def beat(self, source: SourceSettings, pulse: Pulse, arrival: float) -> bool:
        """Something came; true where it ends a silence that was told."""
        ended = pulse.beat(arrival)
        if source.kind in _SENDERS:  # all of its senders were awaited together until the first of them spoke
            awaited = self._pulses.pop((source.name, ""), None)
            ended = ended or (awaited is not None and awaited.silent)
        self._accounts[source.name].silent -= ended
        return ended

    def forget(self, key: tuple[str, str]) -> bool:
        """Forget a sender; true where we knew it well enough to notice its silence."""
        pulse = self._pulses.pop(key, None)
        if pulse is None:
            return False
        self._accounts[key[0]].silent -= pulse.silent
        return pulse.known

    def fallen_silent(self, now: float) -> Iterator[tuple[str, str, Pulse]]:
        """(source, sender, pulse) of those that are silent for longer than usual, once for each silence."""
        for (name, sender), pulse in self._pulses.items():
            if pulse.fell_silent(now):
                self._accounts[name].silent += 1
                yield name, sender, pulse

    def measure(self) -> None:
        """Write each source's largest offset into its account."""
        largest = dict.fromkeys(self._accounts, 0.0)
        for (name, _), pulse in self._pulses.items():
            offset = pulse.offset
            if offset is not None and abs(offset) > abs(largest[name]):
                largest[name] = offset
        for name, offset in largest.items():
            self._accounts[name].offset = offset

    def memory(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """What a next life should know, as it is kept among the positions."""
        memory: dict[tuple[str, str], dict[str, Any]] = {}
        for (name, sender), pulse in self._pulses.items():
            if pulse.known:
                memory.setdefault((name, _PLACE), {})[sender] = pulse.memory()
        return dict(memory)


def _pulse(source: SourceSettings) -> Pulse:
    return Pulse(source.silence, delayed=source.kind == "file")
