"""`mqtt_connect`, `mqtt_publish`, `mqtt_subscribe`: what is said to a broker (Zeek's logs of these names)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["MqttConnect", "MqttPublish", "MqttSubscribe"]


class MqttConnect(FlowEvent, kw_only=True):
    """A client introduced itself, and what the broker said to that."""

    kind: ClassVar[str] = "mqtt_connect"

    proto_name: str
    """`MQTT`, or `MQIsdp` of 3.1."""
    proto_version: str
    """`3.1`, `3.1.1`, `5.0`."""
    client_id: str
    username: str | None = None
    """Ours: who logs in."""
    connect_status: str | None = None
    """`Connection Accepted`, `Refused: …`; absent where no answer was seen."""
    will_topic: str | None = None
    will_payload: str | None = None


class MqttPublish(FlowEvent, kw_only=True):
    """One message, told once its quality of service is fulfilled."""

    kind: ClassVar[str] = "mqtt_publish"

    from_client: bool
    retain: bool
    qos: str
    """`at most once`, `at least once`, `exactly once`."""
    status: str
    """`ok`, or `incomplete_qos` where acknowledgements are missing."""
    topic: str
    payload: str
    """Its first 100 bytes."""
    payload_len: int


class MqttSubscribe(FlowEvent, kw_only=True):
    """Topics asked for, or no longer."""

    kind: ClassVar[str] = "mqtt_subscribe"

    action: str
    """`MQTT::SUBSCRIBE` or `MQTT::UNSUBSCRIBE`."""
    topics: list[str]
    qos_levels: list[int] | None = None
    granted_qos_level: int | None = None
    """For the first topic; 128 and more is a refusal."""
    ack: bool
