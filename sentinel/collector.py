"""Python's cycle collector, made to look rarely: events, alerts and detectors' entries end by reference count."""

from __future__ import annotations

import gc

__all__ = ["relax_collector"]


def relax_collector() -> None:
    """For the whole process, once all that lasts is loaded. It halves what the detectors cost the agent."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
