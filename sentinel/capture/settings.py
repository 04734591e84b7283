"""Settings of capture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CaptureSettings"]


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Where live packets come from."""

    enabled: bool = True
    interfaces: tuple[str, ...] = ()
    """Names; empty means the interface of the default route."""
    filter: str = ""
    """BPF expression as for tcpdump; empty takes all."""
    promiscuous: bool = True
    workers: int = 1
    """Child processes per interface; more than one share it by PACKET_FANOUT hash."""
    block_size: int = 512 << 10
    """Bytes of one ring block."""
    blocks: int = 256
    """Blocks of one worker's ring. Even a quiet wire fills one each `block_timeout`: so long may a worker stand still."""
    shed_above: float = 0.5
    """Share of the ring that is full above which connections that begin are only counted, not read; 1: never.

    Half-way from there to a full ring, those under way are given up too.
    """
    block_timeout: float = 0.1
    """Seconds after which the kernel hands over a block that is not full."""
    snaplen: int = 65535
    """Bytes kept of each frame."""
    restart_backoff: float = 1.0
    """Seconds before a dead worker is started again; doubled at each death."""
    restart_backoff_max: float = 60.0
