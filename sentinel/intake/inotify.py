"""inotify(7): wakes whoever waits when something changes in a folder. Without it, waiting is all there is."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["Inotify"]

_MODIFY: Final = 0x2
_MOVED: Final = 0x40 | 0x80
_CREATE: Final = 0x100
_DELETE: Final = 0x200
_ONLY_FOLDERS: Final = 0x01000000
_FLAGS: Final = os.O_NONBLOCK | os.O_CLOEXEC


class Inotify:
    """Watches folders. `async with` opens and closes it; where the system has none left, `wait` only waits."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = -1
        self._watched: set[Path] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Inotify:
        try:
            self._file = self._libc.inotify_init1(_FLAGS)
        except AttributeError:
            self._file = -1
        if self._file >= 0:
            asyncio.get_running_loop().add_reader(self._file, self._read)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._file >= 0:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
            self._file = -1

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch these folders too; one that is not there (yet) is passed over."""
        if self._file < 0:
            return
        flags = _MODIFY | _MOVED | _CREATE | _DELETE | _ONLY_FOLDERS
        for folder in folders:
            if folder not in self._watched:
                watch = self._libc.inotify_add_watch(self._file, os.fsencode(folder), flags)
                if watch >= 0:
                    self._watched.add(folder)

    async def wait(self, seconds: float) -> None:
        """Return at the next change, at once if there was one since the last call, else after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def _read(self) -> None:
        try:
            while os.read(self._file, 65536):
                self._changed.set()
        except BlockingIOError:
            pass
        except OSError:
            self._changed.set()
