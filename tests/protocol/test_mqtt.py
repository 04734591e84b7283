"""MQTT: log-ins, messages of every quality of service, subscriptions; 3.1, 3.1.1 and 5.0."""

from __future__ import annotations

from struct import pack

import pytest

from sentinel.protocol.mqtt import MAX_PACKET, MAX_PENDING, MAX_TOPICS, Mqtt, varint
from sentinel.protocol.settings import ProtocolSettings


def string(value: bytes) -> bytes:
    return pack("!H", len(value)) + value


def packet(kind: int, body: bytes, flags=0) -> bytes:
    size, rest = b"", len(body)
    while True:
        rest, low = rest >> 7, rest & 0x7F
        size += bytes([low | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind << 4 | flags]) + size + body


def connect(level=4, name=b"MQTT", flags=0x02, rest=b"\x00\x08sensor-1") -> bytes:
    return packet(
        1, string(name) + bytes([level, flags]) + pack("!H", 60) + (b"\x00" if level == 5 else b"") + rest
    )


def publish(topic=b"t/1", payload=b"on", qos=0, number=7, flags=0) -> bytes:
    return packet(3, string(topic) + (pack("!H", number) if qos else b"") + payload, qos << 1 | flags)


def subscribe(*topics: bytes, number=3) -> bytes:
    return packet(8, pack("!H", number) + b"".join(string(topic) + b"\x01" for topic in topics), 2)


CONNACK = packet(2, b"\x00\x00")
TALK = [
    (
        True,
        connect(
            flags=0xC6,
            rest=string(b"sensor-1") + string(b"will/t") + string(b"gone") + string(b"li") + string(b"pw"),
        ),
    ),
    (False, CONNACK),
    (True, subscribe(b"a/#", b"b")),
    (False, packet(9, b"\x00\x03\x01\x80")),
    (True, publish()),
    (False, publish(b"a/1", b"x" * 300, flags=1)),
    (True, publish(qos=1)),
    (False, packet(4, b"\x00\x07")),
    (True, publish(qos=2, number=8)),
    (False, packet(5, b"\x00\x08")),
    (True, packet(6, b"\x00\x08", 2)),
    (False, packet(7, b"\x00\x08")),
    (True, packet(10, b"\x00\x04" + string(b"b"), 2)),
    (False, packet(11, b"\x00\x04")),
    (True, packet(12, b"") + packet(14, b"")),
]


def test_log_in(speak):
    (told,) = speak(Mqtt, TALK).of("mqtt_connect")
    assert (told.proto_name, told.proto_version, told.client_id) == ("MQTT", "3.1.1", "sensor-1")
    assert (told.username, told.connect_status) == ("li", "Connection Accepted")
    assert (told.will_topic, told.will_payload) == ("will/t", "gone")


@pytest.mark.parametrize(
    ("level", "name", "version", "answer", "status"),
    [
        (3, b"MQIsdp", "3.1", b"\x00\x04", "Refused: bad user name or password"),
        (4, b"MQTT", "3.1.1", b"\x00\x05", "Refused: not authorized"),
        (5, b"MQTT", "5.0", b"\x00\x86\x00", "Refused: bad user name or password"),
        (5, b"MQTT", "5.0", b"\x00\x99\x00", "unknown-return-code-153"),
    ],
)
def test_refused(speak, level, name, version, answer, status):
    (told,) = speak(Mqtt, [(True, connect(level, name)), (False, packet(2, answer))]).of("mqtt_connect")
    assert (told.proto_version, told.connect_status) == (version, status)


def test_no_answer(speak):
    (told,) = speak(Mqtt, [(True, connect())]).of("mqtt_connect")
    assert told.connect_status is None


def test_messages(speak):
    told = speak(Mqtt, TALK).of("mqtt_publish")
    assert [(event.from_client, event.qos, event.status) for event in told] == [
        (True, "at most once", "ok"),
        (False, "at most once", "ok"),
        (True, "at least once", "ok"),
        (True, "exactly once", "ok"),
    ]
    assert (told[0].topic, told[0].payload, told[0].payload_len, told[0].retain) == ("t/1", "on", 2, False)
    assert (told[1].payload, told[1].payload_len, told[1].retain) == ("x" * 100, 300, True)


