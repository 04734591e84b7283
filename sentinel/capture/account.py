"""The packet account: where every packet went."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final

from sentinel.decode.packet import Status

__all__ = ["UNDECODABLE", "PacketAccount"]

UNDECODABLE: Final = tuple(
    status.name.lower()
    for status in (Status.TRUNCATED, Status.MALFORMED, Status.UNKNOWN_LINK, Status.TOO_DEEP)
)
"""Reasons for which a packet is undecodable; the keys of `PacketAccount.undecodable`."""


def _no_undecodable() -> dict[str, int]:
    return dict.fromkeys(UNDECODABLE, 0)


@dataclass(slots=True)
class PacketAccount:
    """Counts of packets since the start. Each packet received is counted once more, by what became of it."""

    received: int = 0
    """All packets that came to the interface, or lie in the file, as far as anyone told us."""
    processed: int = 0
    """Decoded and handed to the flows; ARP and protocols we do not read are among them."""
    filtered: int = 0
    """Refused by the configured filter."""
    dropped: int = 0
    """Lost by the ring, because we were too slow."""
    shed: int = 0
    """Left out by policy under load."""
    undecodable: dict[str, int] = field(default_factory=_no_undecodable)
    """Not decoded, by reason; all of `UNDECODABLE` are always there."""

    def refuse(self, reason: str, packets: int = 1) -> None:
        """Count packets as undecodable for a reason out of `UNDECODABLE`; raises `KeyError` for another."""
        self.undecodable[reason] += packets

    def add(self, other: PacketAccount) -> None:
        """Add another account's counts to this one."""
        for count in fields(self):
            if count.name != "undecodable":
                setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))
        for reason, packets in other.undecodable.items():
            self.undecodable[reason] = self.undecodable.get(reason, 0) + packets

    def since(self, earlier: PacketAccount) -> PacketAccount:
        """What was added since `earlier`, a copy of this account."""
        return PacketAccount(
            self.received - earlier.received,
            self.processed - earlier.processed,
            self.filtered - earlier.filtered,
            self.dropped - earlier.dropped,
            self.shed - earlier.shed,
            {
                reason: packets - earlier.undecodable.get(reason, 0)
                for reason, packets in self.undecodable.items()
            },
        )

    def copy(self) -> PacketAccount:
        """The counts as they are now."""
        twin = PacketAccount()
        twin.add(self)
        return twin

    @property
    def accounted(self) -> int:
        """Packets of which it is known what became of them."""
        return self.processed + self.filtered + self.dropped + self.shed + sum(self.undecodable.values())

    def balanced(self) -> bool:
        """Whether every packet received is accounted for, once. Holds between batches."""
        return self.received == self.accounted

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """Plain numbers, for `stats.json`."""
        return {
            "received": self.received,
            "processed": self.processed,
            "filtered": self.filtered,
            "dropped": self.dropped,
            "shed": self.shed,
            "undecodable": dict(self.undecodable),
        }

    def by_fate(self) -> dict[tuple[str, str], int]:
        """Counts by fate and reason (empty but for undecodable ones); they sum to `received`. For metrics."""
        fates = {(fate, ""): getattr(self, fate) for fate in ("processed", "filtered", "dropped", "shed")}
        return fates | {("undecodable", reason): packets for reason, packets in self.undecodable.items()}
