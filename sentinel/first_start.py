"""The first start with new sources: two processes compile the kernels at once, which halves the wait."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import numpy as np

from sentinel.decode.decoder import Decoder
from sentinel.decode.packet import PACKET
from sentinel.decode.settings import DecodeSettings
from sentinel.flow.settings import FlowSettings
from sentinel.flow.table import FlowTable
from sentinel.flow.transcript import Scribe

__all__ = ["compile_kernels"]

_LONGEST: Final = 120.0
"""Seconds to wait for the other process; what it did not do is compiled where it is needed."""


def compile_kernels() -> None:
    """Fill an empty kernel cache; where it is full already, or there is none, nothing happens.

    Of several workers that start at once the first does it, and the others wait.
    """
    folder = os.environ.get("NUMBA_CACHE_DIR")
    if not folder:
        return
    with _alone(Path(folder)):
        if next(Path(folder).glob("**/*.nbi"), None) is None:
            with _beside("from sentinel.first_start import compile_decoder; compile_decoder()"):
                compile_flows()


def compile_decoder() -> None:
    """Have the decoder's kernels compiled, by a frame that is none."""
    frame = {name: np.zeros(1, dtype) for name, dtype in _COLUMNS.items()}
    Decoder(DecodeSettings()).decode(SimpleNamespace(data=np.zeros(64, np.uint8), **frame))


def compile_flows() -> None:
    """Have the flow table's kernels compiled, by a packet that belongs to no flow."""
    table = FlowTable(FlowSettings(max_flows=1024))
    scribe = Scribe(table, tail=0)
    nothing = np.zeros(1, np.uint8)
    for steps in (table.process(np.zeros(1, PACKET), nothing, nothing), table.finish()):
        for step in steps:
            scribe.write(step)


_COLUMNS: Final = {
    "offset": np.int64,
    "caplen": np.int32,
    "wirelen": np.int32,
    "ts": np.int64,
    "linktype": np.uint16,
    "vlan": np.int32,
}
"""Of a batch."""


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process is in here for this folder, unless it cannot be locked."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _beside(code: str) -> Iterator[None]:
    """Run `code` in another interpreter during the block, and wait for it. It may fail: it only saves time."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        process = subprocess.Popen((sys.executable, "-c", code), **quiet)  # type: ignore[call-overload]
    except OSError:
        yield
        return
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LONGEST)
    finally:
        process.kill()
        process.wait()
