"""Settings of logs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IntakeSettings", "SourceSettings"]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One place that logs come from."""

    name: str
    """What events, notices and metrics call it."""
    kind: str
    """`file`, `udp`, `tcp`, `tls` or `journal`."""
    paths: tuple[str, ...] = ()
    """`file`: paths, with `*`, `?` and `**` for what varies."""
    from_start: bool = False
    """`file`: read what files hold already when they are first seen."""
    listen: str = "0.0.0.0"
    """`udp`, `tcp`, `tls`: address to listen on."""
    port: int = 514
    """`udp`, `tcp`, `tls`: port to listen on; 0 takes any."""
    certificate: str = ""
    """`tls`: file of the server's certificate chain (PEM)."""
    key: str = ""
    """`tls`: file of its key (PEM)."""
    authority: str = ""
    """`tls`: file of the authority whose certificates senders must have; empty asks for none."""
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
