"""Whole programs, measured from outside: processor time and peak memory on one core."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Run", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took."""

    seconds: float
    """Of processor time, its own and the kernel's for it."""
    peak: int
    """Bytes of memory at its largest."""


def run(command: Sequence[str | Path], folder: Path, core: int = 0) -> Run:
    """Run a command in `folder` on one core. Raises `RuntimeError`, with what it said, where it fails."""
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said.read_text()[-2000:]}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
