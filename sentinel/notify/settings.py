"""Settings of notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sentinel.broker import PeerSettings

__all__ = ["ChannelSettings", "FeedSettings", "NotifySettings"]

_PACE: Final = 20
"""What robots of 企业微信 and 钉钉 take in a minute, by their documentation."""
_MACHINES: Final = ("mqtt", "mqtts", "syslog+udp", "syslog+tcp", "syslog+tls")


@dataclass(frozen=True, slots=True)
class ChannelSettings(PeerSettings):
    """One channel; the scheme of its address says of which way.

    `url`, `headers`, `sign` and `password` may hold secrets by reference: `${env:NAME}`, `${file:/path}`.
    """

    name: str
    url: str
    """`https://host/path`: a template posted; `mqtts://host/topic`: published under that topic; `syslog+tls://host`: a
    message of syslog; anything else: an address of Apprise (`mailtos://…`)."""
    body: str = ""
    """Template of the request's body; a field's text is escaped for JSON. Empty: the robot's own."""
    headers: tuple[str, ...] = ("Content-Type: application/json",)
    expect: str = ""
    """Text that the answer must contain, white space aside; empty: any status 2xx will do, or what the robot says."""
    robot: str = ""
    """`wecom`, `dingtalk`, `feishu`: whose robot the address is; body and answer are then known."""
    sign: str = ""
    """`dingtalk`, `feishu`: the key that requests are signed with (加签), by reference."""
    level: int = 4
    """Only this level and graver ones: 1 (特别重大) to 4 (一般)."""
    per_minute: int = 0
    """Requests in any minute; 0: 20 where people read them, any number elsewhere."""
    quiet: str = ""
    """Hours in which only what is loud is told (`22:00-07:00`); the rest waits for their end."""
    loud_level: int = 3
    """Level that is loud, with the graver ones."""
    loud_severity: str = "high"
    """Sigma's level that is loud, with the higher ones."""
    drill: bool = False
    """Takes what belongs to drills, and nothing else."""
    form: str = "rfc5424"
    """`syslog`: `rfc5424` with structured data, or `cef` in it."""
    alerts: str = ""
    """`syslog`: Sigma's level from which on single alerts are sent too, besides what is told of incidents; empty: none."""
    facility: int = 16
    """`syslog`: 16 is local0 (RFC 5424, section 6.2.1)."""
    enterprise: int = 32473
    """`syslog`: the enterprise number of our structured data; this one is reserved for examples (RFC 5612)."""

    @property
    def for_people(self) -> bool:
        """Whether people read it: such messages are merged and keep a pace."""
        return self.url.partition(":")[0] not in _MACHINES

    @property
    def pace(self) -> int | None:
        """Requests in any minute; None for any number."""
        return self.per_minute or (_PACE if self.for_people else None)


@dataclass(frozen=True, slots=True)
class FeedSettings(PeerSettings):
    """A broker that is given everything, for machines: `sentinel/<site>/alerts`, `incidents`, `assets`, `status`."""

    name: str
    broker: str
    """`mqtts://host` or `mqtt://host`."""
    site: str
    """One level of a topic."""
    publish: tuple[str, ...] = ("alerts", "incidents", "assets")
    drill: bool = False
    """Takes what belongs to drills, and nothing else."""
    status: float = 60.0
    """Seconds between two words that we are there."""


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told of incidents."""

    retry: float = 5.0
    """Seconds to the first retry; each further one waits twice as long."""
    retry_max: float = 600.0
    give_up: float = 86400.0
    """Seconds of trying after which a message is marked as failed; also those of a channel that is configured no more."""
    keep: float = 180 * 86400.0
    """Seconds that the record of a delivered or failed message stays."""
    waiting: int = 100_000
    """Messages that may wait for one channel; past that the oldest of the least grave are given up."""
    channels: tuple[ChannelSettings, ...] = ()
    feeds: tuple[FeedSettings, ...] = ()
