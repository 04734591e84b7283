"""Blocks of memory for the bytes of capture files, used again once their batches are released."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "BlockPool"]

_MAX_IDLE: Final = 2


class BlockPool:
    """Hands out blocks of one size. Fresh memory costs more than reading a file into it, so few are made."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[NDArray[np.uint8]] = []

    def take(self) -> Block:
        """A block that no batch uses; its bytes are of any value."""
        memory = self._idle.pop() if self._idle else np.empty(self._size, np.uint8)
        return Block(memory, self)

    def give_back(self, memory: NDArray[np.uint8]) -> None:
        """Keep the memory for the next `take`."""
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(memory)


class Block:
    """Memory with a count of those who use it; blocks whose users never let go are simply collected."""

    def __init__(self, memory: NDArray[np.uint8], pool: BlockPool) -> None:
        self.memory = memory
        self._pool = pool
        self._users = 1

    def hold(self) -> None:
        """One user more."""
        self._users += 1

    def let_go(self) -> None:
        """One user less; the last one gives the memory back."""
        self._users -= 1
        if not self._users:
            self._pool.give_back(self.memory)
