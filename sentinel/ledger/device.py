"""The device as the network shows it: an address of a zone, and facts about it, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

__all__ = ["Device", "Fact", "Key"]

Key = tuple[str, str]
"""Zone (empty where none is declared) and address."""


class Fact(msgspec.Struct, array_like=True, gc=False):
    """One value of one field."""

    field: str
    """`mac`, `name`, `os`, `vendor`, `model`, `service`, `exposed` (a port that others than ours got through to),
    `agent`, `certificate`."""
    value: str
    source: str
    """What told it: `arp`, `dhcp`, `dns`, `ntlm`, `kerberos`, `http`, `ssh`, `ftp`, `x509`, `conn`, `tcp_syn`,
    `oui`, `scan`."""
    confidence: int
    """0 to 100: how far the source can be believed. What a stranger can write freely stays below 50."""
    first_seen: float
    """Seconds since 1970 UTC, by the events."""
    last_seen: float


class Device(msgspec.Struct, gc=False):
    """A device that was seen."""

    zone: str
    address: str
    first_seen: float
    last_seen: float
    lasting: bool = False
    """It answered a handshake, or was seen again after a while: more than one forged packet."""
    facts: list[Fact] = []

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.zone, self.address

    def of(self, field: str) -> Iterator[Fact]:
        """Its facts of one field."""
        return (fact for fact in self.facts if fact.field == field)

    def best(self, field: str) -> Fact | None:
        """The most credible fact of a field, the latest among equals."""
        best = None
        for fact in self.facts:
            if fact.field == field and (
                best is None or (fact.confidence, fact.last_seen) > (best.confidence, best.last_seen)
            ):
                best = fact
        return best

    def learn(
        self, field: str, value: str, source: str, confidence: int, ts: float, limit: int
    ) -> Fact | None:
        """Take a fact; returns it where it is new. Past `limit` facts the one not seen for longest is given up."""
        for fact in self.facts:
            if fact.field == field and fact.value == value:
                fact.last_seen = max(fact.last_seen, ts)
                if confidence > fact.confidence:
                    fact.source, fact.confidence = source, confidence
                return None
        if len(self.facts) >= limit:
            self.facts.remove(min(self.facts, key=lambda fact: fact.last_seen))
        new = Fact(field, value, source, confidence, ts, ts)
        self.facts.append(new)
        return new
