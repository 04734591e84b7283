"""Settings of logs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IntakeSettings"]


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Which logs are read, and what is assumed of them."""

    zone: str = "Asia/Shanghai"
    """IANA name of the zone of stamps that name none."""
    formats: tuple[str, ...] = ()
    """Folders (searched for *.yaml) of the site's own formats."""
