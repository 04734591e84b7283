"""A flow without a network: what analyzers say is kept in lists."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from sentinel.event import Event
from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.settings import ProtocolSettings

Talk = list[tuple[bool, bytes]]


@dataclass
class Wire:
    """Endpoints, and everything emitted about them."""

    uid: str = "CTest00000000000000"
    orig_h: str = "192.0.2.10"
    orig_p: int = 40000
    resp_h: str = "198.51.100.20"
    resp_p: int = 443
    proto: str = "tcp"
    eth_src: str = ""
    eth_dst: str = ""
    shared: dict[str, object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    weirds: dict[str, str | None] = field(default_factory=dict)

    def carries(self, service: str) -> None:
        if service not in self.services:
            self.services.append(service)

    def weird(self, name: str, ts: float, addl: str | None = None, source: str | None = None) -> None:
        self.weirds.setdefault(name, addl)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


Speak = Callable[..., Wire]


def one_by_one(talk: Talk) -> Iterator[tuple[bool, bytes]]:
    """The same talk a byte at a time."""
    for is_orig, data in talk:
        for at in range(len(data)):
            yield is_orig, data[at : at + 1]


@pytest.fixture
def speak() -> Speak:
    """Feed a talk to an analyzer class (and to its successors) and return the wire with what was told."""

    def run(
        kind: type[Analyzer],
        talk: Iterable[tuple[bool, bytes]],
        settings: ProtocolSettings | None = None,
        finish: bool = True,
    ) -> Wire:
        talk = list(talk)
        for is_orig in (True, False):
            opening = b"".join(data for side, data in talk if side == is_orig)
            if opening and kind.first_bytes is not None and kind.recognise(opening, is_orig, "tcp"):
                assert opening[0] in kind.first_bytes
        wire = Wire()
        analyzer = kind(wire, wire.events.append, settings or ProtocolSettings())
        ts = 1_700_000_000.0
        for is_orig, data in talk:
            if not analyzer.done:
                analyzer.feed(is_orig, data, ts)
            while analyzer.done and analyzer.successor not in (None, Analyzer):
                unread = analyzer.unread
                analyzer = analyzer.successor(wire, wire.events.append, settings or ProtocolSettings())
                for side, rest in unread:
                    if rest and not analyzer.done:
                        analyzer.feed(side, rest, ts)
            ts += 0.001
        if finish:
            analyzer.finish(ts)
            analyzer.finish(ts)
        return wire

    return run


@pytest.fixture
def bytewise() -> Callable[[Talk], Iterator[tuple[bool, bytes]]]:
    """Cut a talk into single bytes."""
    return one_by_one


def _told(wire: Wire) -> list[Event]:
    for event in wire.events:
        event.ts = 0.0
        for lasting in ("rtt", "duration"):
            if hasattr(event, lasting):
                setattr(event, lasting, None)
    return wire.events


@pytest.fixture
def sturdy(speak: Speak) -> Callable[[type[Analyzer], Talk], None]:
    """Hold an analyzer to what every one keeps to, with a talk of its protocol.

    A stream cut anywhere gives the same events; turns cut short, left out, said twice or by the wrong side,
    and flipped bits never raise.
    """

    def hold(kind: type[Analyzer], talk: Talk) -> None:
        if "tcp" in kind.transports:
            whole = _told(speak(kind, talk))
            assert _told(speak(kind, one_by_one(talk))) == whole
            for side in (True, False):
                for data in (turn for turn_side, turn in talk if turn_side is side):
                    for size in range(1, min(len(data), 64)):
                        kind.recognise(data[:size], side, "tcp")
        chance = random.Random(7)
        for place, (side, data) in enumerate(talk):
            for size in range(0, len(data), max(1, len(data) // 40)):
                cut = [*talk[:place], (side, data[:size]), *talk[place + 1 :]]
                speak(kind, cut)
            speak(kind, talk[:place] + talk[place + 1 :])
            speak(kind, [*talk[: place + 1], *talk[place:]])
            speak(kind, [*talk[:place], (not side, data), *talk[place + 1 :]])
        for _ in range(300):
            noise = [(side, bytearray(data)) for side, data in talk]
            for _ in range(chance.choice((1, 3, 20))):
                _, data = chance.choice(noise)
                if data:
                    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            damaged = [(side, bytes(data)) for side, data in noise]
            for side, data in damaged:
                kind.recognise(data, side, next(iter(kind.transports)))
            speak(kind, damaged)

    return hold


@pytest.fixture
def client_hello() -> bytes:
    """A small TLS record with a ClientHello."""
    body = b"\x03\x03" + bytes(33) + b"\x00\x02\x13\x01\x01\x00\x00\x00"
    return b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b" + body


@pytest.fixture
def wire() -> Wire:
    """A fresh flow."""
    return Wire()
