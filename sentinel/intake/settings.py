"""Settings of logs."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.broker import PeerSettings

__all__ = ["IntakeSettings", "SourceSettings", "TopicSettings"]


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """What the messages of some MQTT topics say. In `reading` and `place`, `{1}` is what the first wildcard stands for."""

    topic: str
    """Topic with its wildcards: `room/+/temperature`, `ups/#`."""
    reading: str
    """What rules call it: `temperature`, `humidity`, `water`, `ups`, `door` …"""
    value: str = ""
    """Path of the value in a JSON message (`$.data.t`); empty: the message is the value."""
    unit: str = ""
    place: str = ""
    """Where the sensor is, or the path of it in a JSON message (`$.room`); empty: the topic."""
    time: str = ""
    """Path of the time in a JSON message: ISO 8601, seconds or milliseconds since 1970; empty: when it came."""
    states: tuple[str, ...] = ()
    """What values mean, as `1=open`."""


@dataclass(frozen=True, slots=True)
class SourceSettings(PeerSettings):
    """One place that logs come from.

    A peer for `mqtt` alone. With `tls`, where we are the server, `certificate` and `key` are the server's, and
    `authority` vouches for senders: empty asks for no certificate of theirs.
    """

    name: str
    """What events, notices and metrics call it."""
    kind: str
    """`file`, `udp`, `tcp`, `tls`, `journal` or `mqtt`."""
    paths: tuple[str, ...] = ()
    """`file`: paths, with `*`, `?` and `**` for what varies."""
    from_start: bool = False
    """`file`: read what files hold already when they are first seen."""
    listen: str = "0.0.0.0"
    """`udp`, `tcp`, `tls`: address to listen on."""
    port: int = 514
    """`udp`, `tcp`, `tls`: port to listen on; 0 takes any."""
    broker: str = ""
    """`mqtt`: `mqtt://host` or, with TLS, `mqtts://host`; a port may follow."""
    topics: tuple[TopicSettings, ...] = ()
    """`mqtt`: which topics are read, and how."""
    format: str = "auto"
    """Name of a format; `auto` tells by content."""
    zone: str = ""
    """IANA name of the zone of stamps that name none; empty takes `intake.zone`."""
    host: str = ""
    """Who writes the records, where they do not say."""
    silence: float = 0.0
    """Seconds of silence after which the source is told to be silent; 0 takes its own usual silence."""


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Which logs are read, and what is assumed of them."""

    zone: str = "Asia/Shanghai"
    """IANA name of the zone of stamps that name none."""
    formats: tuple[str, ...] = ()
    """Folders (searched for *.yaml) of the site's own formats."""
    sources: tuple[SourceSettings, ...] = ()
    """Places that logs come from while the daemon runs."""
