"""A conversation: one flow as the protocols see it. It finds out what is spoken and feeds who understands it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sentinel.decode.address import address_text, mac_text
from sentinel.event import Event, Weird
from sentinel.flow.record import UID_LENGTH
from sentinel.flow.table import FlowTable
from sentinel.protocol.analyzer import Analyzer, Emit
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Conversation", "Speech"]

_TRANSPORT = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp", 132: "sctp"}
_COLUMNS = (
    "zone", "proto", "orig_port", "resp_port", "orig_hi", "orig_lo", "resp_hi", "resp_lo", "orig_mac", "resp_mac",
)  # fmt: skip
_UNRECOGNISED_DATAGRAMS = 4
"""Datagrams after which nobody's protocol is nobody's."""


class Speech:
    """What all conversations of a worker share: which protocols there are, and where events go."""

    def __init__(self, analyzers: Sequence[type[Analyzer]], settings: ProtocolSettings, emit: Emit) -> None:
        self.settings = settings
        self.emit = emit
        self.shared: defaultdict[str | None, dict[str, Any]] = defaultdict(dict)
        """What protocols keep over all flows, by service."""
        self._by_service = {analyzer.service: analyzer for analyzer in analyzers}
        self._by_port: dict[tuple[str, int], list[type[Analyzer]]] = {}
        for analyzer in analyzers:
            for transport in analyzer.transports:
                for port in analyzer.ports:
                    self._by_port.setdefault((transport, port), []).append(analyzer)
        self._analyzers = tuple(analyzers)
        self._found: dict[tuple[tuple[str, int], int], tuple[type[Analyzer], ...]] = {}

    def announced(self, service: str | None) -> type[Analyzer] | None:
        """Who reads what a control connection announced as `service`."""
        return None if service is None else self._by_service.get(service)

    def candidates(
        self, transport: str, orig_port: int, resp_port: int, first: int
    ) -> tuple[type[Analyzer], ...]:
        """Protocols of a transport that can begin with byte `first`, those whose usual port is used foremost."""
        usual = (transport, resp_port)
        if usual not in self._by_port:
            usual = (transport, orig_port)
            if usual not in self._by_port:
                usual = (transport, -1)
        found = self._found.get((usual, first))
        if found is None:
            found = self._found[usual, first] = self._sorted(usual, first)
        return found

    def _sorted(self, usual: tuple[str, int], first: int) -> tuple[type[Analyzer], ...]:
        foremost = self._by_port.get(usual, ())
        possible = [
            analyzer
            for analyzer in self._analyzers
            if usual[0] in analyzer.transports
            and (analyzer.first_bytes is None or first in analyzer.first_bytes)
        ]
        return tuple(sorted(possible, key=lambda analyzer: analyzer not in foremost))


class Conversation:
    """One flow's endpoints, and the analyzer that reads it once the protocol is known."""

    __slots__ = (
        "_early",
        "_early_bytes",
        "_macs",
        "_weird",
        "analyzer",
        "expected_service",
        "index",
        "orig_h",
        "orig_p",
        "parents",
        "proto",
        "resp_h",
        "resp_p",
        "services",
        "speech",
        "uid",
        "unknown",
        "zone",
    )

    def __init__(
        self,
        speech: Speech,
        index: int,
        uid: str,
        proto: int,
        orig_h: str,
        orig_p: int,
        resp_h: str,
        resp_p: int,
        macs: tuple[int, int],
        zone: str | None = None,
    ) -> None:
        """`macs`: of the first frame's source and destination."""
        self.index = index
        self.speech = speech
        self.uid = uid
        """Zeek-style unique id."""
        self.orig_h = orig_h
        self.orig_p = orig_p
        self.resp_h = resp_h
        self.resp_p = resp_p
        self.proto = _TRANSPORT.get(proto, "unknown_transport")
        self._macs = macs
        self.zone = zone
        """Name of the network in which the endpoints' addresses are unique."""
        self.analyzer: Analyzer | None = None
        self.services: list[str] = []
        self.parents: list[str] | None = None
        self.expected_service: str | None = None
        self.unknown = False
        self._weird: set[str] | None = None
        self._early: list[tuple[bool, bytes, float]] = []
        self._early_bytes = 0

    @classmethod
    def begin(cls, table: FlowTable, indexes: Sequence[int], speech: Speech) -> list[Conversation]:
        """The conversations of these flows of `table`."""
        records = table.tables.flows[indexes]
        uids = table.tables.uids[indexes].tobytes().decode("ascii")
        columns = [records[name].tolist() for name in _COLUMNS]
        return [
            cls(
                speech,
                index,
                uids[at : at + UID_LENGTH],
                proto,
                address_text(ohi, olo),
                orig_p,
                address_text(rhi, rlo),
                resp_p,
                (omac, rmac),
                table.zones.name(zone),
            )
            for index, at, zone, proto, orig_p, resp_p, ohi, olo, rhi, rlo, omac, rmac in zip(
                indexes, range(0, len(uids), UID_LENGTH), *columns, strict=True
            )
        ]

    @property
    def eth_src(self) -> str:
        return mac_text(self._macs[0]) if self._macs[0] else ""

    @property
    def eth_dst(self) -> str:
        return mac_text(self._macs[1]) if self._macs[1] else ""

    @property
    def _emit(self) -> Emit:
        return self.speech.emit if self.zone is None else partial(_tell_in_zone, self.zone, self.speech.emit)

    @property
    def shared(self) -> dict[str, Any]:
        return self.speech.shared[self.zone]

    def carries(self, service: str) -> None:
        """Name a protocol seen inside another's."""
        if service not in self.services:
            self.services.append(service)

    def weird(self, name: str, ts: float, addl: str | None = None, source: str | None = None) -> None:
        """Emit a `weird` event about this flow, once for each name."""
        if self._weird is None:
            self._weird = set()
        if name in self._weird or len(self._weird) >= 64:
            return
        self._weird.add(name)
        self.speech.emit(
            Weird(
                ts=ts,
                zone=self.zone,
                name=name,
                uid=self.uid,
                orig_h=self.orig_h,
                orig_p=self.orig_p,
                resp_h=self.resp_h,
                resp_p=self.resp_p,
                addl=addl,
                source=source,
            )
        )

    @property
    def finished(self) -> bool:
        """Nothing more is to be learnt from its bytes."""
        return self.unknown or (self.analyzer is not None and self.analyzer.done)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take the next bytes of a direction, or a datagram."""
        analyzer = self.analyzer
        if analyzer is None:
            self._recognise(is_orig, data, ts)
        elif not analyzer.done:
            analyzer.feed(is_orig, data, ts)
            if analyzer.successor is not None:
                self._hand_over(analyzer.successor, analyzer.unread, ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """`length` bytes of a direction will not come."""
        if self.analyzer is None:
            self._give_up()
        elif not self.analyzer.done:
            self.analyzer.gap(is_orig, length, ts)

    def skipped(self, is_orig: bool, length: int, ts: float) -> None:
        """`length` bytes of a direction went by unseen, as its protocol wished."""
        if self.analyzer is not None and not self.analyzer.done:
            self.analyzer.skipped(is_orig, length, ts)

    def closed(self, is_orig: bool, ts: float) -> None:
        """A direction ended in order."""
        if self.analyzer is not None and not self.analyzer.done:
            self.analyzer.closed(is_orig, ts)

    def finish(self, ts: float) -> None:
        """The flow ended."""
        if self.analyzer is not None:
            self.analyzer.finish(ts)
            self.analyzer = None  # it refers to us: let go, so that no cycle waits for the collector
        self.unknown = True
        self._early.clear()

    @property
    def service(self) -> str | None:
        """Zeek's `service`: protocols recognised, comma-separated, or what a control connection announced."""
        names = self.services or ([self.expected_service] if self.expected_service else [])
        return ",".join(names) or None

    def _recognise(self, is_orig: bool, data: bytes, ts: float) -> None:
        if self.unknown:
            return
        self._early.append((is_orig, data, ts))
        self._early_bytes += len(data)
        if len(self._early) > 1 and self.proto == "tcp":
            data = b"".join(piece for side, piece, _ in self._early if side == is_orig)
        if self.expected_service is not None:
            kind = self.speech.announced(self.expected_service)
            if kind is not None:
                self._adopt(kind)
                return
        undecided = False
        for kind in self.speech.candidates(self.proto, self.orig_p, self.resp_p, data[0]):
            answer = kind.recognise(data, is_orig, self.proto)
            if answer:
                self._adopt(kind)
                return
            undecided = undecided or answer is None
        if self.proto != "tcp":
            undecided = len(self._early) < _UNRECOGNISED_DATAGRAMS
        elif not undecided:
            # the other side may speak first, or speak plainer
            undecided = len({side for side, _, _ in self._early}) < 2 and len(self._early) < 8
        if not undecided or self._early_bytes > self.speech.settings.recognition_bytes:
            self._give_up()

    def _adopt(self, kind: type[Analyzer]) -> None:
        self.analyzer = kind(self, self._emit, self.speech.settings)
        if kind.service and kind.service not in self.services:
            self.services.append(kind.service)
        early, self._early = self._early, []
        for is_orig, data, ts in early:
            self.feed(is_orig, data, ts)

    def _hand_over(self, successor: type[Analyzer], unread: Sequence[tuple[bool, bytes]], ts: float) -> None:
        """Go on with another protocol on the same flow."""
        if successor is Analyzer:
            self.analyzer = None
            self._early_bytes = 0
        else:
            self._adopt(successor)
        for is_orig, data in unread:
            if data:
                self.feed(is_orig, data, ts)

    def _give_up(self) -> None:
        self.unknown = True
        self._early.clear()


def _tell_in_zone(zone: str, emit: Emit, event: Event) -> None:
    event.zone = zone
    emit(event)
