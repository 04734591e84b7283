"""The way of a packet, in one file: batch → packets → flows → protocols → events → rules → alerts.

Replay and every capture worker run this same pipeline. It is driven by packet time alone, so the same
packets give the same events, byte for byte.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from sentinel.capture.account import PacketAccount
from sentinel.capture.batch import Batch
from sentinel.config import Config
from sentinel.decode.address import address_text
from sentinel.decode.decoder import Decoder, Packets
from sentinel.decode.packet import Status, Vpn
from sentinel.decode.packet import Tunnel as Encapsulation
from sentinel.event import Alert, Event, Tunnel, Weird
from sentinel.flow.conn import ConnWriter
from sentinel.flow.record import FlowFlag, Shedding, Verdict, Work
from sentinel.flow.table import FlowTable, Step
from sentinel.flow.transcript import Scribe, Transcript
from sentinel.protocol.arp import arp_event
from sentinel.protocol.conversation import Conversation, Speech
from sentinel.protocol.known import ANALYZERS
from sentinel.protocol.spoken import Spoken
from sentinel.protocol.syn import SynReader
from sentinel.rule import Match, RuleSet
from sentinel.statistics import Statistics

__all__ = ["Pipeline"]

_when = attrgetter("ts")
_kind = attrgetter("kind")
_UNDECODABLE = (Status.TRUNCATED, Status.MALFORMED, Status.UNKNOWN_LINK, Status.TOO_DEEP)
_TUNNEL_NAMES = {
    Encapsulation.IP: ("Tunnel::IP", None),
    Encapsulation.GRE: ("Tunnel::GRE", None),
    Encapsulation.VXLAN: ("Tunnel::VXLAN", "vxlan"),
    Encapsulation.GENEVE: ("Tunnel::GENEVE", "geneve"),
    Encapsulation.GTPV1: ("Tunnel::GTPv1", "gtpv1"),
    Encapsulation.TEREDO: ("Tunnel::TEREDO", "teredo"),
    Encapsulation.ERSPAN: ("Tunnel::GRE", None),
}
_TUNNEL_PORTS = frozenset({2123, 2152, 3544, 4789, 6081})
"""GTP, Teredo, VXLAN, Geneve over UDP."""
_DATA, _GAP, _CLOSED = int(Work.DATA), int(Work.GAP), int(Work.CLOSED)
_CONFLICT, _SKIPPED = int(Work.CONFLICT), int(Work.SKIPPED)
_BYPASS, _INSPECT = int(Verdict.BYPASS), int(Verdict.INSPECT)
_KEEP, _SCAN = int(Verdict.KEEP), int(Verdict.SCAN)
_MANY_EVENTS = 16384
"""Events that are handed over before a batch is through: a million flows may end in one second."""
_EXPECTED = 4096
"""Announced data connections remembered at once."""
_MAX_ODDITIES = 256
"""Oddities of decoding reported for one batch; the rest is counted."""


class Pipeline:
    """Takes batches; gives each batch's events to `on_events`, its alerts to `on_alerts`, matches for correlations
    to `on_matches`, each in order, events last.

    None may keep the list it is given.

    `rules` may be None (decoding alone). `seed` keys the flow hash: fixed for replay, secret when live.
    `fingerprint` asks for `tcp_syn` events of our hosts.
    """

    def __init__(
        self,
        config: Config,
        rules: RuleSet | None,
        on_alerts: Callable[[list[Alert]], None],
        on_events: Callable[[list[Event]], None],
        *,
        on_matches: Callable[[list[Match]], None] | None = None,
        seed: int = 0,
        interface: str = "",
        fingerprint: bool = False,
    ) -> None:
        self._config = config
        self._rules = rules
        self._on_alerts = on_alerts
        self._on_events = on_events
        self._on_matches = on_matches
        self._decoder = Decoder(config.decode)
        self._table = FlowTable(config.flow, seed=seed, interface=interface)
        self._conn = ConnWriter(self._table, config.flow.local_networks)
        self._events: list[Event] = []
        self._alerts: list[Alert] = []
        self._matches: list[Match] = []
        self._speech = Speech(ANALYZERS, config.protocol, self._events.append)
        for analyzer in ANALYZERS:
            for transport in analyzer.transports & {"tcp", "udp"}:
                self._table.expect_servers(analyzer.ports, udp=transport == "udp")
        self._table.expect_servers(_TUNNEL_PORTS, udp=True)
        self._conversations: dict[int, Conversation] = {}
        self._verdicts = self._table.tables.flows["verdict"]
        self._flags = self._table.tables.flows["flags"]
        self._shedding = Shedding.NONE
        self._ends = self._table.tables.ends
        self._begun = np.zeros(len(self._verdicts), np.bool_)
        self._expected: OrderedDict[tuple[str | None, str, int], str] = OrderedDict()
        self._payload_rules = rules if rules is not None and rules.wants("payload") else None
        self._scribe = Scribe(self._table, rules.payload_tail if rules is not None else 0)
        self._syns = SynReader(config.flow.local_networks) if fingerprint else None
        self.account = PacketAccount()
        self._event_counts: Counter[str] = Counter()
        self._alert_counts: Counter[str] = Counter()
        self._rule_counts: Counter[str] = Counter()
        self._seconds: dict[str, float] = defaultdict(float)
        self._weird_dropped = 0
        self._last_ts = 0.0

    def use(self, rules: RuleSet) -> None:
        """Go on with other rules. Call it between batches; payload rules that stay keep what they have seen."""
        if self._rules is not None:
            rules.succeed(self._rules)
        if self._rules is None or rules.payload_tail != self._rules.payload_tail:
            self._scribe = Scribe(self._table, rules.payload_tail)
        self._rules = rules
        self._payload_rules = rules if rules.wants("payload") else None

    def shed(self, shedding: Shedding) -> None:
        """Give up connections from the next batch on: they are counted and told as `conn`, but not read."""
        self._shedding = shedding
        self._table.shed(shedding)

    def process(self, batch: Batch) -> None:
        """Take one batch; all its events and alerts have been handed over when this returns."""
        if not len(batch):
            return
        with self._timed("decode"):
            packets = self._decoder.decode(batch)
            self._account(packets, len(batch))
        self._last_ts = int(batch.ts[-1]) / 1e9
        self._oddities()
        self._arp(packets)
        if self._syns is not None:
            self._events += self._syns.read(packets.rows, packets.data, self._table.zones)
        self._run(self._table.process(packets.rows, packets.data, packets.spill), packets)
        shed = self._table.count("shed") - self.account.shed
        self.account.shed += shed
        self.account.processed -= shed
        self._publish()

    def idle(self, now: float) -> None:
        """No packets came: let what is overdue at wall-clock `now` (seconds) end."""
        self._run(self._table.expire(int(now * 1e9)), None)
        self._publish()

    def finish(self) -> None:
        """The capture is over: end every flow."""
        self._run(self._table.finish(), None, over=True)
        self._publish()

    def statistics(self) -> Statistics:
        """Everything counted since the start."""
        count = self._table.count
        return Statistics(
            packets=self.account,
            flows_active=count("active"),
            flows_total=count("created"),
            flows_evicted=count("evicted"),
            events=dict(sorted(self._event_counts.items())),
            alerts=dict(sorted(self._alert_counts.items())),
            alerts_by_rule=dict(sorted(self._rule_counts.items())),
            stage_seconds=dict(self._seconds),
            last_packet_ts=self._last_ts,
            weird_dropped=self._weird_dropped,
            segments_refused=count("pending_refused"),
            conflicts=count("conflicts"),
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] += time.perf_counter() - began

    def _account(self, packets: Packets, frames: int) -> None:
        fates = packets.rows["status"]
        told = (packets.rows["parent"] < 0) | (fates == Status.TOO_DEEP)  # nobody saw what lies that deep
        outer = np.bincount(fates[told], minlength=len(Status))
        self.account.received += frames
        undecodable = 0
        for status in _UNDECODABLE:
            if number := int(outer[status]):
                self.account.refuse(status.name.lower(), number)
                undecodable += number
        self.account.processed += frames - undecodable

    def _oddities(self) -> None:
        oddities, lost = self._decoder.take_oddities()
        self._weird_dropped += lost + max(0, len(oddities) - _MAX_ODDITIES)
        for oddity in oddities[:_MAX_ODDITIES]:
            self._events.append(
                Weird(
                    ts=oddity.ts / 1e9,
                    name=oddity.name,
                    orig_h=address_text(oddity.src_hi, oddity.src_lo),
                    resp_h=address_text(oddity.dst_hi, oddity.dst_lo),
                    addl=oddity.detail or None,
                    source="IP",
                )
            )

    def _arp(self, packets: Packets) -> None:
        zones = self._table.zones
        rows = packets.rows[packets.rows["status"] == Status.ARP]
        for row, zone in zip(rows, zones.of(rows).tolist(), strict=True):
            event = arp_event(row, packets.data, zones.name(zone))
            if event is not None:
                self._events.append(event)

    def _run(self, steps: Iterable[Step], packets: Packets | None, over: bool = False) -> None:
        """Let the protocols do what the flow table's steps leave to do."""
        steps = iter(steps)
        while True:
            with self._timed("flow"):
                step = next(steps, None)
                if step is None:
                    return
                transcript = self._scribe.write(step) if len(step.work) else None
            if transcript is not None:
                times = self._times(transcript, packets)
                with self._timed("protocol"):
                    self._listen(transcript, times, packets)
                if self._payload_rules is not None:
                    with self._timed("rules"):
                        spoken = Spoken(
                            transcript, self._conversations, times, self._config.flow.inspect_bytes
                        )
                        findings = self._payload_rules.find_in_payloads(spoken)
                        self._alerts += findings.alerts
                        self._matches += findings.matches
            with self._timed("protocol"):
                self._end(step, over)
            if len(self._events) >= _MANY_EVENTS:
                self._publish()

    def _times(self, transcript: Transcript, packets: Packets | None) -> list[float]:
        """Seconds, of each run: its packet's time, or the latest one's where a timer caused it."""
        rows = transcript.runs["row"]
        if packets is None:
            return [self._table.now / 1e9] * len(rows)
        ns = np.where(rows >= 0, packets.rows["ts"][np.maximum(rows, 0)], self._table.now)
        return (ns / 1e9).tolist()  # type: ignore[no-any-return]

    def _listen(self, transcript: Transcript, times: list[float], packets: Packets | None) -> None:
        """Give each run to its conversation, but for those that only payload rules want."""
        runs, text = transcript.runs, transcript.text
        conversations = self._conversations
        new = self._begin(runs["flow"])
        expected = self._expected
        sated: set[tuple[int, int]] = set()
        heard = np.flatnonzero((self._verdicts[runs["flow"]] != _SCAN) | (runs["kind"] != _DATA))
        for number, kind, flow, side, start, end in zip(
            heard.tolist(),
            *(runs[name][heard].tolist() for name in ("kind", "flow", "side", "start", "end")),
            strict=True,
        ):
            conversation = conversations[flow]
            if expected and flow in new:
                new.discard(flow)
                self._expect(conversation)
            if kind == _DATA:
                analyzer = conversation.analyzer
                if conversation.unknown or (analyzer is not None and analyzer.done):
                    self._judge(conversation, flow)
                    continue
                if analyzer is not None and analyzer.segmented:
                    for piece in transcript.pieces(number):
                        conversation.feed(side == 0, piece, times[number])
                else:
                    conversation.feed(side == 0, text[start:end], times[number])
                if (
                    analyzer is None
                    or analyzer.done
                    or analyzer.expected_data
                    or conversation.analyzer is not analyzer
                ):
                    self._judge(conversation, flow)
                elif analyzer.sated:
                    sated.add((flow, side))
            elif kind == _GAP:
                conversation.gap(side == 0, int(runs["length"][number]), times[number])
            elif kind == _CLOSED:
                conversation.closed(side == 0, times[number])
            elif kind == _SKIPPED:
                conversation.skipped(side == 0, int(runs["length"][number]), times[number])
            elif kind == _CONFLICT:
                addl = f"{runs['length'][number]} bytes: {text[start:end]!r}"
                conversation.weird("rexmit_inconsistency", times[number], addl=addl, source="TCP")
            else:
                self._begin_tunnelled(conversation, int(runs["row"][number]), packets, times[number])
        for flow, side in sated:
            self._let_pass(conversations[flow], side)

    def _let_pass(self, conversation: Conversation, side: int) -> None:
        """Have the flow table only count what neither the protocol nor payload rules want to see."""
        end = self._ends[2 * conversation.index + side]
        analyzer = conversation.analyzer
        if analyzer is None or analyzer.done:
            return
        if self._payload_rules is None or end["delivered"] >= self._config.flow.inspect_bytes:
            end["unwanted"] = analyzer.unwanted(side == 0)

    def _begin(self, flows: NDArray[np.int32]) -> set[int]:
        """Begin the conversations of those of `flows` that have none yet, and say which."""
        new = list(dict.fromkeys(flows[~self._begun[flows]].tolist()))
        if new:
            self._begun[new] = True
            self._conversations.update(
                zip(new, Conversation.begin(self._table, new, self._speech), strict=True)
            )
        return set(new)

    def _expect(self, conversation: Conversation) -> None:
        """Was this connection announced by another?"""
        if conversation.proto == "tcp":
            announced = (conversation.zone, conversation.resp_h, conversation.resp_p)
            conversation.expected_service = self._expected.get(announced)

    def _judge(self, conversation: Conversation, flow: int) -> None:
        """Tell the flow table how much more of this flow is wanted."""
        analyzer = conversation.analyzer
        if self._shedding and self._flags[flow] & FlowFlag.SHED:
            return  # within the very batch that brought these bytes
        if conversation.finished:
            ciphertext = analyzer is not None and analyzer.encrypted
            self._verdicts[flow] = _BYPASS if self._payload_rules is None or ciphertext else _SCAN
        elif analyzer is not None:
            self._verdicts[flow] = _KEEP if analyzer.whole else _INSPECT
        if analyzer is not None and analyzer.expected_data:
            for address, port in analyzer.expected_data:
                self._expected[conversation.zone, address, port] = "ftp-data"
                if len(self._expected) > _EXPECTED:
                    self._expected.popitem(last=False)
            analyzer.expected_data = ()

    def _begin_tunnelled(
        self, conversation: Conversation, row: int, packets: Packets | None, ts: float
    ) -> None:
        """A flow that carries others, or is carried, began with packet `row`."""
        if packets is None:
            return
        packet = packets.rows[row]
        parent = int(packet["parent"])
        if parent >= 0:
            outer = int(self._table.tables.row_flow[parent])
            if outer >= 0:
                conversation.parents = [self._table.tables.uids[outer].tobytes().decode("ascii")]
        if packet["carries"]:
            name, service = _TUNNEL_NAMES[Encapsulation(int(packet["carries"]))]
            conversation.unknown = True
            if service:
                conversation.services.append(service)
            self._tunnel(conversation, name, "Tunnel::DISCOVER", ts, _vpn_inside(packets, row))

    def _tunnel(
        self, conversation: Conversation, name: str, action: str, ts: float, vpn: str | None = None
    ) -> None:
        self._events.append(
            Tunnel(
                ts=ts,
                zone=conversation.zone,
                uid=conversation.uid,
                orig_h=conversation.orig_h,
                orig_p=conversation.orig_p,
                resp_h=conversation.resp_h,
                resp_p=conversation.resp_p,
                tunnel_type=name,
                action=action,
                vpn=vpn,
            )
        )

    def _end(self, step: Step, over: bool) -> None:
        """Flows that ended: what their protocols still hold, then their `conn` events."""
        ended = step.ended
        if not len(ended):
            return
        conversations = self._conversations
        flows = self._table.tables.flows
        for flow, carries, last in zip(
            ended.tolist(), flows["carries"][ended].tolist(), flows["last_ts"][ended].tolist(), strict=True
        ):
            conversation = conversations.get(flow)
            if conversation is None:
                continue
            conversation.finish(last / 1e9)
            if carries:
                name, service = _TUNNEL_NAMES[Encapsulation(carries)]
                if service or not over:
                    action = "Tunnel::CLOSE" if service else "Tunnel::EXPIRE"
                    self._tunnel(conversation, name, action, last / 1e9)
        self._events.extend(self._conn.events(ended, self._labels))
        for flow in ended[self._begun[ended]].tolist():
            del conversations[flow]
        self._begun[ended] = False

    def _labels(self, flows: Sequence[int]) -> tuple[list[str | None], list[list[str] | None]]:
        heard = list(map(self._conversations.get, flows))
        return (
            [None if conversation is None else conversation.service for conversation in heard],
            [None if conversation is None else conversation.parents for conversation in heard],
        )

    def _publish(self) -> None:
        """Match the events gathered so far and hand everything over."""
        events, alerts, matches = self._events, self._alerts, self._matches
        if not events and not alerts and not matches:
            return
        self._alerts, self._matches = [], []
        if self._rules is not None:
            with self._timed("rules"):
                findings = self._rules.find(events)
                alerts = findings.alerts + alerts
                alerts.sort(key=_when)
                matches = findings.matches + matches
                matches.sort(key=_when)
        if matches and self._on_matches is not None:
            self._on_matches(matches)
        self._event_counts.update(map(_kind, events))
        if alerts:
            self._alert_counts.update(str(alert.level) for alert in alerts)
            self._rule_counts.update(alert.rule_id for alert in alerts)
            self._on_alerts(alerts)
        with self._timed("output"):
            self._on_events(events)
        events.clear()


def _vpn_inside(packets: Packets, carrier: int) -> str | None:
    """The network of the packet that row `carrier` carries, as `tunnel` events tell it."""
    inside = packets.rows[carrier + 1 : carrier + 2]
    if not len(inside) or inside["parent"][0] != carrier or not inside["vpn"][0]:
        return None
    kind, number = divmod(int(inside["vpn"][0]), 1 << 32)
    return f"{Vpn(kind).name.lower()} {number}"
