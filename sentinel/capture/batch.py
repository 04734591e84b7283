"""The batch: a block of raw frames and columns over it. What every packet source yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batch"]


def _nothing_to_release() -> None:
    pass


@dataclass(slots=True)
class Batch:
    """Frames of one source in the order of capture. All columns have one length, the number of frames."""

    data: NDArray[np.uint8]
    """The block that holds all frames' bytes (a file's chunk or a ring block); read only."""
    offset: NDArray[np.int64]
    """Where each frame starts in `data`."""
    caplen: NDArray[np.int32]
    """Bytes captured of each frame."""
    wirelen: NDArray[np.int32]
    """Bytes each frame had on the wire."""
    ts: NDArray[np.int64]
    """Time of capture, nanoseconds since 1970 UTC."""
    linktype: NDArray[np.uint16]
    """LINKTYPE_ value of each frame (https://www.tcpdump.org/linktypes.html): 1 is Ethernet."""
    vlan: NDArray[np.int32]
    """802.1Q tag control information that the kernel took out of the frame, -1 where there was none."""
    source: int = 0
    """Number of the source (interface) in the configuration's order."""
    release: Callable[[], None] = field(default=_nothing_to_release)
    """Gives the block back to its ring; `data` is invalid afterwards."""

    def __len__(self) -> int:
        return len(self.offset)