def test_acknowledgements_that_never_come(speak, wire):
    (told,) = speak(Mqtt, [(True, connect()), (True, publish(qos=2))]).of("mqtt_publish")
    assert told.status == "incomplete_qos"
    analyzer = Mqtt(wire, wire.events.append, ProtocolSettings())
    for number, ts in ((1, 0.0), (2, 1.0), (3, 6.0)):
        analyzer.feed(True, publish(qos=1, number=number), ts)
    assert [event.ts for event in wire.of("mqtt_publish")] == [0.0, 1.0]


def test_subscriptions(speak):
    first, second = speak(Mqtt, TALK).of("mqtt_subscribe")
    assert (first.action, first.topics, first.qos_levels) == ("MQTT::SUBSCRIBE", ["a/#", "b"], [1, 1])
    assert (first.granted_qos_level, first.ack) == (1, True)
    assert (second.action, second.topics, second.qos_levels, second.ack) == (
        "MQTT::UNSUBSCRIBE",
        ["b"],
        None,
        True,
    )


def test_version_5_properties_are_stepped_over(speak):
    talk = [
        (True, connect(5)),
        (False, packet(2, b"\x00\x00\x00")),
        (True, packet(3, string(b"t") + b"\x02\x01\x01" + b"text")),
        (True, packet(8, b"\x00\x01\x00" + string(b"s") + b"\x00", 2)),
        (False, packet(9, b"\x00\x01\x00\x00")),
    ]
    wire = speak(Mqtt, talk)
    assert wire.of("mqtt_publish")[0].payload == "text" and wire.of("mqtt_publish")[0].payload_len == 4
    assert wire.of("mqtt_subscribe")[0].granted_qos_level == 0


def test_large_messages_are_skipped(speak, wire):
    talk = [(True, connect()), (True, publish(payload=bytes(1 << 20)) + publish(b"after"))]
    told = speak(Mqtt, talk).of("mqtt_publish")
    assert [(event.topic, event.payload_len) for event in told] == [("t/1", 1 << 20), ("after", 2)]
    analyzer = Mqtt(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, publish(payload=bytes(1 << 20))[: MAX_PACKET * 2], 0.0)
    analyzer.gap(True, 1000, 0.0)
    assert not analyzer.done
    analyzer.gap(True, 1 << 20, 0.0)
    assert analyzer.done


def test_caps(speak):
    many = [(True, publish(qos=1, number=number)) for number in range(MAX_PENDING + 50)]
    assert len(speak(Mqtt, many, finish=False).of("mqtt_publish")) == 50
    (told,) = speak(Mqtt, [(True, subscribe(*[b"t"] * 200))]).of("mqtt_subscribe")
    assert len(told.topics) == MAX_TOPICS
    asked = [(True, subscribe(b"t", number=number)) for number in range(MAX_PENDING + 50)]
    assert len(speak(Mqtt, asked, finish=False).of("mqtt_subscribe")) == 50


def test_nonsense_ends_the_reading(speak):
    wire = speak(Mqtt, [(True, connect() + b"\x00\x01"), (True, publish())])
    assert "MQTT_invalid_packet" in wire.weirds and not wire.of("mqtt_publish")
    assert "MQTT_truncated" in speak(Mqtt, [(True, packet(3, b"\x00\x09abc"))]).weirds


def test_varint():
    assert varint(b"\xff\xff\xff\x7f", 0) == (268_435_455, 4)
    assert varint(b"\xff\xff\xff\xff\x01", 0)[0] < 0


def test_sturdy(sturdy):
    sturdy(Mqtt, TALK)
    sturdy(
        Mqtt,
        [
            (True, connect(5)),
            (False, packet(2, b"\x00\x00\x00")),
            (True, packet(3, string(b"t") + b"\x02\x01\x01x")),
        ],
    )


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (connect(), True),
        (connect(3, b"MQIsdp"), True),
        (connect(9), False),
        (connect()[:8], None),
        (b"\x10", None),
        (b"\x10\x20\x00\x04HTTP\x01\x02\x03", False),
        (b"\x16\x03\x01\x00", False),
        (b"GET / HTTP/1.1\r\n", False),
    ],
)
def test_recognition(data, answer):
    assert Mqtt.recognise(data, True, "tcp") is answer
    assert Mqtt.recognise(data, False, "tcp") is False
