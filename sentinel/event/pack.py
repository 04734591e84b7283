"""Events between processes: typed, as MessagePack, without what is for one process's rules only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sentinel.event.event import KINDS, Event

__all__ = ["EventPacker", "unpack_events"]


class EventPacker:
    """Packs events of the wanted kinds, grouped by kind."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self._left_out = {kind: _defaults(KINDS[kind]) for kind in kinds if kind in KINDS}
        self._encode = msgspec.msgpack.Encoder().encode
        self.unpackable = 0
        """Events left out since MessagePack cannot hold them (text that is no Unicode)."""

    def pack(self, events: Sequence[Event]) -> dict[str, bytes]:
        """By kind: an array of its events in their order."""
        groups: dict[str, list[Event]] = {}
        for event in events:
            kind = event.kind
            if kind in self._left_out:
                groups.setdefault(kind, []).append(event)
        return {kind: self._packed(kind, group) for kind, group in groups.items()}

    def _packed(self, kind: str, group: list[Event]) -> bytes:
        if left_out := self._left_out[kind]:
            group = [msgspec.structs.replace(event, **left_out) for event in group]
        try:
            return self._encode(group)
        except (UnicodeEncodeError, OverflowError):
            return self._encode([event for event in group if self._packable(event)])

    def _packable(self, event: Event) -> bool:
        try:
            self._encode(event)
        except (UnicodeEncodeError, OverflowError):
            self.unpackable += 1
            return False
        return True


def unpack_events(kind: str, data: bytes) -> list[Event]:
    """The events again. Raises `KeyError` for an unknown kind, `msgspec.DecodeError` for anything else than them."""
    decoder = _decoders.get(kind)
    if decoder is None:
        group: Any = list.__class_getitem__(KINDS[kind])
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(group)
    return decoder.decode(data)


_decoders: dict[str, msgspec.msgpack.Decoder[list[Event]]] = {}


def _defaults(kind: type[Event]) -> dict[str, object]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    return {name: fields[name].default for name in sorted(kind.unwritten)}
