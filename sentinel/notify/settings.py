"""Settings of notifications."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ChannelSettings", "NotifySettings"]


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel, HTTP or MQTT by its address.

    `url`, `headers` and `password` may hold secrets by reference: `${env:NAME}`, `${file:/path}`.
    """

    name: str
    url: str
    """`https://host/path`; `mqtts://host/topic` publishes under that topic."""
    body: str
    """Template of the request's body; a field's text is escaped for JSON."""
    headers: tuple[str, ...] = ("Content-Type: application/json",)
    expect: str = ""
    """Text that the answer must contain, white space aside; empty: any status 2xx will do."""
    level: int = 4
    """Only this level and graver ones: 1 (特别重大) to 4 (一般)."""
    per_minute: int = 18
    """Requests in any minute. Robots of 企业微信 and 钉钉 take 20."""
    timeout: float = 10.0
    drill: bool = False
    """Takes what belongs to drills, and nothing else."""
    user: str = ""
    """`mqtt`: user at the broker."""
    password: str = ""
    """`mqtt`: its password, by reference."""
    authority: str = ""
    """File of the authorities that vouch for the server; empty: the system's."""


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told of incidents."""

    retry: float = 5.0
    """Seconds to the first retry; each further one waits twice as long."""
    retry_max: float = 600.0
    give_up: float = 86400.0
    """Seconds after which a message is marked as failed."""
    keep: float = 180 * 86400.0
    """Seconds that the record of a delivered or failed message stays."""
    channels: tuple[ChannelSettings, ...] = ()
