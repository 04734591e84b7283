"""MQTT 3.1, 3.1.1 and 5.0 over TCP: log-ins, messages, subscriptions."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.mqtt import MqttConnect, MqttPublish, MqttSubscribe
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Mqtt"]

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _PUBREC, _PUBREL, _PUBCOMP = range(1, 8)
_SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK = range(8, 12)
_AUTH: Final = 15

_NAMES: Final = {b"MQTT": (4, 5), b"MQIsdp": (3,)}
_VERSIONS: Final = {3: "3.1", 4: "3.1.1", 5: "5.0"}
_QOS: Final = ("at most once", "at least once", "exactly once")
_ANSWERS: Final = {
    0: "Connection Accepted",
    1: "Refused: unacceptable protocol version",
    2: "Refused: identifier rejected",
    3: "Refused: server unavailable",
    4: "Refused: bad user name or password",
    5: "Refused: not authorized",
    # MQTT 5.0 section 3.2.2.2, in the words of 3.1.1 where it has them
    0x80: "Refused: unspecified error",
    0x81: "Refused: malformed packet",
    0x82: "Refused: protocol error",
    0x83: "Refused: implementation specific error",
    0x84: "Refused: unacceptable protocol version",
    0x85: "Refused: identifier rejected",
    0x86: "Refused: bad user name or password",
    0x87: "Refused: not authorized",
    0x88: "Refused: server unavailable",
    0x89: "Refused: server busy",
    0x8A: "Refused: banned",
    0x8C: "Refused: bad authentication method",
    0x95: "Refused: packet too large",
    0x97: "Refused: quota exceeded",
    0x9C: "Refused: use another server",
    0x9D: "Refused: server moved",
    0x9F: "Refused: connection rate exceeded",
}

MAX_PACKET: Final = 4096
"""Bytes of a packet that are looked at: topics stand at its beginning."""
MAX_PAYLOAD: Final = 100
MAX_TOPICS: Final = 64
MAX_PENDING: Final = 256
WAIT: Final = 5.0
"""Seconds for an acknowledgement, as in Zeek."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A remaining length (MQTT 5.0 section 1.5.5) at `at`, and where it ends; (MORE or BROKEN, at) where none is."""
    value = 0
    for place in range(4):
        if at + place >= len(data):
            return MORE, at
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    return BROKEN, at


def _measure(data: bytes, at: int) -> int:
    if not data[at] >> 4:
        return BROKEN
    length, after = varint(data, at + 1)
    return length if after == at + 1 else after + length - at


