"""A conversation: one flow as the protocols see it. It finds out what is spoken and feeds who understands it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentinel.decode.address import address_text, mac_text
from sentinel.event import Payload, Weird
from sentinel.flow.record import FLOW
from sentinel.flow.table import FlowTable
from sentinel.protocol.analyzer import Analyzer, Emit
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Conversation", "Speech", "Utterance"]

_TRANSPORT = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp", 132: "sctp"}
_FIELDS = FLOW.names or ()
_ORIG_HI, _ORIG_MAC = _FIELDS.index("orig_hi"), _FIELDS.index("orig_mac")
_ORIG_PORT, _PROTO = _FIELDS.index("orig_port"), _FIELDS.index("proto")
_UNRECOGNISED_DATAGRAMS = 4
"""Datagrams after which nobody's protocol is nobody's."""


class Speech:
    """What all conversations of a worker share: which protocols there are, and where events go."""

    def __init__(self, analyzers: Sequence[type[Analyzer]], settings: ProtocolSettings, emit: Emit) -> None:
        self.settings = settings
        self.emit = emit
        self.shared: dict[str, Any] = {}
        """What protocols keep over all flows, by service."""
        self._analyzers = tuple(analyzers)
        self._by_service = {analyzer.service: analyzer for analyzer in self._analyzers}
        self._order: dict[tuple[str, int, int], tuple[type[Analyzer], ...]] = {}
        self._ports = frozenset(port for analyzer in self._analyzers for port in analyzer.ports)

    def announced(self, service: str | None) -> type[Analyzer] | None:
        """Who reads what a control connection announced as `service`."""
        return None if service is None else self._by_service.get(service)

    def candidates(self, transport: str, orig_port: int, resp_port: int) -> tuple[type[Analyzer], ...]:
        """Protocols of a transport, those whose usual port is spoken to first."""
        known = self._ports
        key = (transport, orig_port if orig_port in known else -1, resp_port if resp_port in known else -1)
        found = self._order.get(key)
        if found is None:
            mine = [analyzer for analyzer in self._analyzers if transport in analyzer.transports]
            mine.sort(key=lambda analyzer: (key[2] not in analyzer.ports, key[1] not in analyzer.ports))
            found = self._order[key] = tuple(mine)
        return found


class Conversation:
    """One flow's endpoints, and the analyzer that reads it once the protocol is known."""

    __slots__ = (
        "_candidates",
        "_early",
        "_early_bytes",
        "_ends",
        "_macs",
        "_weird",
        "analyzer",
        "expected_service",
        "index",
        "orig_p",
        "parents",
        "proto",
        "resp_p",
        "services",
        "speech",
        "uid_bytes",
        "unknown",
    )

    def __init__(self, table: FlowTable, index: int, speech: Speech) -> None:
        tables = table.tables
        record = tables.flows[index].item()
        self.index = index
        self.speech = speech
        self._ends = record[_ORIG_HI : _ORIG_HI + 4]
        self._macs = record[_ORIG_MAC : _ORIG_MAC + 2]
        self.uid_bytes: bytes = tables.uids[index].tobytes()
        self.orig_p: int = record[_ORIG_PORT]
        self.resp_p: int = record[_ORIG_PORT + 1]
        self.proto = _TRANSPORT.get(record[_PROTO], "unknown_transport")
        self.analyzer: Analyzer | None = None
        self.services: list[str] = []
        self.parents: list[str] | None = None
        self.expected_service: str | None = None
        self.unknown = False
        self._weird: set[str] | None = None
        self._early: list[tuple[bool, bytes, float]] = []
        self._early_bytes = 0
        self._candidates = speech.candidates(self.proto, self.orig_p, self.resp_p)

    @property
    def uid(self) -> str:
        """Zeek-style unique id."""
        return str(self.uid_bytes, "ascii")

    @property
    def orig_h(self) -> str:
        return address_text(self._ends[0], self._ends[1])

    @property
    def resp_h(self) -> str:
        return address_text(self._ends[2], self._ends[3])

    @property
    def eth_src(self) -> str:
        return mac_text(self._macs[0]) if self._macs[0] else ""

    @property
    def eth_dst(self) -> str:
        return mac_text(self._macs[1]) if self._macs[1] else ""

    @property
    def shared(self) -> dict[str, Any]:
        return self.speech.shared

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
                self._adopt(analyzer.successor)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """`length` bytes of a direction will not come."""
        if self.analyzer is None:
            self._give_up()
        elif not self.analyzer.done:
            self.analyzer.gap(is_orig, length, ts)

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
        if self._early:
            self._early.append((is_orig, data, ts))
            if self.proto == "tcp":
                data = b"".join(piece for side, piece, _ in self._early if side == is_orig)
        else:
            self._early.append((is_orig, data, ts))
        self._early_bytes += len(data)
        kind = self.speech.announced(self.expected_service)
        if kind is not None:
            self._adopt(kind)
            return
        undecided = False
        for kind in self._candidates:
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
        self.analyzer = kind(self, self.speech.emit, self.speech.settings)
        if kind.service and kind.service not in self.services:
            self.services.append(kind.service)
        early, self._early = self._early, []
        for is_orig, data, ts in early:
            self.feed(is_orig, data, ts)

    def _give_up(self) -> None:
        self.unknown = True
        self._early.clear()


class Utterance:
    """A `Stretch`: bytes of one side of a conversation, of which an event is made only when a rule asks."""

    __slots__ = ("_conversation", "_side", "_ts", "key", "payload", "proto")

    def __init__(self, conversation: Conversation, side: int, payload: bytes, ts: float) -> None:
        self._conversation = conversation
        self._side = side
        self._ts = ts
        self.payload = payload
        self.proto = conversation.proto
        self.key = (conversation.uid_bytes, side)

    def event(self) -> Payload:
        """The event."""
        flow = self._conversation
        return Payload(
            ts=self._ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            payload=self.payload,
            proto=self.proto,
            direction="to_client" if self._side else "to_server",
            service=flow.service,
        )
