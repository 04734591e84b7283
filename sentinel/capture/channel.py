"""The channel from a capture worker to the agent: length-prefixed frames on a Unix socket, never blocking capture."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from typing import Final

__all__ = ["MAX_FRAME", "FrameSender", "read_frame"]

_LENGTH: Final = struct.Struct("<I")
MAX_FRAME: Final = 64 << 20
"""Bytes; a longer frame is a broken worker."""


class FrameSender:
    """The worker's end. What the agent does not take waits, up to `limit` bytes; then events give way.

    `precious` frames (alerts, statistics) are kept up to four times that much.
    """

    def __init__(self, sock: socket.socket, limit: int = 64 << 20) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._limit = limit
        self._waiting: deque[tuple[bool, bytes]] = deque()
        self._bytes = 0
        self._partial = b""
        self.dropped = 0
        """Frames given up because the agent was too slow."""

    def send(self, frame: bytes, precious: bool = False) -> None:
        """Hand a frame over, at once or later. Raises `BrokenPipeError` when the agent is gone."""
        self._waiting.append((precious, _LENGTH.pack(len(frame)) + frame))
        self._bytes += len(frame)
        self.flush()
        if self._bytes > self._limit:
            self._make_room()

    def flush(self) -> bool:
        """Write what the socket takes now; True when nothing is left."""
        while self._partial or self._waiting:
            if not self._partial:
                _, self._partial = self._waiting.popleft()
                self._bytes -= len(self._partial) - _LENGTH.size
            try:
                sent = self._socket.send(self._partial)
            except BlockingIOError:
                return False
            self._partial = self._partial[sent:]
        return True

    def drain(self, seconds: float) -> bool:
        """Write everything, waiting at most so long; True when nothing is left."""
        deadline = time.monotonic() + seconds
        self._socket.settimeout(0.05)
        while not self.flush_blocking():
            if time.monotonic() > deadline:
                return False
        return True

    def flush_blocking(self) -> bool:
        """One try at writing everything with the socket's timeout."""
        try:
            return self.flush()
        except TimeoutError:
            return False

    def _make_room(self) -> None:
        kept: deque[tuple[bool, bytes]] = deque()
        for precious, frame in self._waiting:
            if self._bytes > (4 * self._limit if precious else self._limit):
                self._bytes -= len(frame) - _LENGTH.size
                self.dropped += 1
            else:
                kept.append((precious, frame))
        self._waiting = kept


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The agent's end: the next frame, None at the end. Raises `ValueError` for an absurd length."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME:
            raise ValueError(f"frame of {length} bytes")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
