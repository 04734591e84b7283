"""The MQTT channel: one message published with QoS 1, and done when the broker acknowledged it (MQTT 5.0, section 4.3.2)."""

from __future__ import annotations

import queue
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import ChannelSettings
from sentinel.notify.template import fill
from sentinel.secret import reveal
from sentinel.text import text

__all__ = ["SCHEMES", "publish"]

SCHEMES: Final = {"mqtt": 1883, "mqtts": 8883}
"""Schemes of a channel's address, with their ports (IANA)."""


def publish(channel: ChannelSettings, url: SplitResult, fields: Mapping[str, str]) -> None:
    """Publish one message under the path of `url`. Blocks. Raises DeliveryError, SecretError.

    The message's id goes with it as the user property `id`: who gets it twice can tell.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
    client.connect_timeout = channel.timeout
    client.on_connect = lambda client, data, flags, reason, properties: answers.put(reason)
    client.on_publish = lambda client, data, number, reason, properties: answers.put(reason)
    if channel.user:
        client.username_pw_set(channel.user, reveal(channel.password) or None)
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    properties.UserProperty = ("id", fields.get("id", ""))
    try:
        if url.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=channel.authority or None))
        client.connect(url.hostname or "", url.port or SCHEMES[url.scheme])
        client.loop_start()
        _expect(answers, channel.timeout)
        body = fill(channel.body, fields).encode("utf-8", "replace")
        client.publish(url.path[1:], body, qos=1, properties=properties)
        _expect(answers, channel.timeout)
        client.disconnect()
    except (OSError, ValueError) as error:
        reason = type(error).__name__ if isinstance(error, ValueError) else error
        raise DeliveryError(text("notify.unreachable", reason=reason)) from error
    finally:
        client.loop_stop()


def _expect(answers: queue.SimpleQueue[Any], timeout: float) -> None:
    """Wait for the broker's next answer; it must be no refusal."""
    try:
        reason = answers.get(timeout=timeout)
    except queue.Empty as error:
        raise DeliveryError(text("notify.unreachable", reason="timeout")) from error
    if reason.is_failure:
        raise DeliveryError(text("notify.refused", reason=reason))
