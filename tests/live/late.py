"""A capture worker whose consumer begins late: once the file `go` is there beside its rules."""

from __future__ import annotations

import time
from pathlib import Path

from sentinel.capture.worker import WorkerTask
from sentinel.live import LivePipeline, Send

__all__ = ["make_worker"]


def make_worker(task: WorkerTask, send: Send) -> LivePipeline:
    """What `sentinel.live.make_worker` makes, later."""
    while not (Path(task.config.root) / "go").exists():
        time.sleep(0.02)
    return LivePipeline(task, send)
