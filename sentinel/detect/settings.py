"""Settings of the detectors."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DetectSettings", "GuessingSettings", "ScanSettings"]


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Hosts and ports tried without success; Zeek's figures where it has some."""

    ports: int = 15
    """Ports of one host within `window`."""
    hosts: int = 25
    """Hosts on one port within `window`."""
    distant_hosts: int = 100
    """The same where the hosts are not ours: a client cut off from the Internet tries many."""
    window: float = 300.0
    """Seconds."""
    slow_ports: int = 40
    """Ports of one host within `slow_window`."""
    slow_hosts: int = 60
    """Hosts on one port within `slow_window`."""
    slow_window: float = 12 * 3600.0
    """Seconds."""
    stealth_ports: int = 3
    """Ports asked with packets that no connection begins with, within `window`."""


@dataclass(frozen=True, slots=True)
class GuessingSettings:
    """Failed log-ins of one host on one service of another."""

    failures: int = 10
    """Within `window`."""
    window: float = 300.0
    """Seconds."""
    slow_failures: int = 40
    """Within `slow_window`."""
    slow_window: float = 6 * 3600.0
    """Seconds."""
    success_within: float = 1800.0
    """Seconds after guessing in which a log-in counts as its fruit."""


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """Which detectors run, what they may keep, and whom they excuse."""

    disabled: tuple[str, ...] = ()
    """Names of detectors that do not run."""
    max_entries: int = 20_000
    """Entries of each detector's table at most."""
    quiet: float = 3600.0
    """Seconds in which a detector does not tell the same again."""
    authorised_scanners: tuple[str, ...] = ()
    """Networks of vulnerability scanners and monitoring: they may scan, sweep and try passwords."""
    shared_hosts: tuple[str, ...] = ()
    """Networks of proxies, address translation and resolvers: one address stands for many people."""
    scan: ScanSettings = ScanSettings()
    guessing: GuessingSettings = GuessingSettings()