class _Packet:
    """Reads the fields of a packet one after another. Raises IndexError where the packet ends first."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = varint(data, 1)[1]

    def number(self, size: int) -> int:
        end = self.at + size
        if end > len(self.data):
            raise IndexError
        value = int.from_bytes(self.data[self.at : end], "big")
        self.at = end
        return value

    def string(self) -> bytes:
        size = self.number(2)
        end = self.at + size
        if end > len(self.data):
            raise IndexError
        value = self.data[self.at : end]
        self.at = end
        return value

    def skip_properties(self) -> None:
        """MQTT 5.0 section 2.2.2."""
        size, after = varint(self.data, self.at)
        if after == self.at:
            raise IndexError
        self.at = after + size

    @property
    def more(self) -> bool:
        return self.at < len(self.data)


class _Exchange:
    """A message that waits for acknowledgements."""

    __slots__ = ("event", "qos", "received", "released")

    def __init__(self, event: MqttPublish, qos: int) -> None:
        self.event = event
        self.qos = qos
        self.received = False
        self.released = False


class Mqtt(Analyzer):
    """One connection to a broker."""

    __slots__ = ("_connect", "_messages", "_published", "_subscribed", "_version")

    service: ClassVar[str] = "mqtt"
    ports: ClassVar[frozenset[int]] = frozenset({1883})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_PACKET), Messages(_measure, MAX_PACKET))
        self._version = 4
        self._connect: MqttConnect | None = None
        self._published: dict[tuple[bool, int], _Exchange] = {}
        self._subscribed: dict[int, MqttSubscribe] = {}

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A CONNECT packet with a name and level that exist."""
        if not is_orig or data[0] != 0x10:
            return False
        length, at = varint(data, 1)
        if at == 1:
            return None if length == MORE else False
        if len(data) < at + 9:
            return None if length >= 12 else False
        size = data[at] << 8 | data[at + 1]
        levels = _NAMES.get(data[at + 2 : at + 2 + size])
        return levels is not None and data[at + 2 + size] & 0x7F in levels

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while (packet := messages.pop()) is not None:
            try:
                self._packet(is_orig, packet, ts)
            except IndexError:
                self.flow.weird("MQTT_truncated", ts, str(packet[0] >> 4), "MQTT")
        if messages.broken:
            self.flow.weird("MQTT_invalid_packet", ts, None, "MQTT")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in a payload does no harm; one in the packets' heads ends the reading."""
        if not self._messages[is_orig].lost(length):
            self.finish(ts)

    def _packet(self, is_orig: bool, data: bytes, ts: float) -> None:
        kind = data[0] >> 4
        if kind == _PUBLISH:
            self._on_publish(is_orig, data, ts)
        elif kind in (_PUBACK, _PUBREC, _PUBREL, _PUBCOMP):
            self._on_acknowledgement(is_orig, kind, _Packet(data).number(2))
        elif kind == _CONNECT:
            self._on_connect(data, ts)
        elif kind == _CONNACK:
            self._on_answer(data)
        elif kind in (_SUBSCRIBE, _UNSUBSCRIBE):
            self._on_subscribe(kind == _SUBSCRIBE, data, ts)
        elif kind in (_SUBACK, _UNSUBACK):
            self._on_granted(kind == _SUBACK, data)

    def _on_connect(self, data: bytes, ts: float) -> None:
        packet = _Packet(data)
        name = packet.string()
        version = self._version = packet.number(1) & 0x7F
        flags = packet.number(1)
        packet.number(2)
        if version == 5:
            packet.skip_properties()
        self._conclude_connect()
        event = self._connect = MqttConnect(
            ts=ts,
            **self.whose,
            proto_name=printable(name),
            proto_version=_VERSIONS.get(version, f"unknown-version-{version}"),
            client_id=printable(packet.string()),
        )
        if flags & 0x04:
            if version == 5:
                packet.skip_properties()
            event.will_topic = printable(packet.string())
            event.will_payload = printable(packet.string()[:MAX_PAYLOAD])
        if flags & 0x80:
            event.username = printable(packet.string())

    def _on_answer(self, data: bytes) -> None:
        packet = _Packet(data)
        packet.number(1)
        code = packet.number(1)
        if self._connect is not None:
            self._connect.connect_status = _ANSWERS.get(code, f"unknown-return-code-{code}")
            self._conclude_connect()

    def _conclude_connect(self) -> None:
        if self._connect is not None:
            self.emit(self._connect)
            self._connect = None

    def _on_publish(self, is_orig: bool, data: bytes, ts: float) -> None:
        packet = _Packet(data)
        length, after = varint(data, 1)
        qos = data[0] >> 1 & 3
        topic = packet.string()
        number = packet.number(2) if qos else 0
        if self._version == 5:
            packet.skip_properties()
        size = max(0, after + length - packet.at)
        event = MqttPublish(
            ts=ts,
            **self.whose,
            from_client=is_orig,
            retain=bool(data[0] & 1),
            qos=_QOS[qos] if qos < 3 else f"unknown-qos-level-{qos}",
            status="incomplete_qos" if qos else "ok",
            topic=printable(topic),
            payload=printable(data[packet.at : packet.at + MAX_PAYLOAD]),
            payload_len=size,
        )
        if not qos:
            self.emit(event)
            return
        pending = self._published
        if (is_orig, number) in pending and data[0] & 8:
            return  # sent again
        self._overdue(ts)
        before = pending.pop((is_orig, number), None)
        if before is not None:
            self.emit(before.event)
        pending[is_orig, number] = _Exchange(event, qos)

    def _overdue(self, ts: float) -> None:
        """Tell messages that waited too long, or that are too many."""
        pending = self._published
        while pending:
            key = next(iter(pending))
            if ts - pending[key].event.ts < WAIT and len(pending) < MAX_PENDING:
                return
            self.emit(pending.pop(key).event)

    def _on_acknowledgement(self, is_orig: bool, kind: int, number: int) -> None:
        """PUBREL comes from who published, the others from who received (MQTT 5.0 section 4.3)."""
        key = (is_orig if kind == _PUBREL else not is_orig, number)
        exchange = self._published.get(key)
        if exchange is None:
            return
        if kind == _PUBREC:
            exchange.received = True
        elif kind == _PUBREL:
            exchange.released = True
        elif exchange.qos == 1 if kind == _PUBACK else exchange.received and exchange.released:
            exchange.event.status = "ok"
            self.emit(self._published.pop(key).event)

    def _on_subscribe(self, subscribe: bool, data: bytes, ts: float) -> None:
        packet = _Packet(data)
        number = packet.number(2)
        if self._version == 5:
            packet.skip_properties()
        topics: list[str] = []
        levels: list[int] = []
        while packet.more and len(topics) < MAX_TOPICS:
            topics.append(printable(packet.string()))
            if subscribe:
                levels.append(packet.number(1) & 3)
        before = self._subscribed.pop(number, None)
        if before is None and len(self._subscribed) >= MAX_PENDING:
            before = self._subscribed.pop(next(iter(self._subscribed)))
        if before is not None:
            self.emit(before)
        self._subscribed[number] = MqttSubscribe(
            ts=ts,
            **self.whose,
            action="MQTT::SUBSCRIBE" if subscribe else "MQTT::UNSUBSCRIBE",
            topics=topics,
            qos_levels=levels if subscribe else None,
            ack=False,
        )

    def _on_granted(self, subscribe: bool, data: bytes) -> None:
        packet = _Packet(data)
        number = packet.number(2)
        event = self._subscribed.get(number)
        if event is None:
            return
        if subscribe:
            if self._version == 5:
                packet.skip_properties()
            event.granted_qos_level = packet.number(1)
        event.ack = True
        self.emit(self._subscribed.pop(number))

    def finish(self, ts: float) -> None:
        """Tell what still waits for an answer."""
        self._conclude_connect()
        for exchange in self._published.values():
            self.emit(exchange.event)
        for event in self._subscribed.values():
            self.emit(event)
        self._published.clear()
        self._subscribed.clear()
        self.done = True
