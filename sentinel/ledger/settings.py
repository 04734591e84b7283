"""Settings of the device ledger."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LedgerSettings"]


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """How devices are seen and kept."""

    enabled: bool = True
    devices: int = 100_000
    """Seen devices kept at most; past that those with the least evidence give way, registered ones last."""
    facts: int = 64
    """Facts kept of one device at most; past that the one not seen for longest gives way."""
    confirm: float = 60.0
    """Seconds between two sights after which a device counts as lasting; a handshake counts at once."""
