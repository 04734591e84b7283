"""`stratum`: a miner at its pool (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Stratum"]


class Stratum(FlowEvent, kw_only=True):
    """One step of a miner's log-in, or its first share."""

    kind: ClassVar[str] = "stratum"

    method: str
    """`mining.subscribe`, `mining.authorize`, `login`, `eth_submitLogin`, `mining.submit`, `submit` …; `job` where only
    the pool was heard."""
    worker: str | None = None
    """Wallet or account, and often the machine's name."""
    agent: str | None = None
    """The miner's name and version, as it says."""
    success: bool | None = None
    """What the pool answered."""
    error: str | None = None
    """The pool's words, where it refused."""
