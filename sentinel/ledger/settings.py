"""Settings of the device ledger."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LedgerSettings", "SweepSettings"]

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Active discovery: who may ask what, when and how fast."""

    enabled: bool = False
    ranges: tuple[str, ...] = ()
    """IPv4 prefixes that may be asked; nothing else ever is."""
    exclude: tuple[str, ...] = ()
    """Prefixes within them that are left alone: devices that a question might upset."""
    persons: tuple[str, ...] = ()
    """Who may authorise a sweep; it is done in that person's name."""
    hours: str = ""
    """In which hours, by the clock of `intake.zone`, as `22:00-06:00`; empty: always."""
    rate: int = 50
    """Packets a second at most."""
    ports: tuple[int, ...] = (22, 23, 80, 135, 139, 443, 445, 1433, 1521, 3306, 3389, 5432, 6379, 8080)
    """TCP ports that are asked of a host that answers."""
    wait: float = 2.0
    """Seconds to wait for answers after the last packet of a round."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """How devices are seen, kept, and compared with the register."""

    enabled: bool = True
    devices: int = 100_000
    """Seen devices kept at most; past that those with the least evidence give way, registered ones last."""
    facts: int = 64
    """Facts kept of one device at most; past that the one not seen for longest gives way."""
    confirm: float = 60.0
    """Seconds between two sights after which a device counts as lasting; a handshake counts at once."""
    compare: float = 300.0
    """Seconds between two comparisons of what was seen with the register."""
    grace: float = _DAY
    """Seconds that a new device may be unregistered before it is told as a shadow."""
    unseen: float = 30 * _DAY
    """Seconds after which a registered asset that was not seen counts as a zombie."""
    learning: float = 14 * _DAY
    """Seconds from a device's first sight in which its services are learned; a later new one is drift."""
    settle: float = 3600.0
    """Seconds that a difference must be gone before it counts as ended."""
    told: int = 100
    """Differences told after one comparison at most; the others wait for the next."""
    differences: int = 200_000
    """Differences kept as told at most; others wait until some have ended."""
    risky_ports: tuple[int, ...] = (
        21, 22, 23, 69, 111, 135, 137, 138, 139, 161, 389, 445, 512, 513, 514, 873, 1099, 1433, 1521, 2049, 2181,
        2375, 3306, 3389, 4444, 4848, 5432, 5555, 5900, 5901, 5902, 5903, 5984, 6379, 7001, 7002, 8009, 8161, 8888,
        9000, 9092, 9200, 9300, 10050, 11211, 27017, 50070,
    )  # fmt: skip
    """Ports whose services count as exposed: remote administration, shares, databases, middleware."""
    signatures: str = "/etc/p0f/p0f.fp"
    """File of TCP signatures as p0f 3 has them, read where it is there, besides ours; empty: ours alone."""
    headings: tuple[str, ...] = ()
    """A site's own headings of registers, as `使用科室=责任单位`; an export writes the first one of each column."""
    sweep: SweepSettings = SweepSettings()
