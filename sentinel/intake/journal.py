"""The journal of systemd, as `journalctl` writes it: a child that is started again where it stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from sentinel.intake.chunk import Chunk, Inlet, Report

__all__ = ["JournalSource"]

_LONGEST: Final = 1 << 22
_TOGETHER: Final = 500
_GATHER: Final = 0.2
_RETRY: Final = 5.0


class JournalSource:
    """Follows the journal; `positions` holds the cursor of an earlier life under `journal`."""

    def __init__(
        self,
        name: str,
        inlet: Inlet,
        report: Report,
        *,
        positions: Mapping[str, Mapping[str, Any]] | None = None,
        program: str = "journalctl",
        retry: float = _RETRY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.restarts = 0
        """How often the child had to be started again."""
        self._inlet = inlet
        self._report = report
        self._program = program
        self._retry = retry
        self._now = now
        self._cursor: str | None = (positions or {}).get("journal", {}).get("cursor")

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except OSError as error:
                self._report(self._program, error.strerror or str(error))
            self.restarts += 1
            await asyncio.sleep(self._retry)

    async def _follow(self) -> None:
        where = ["--after-cursor", self._cursor] if self._cursor else ["--lines", "0"]
        child = await asyncio.create_subprocess_exec(
            self._program,
            "--output=json",
            "--follow",
            "--quiet",
            "--no-pager",
            *where,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST,
        )
        assert child.stdout is not None and child.stderr is not None
        try:
            async with asyncio.TaskGroup() as tasks:
                words = tasks.create_task(child.stderr.read(_LONGEST))
                await self._read(child.stdout)
            if said := words.result().decode("utf-8", "replace").strip():
                self._report(self._program, said.splitlines()[-1][:200])
                if "cursor" in said:
                    self._cursor = None  # the journal was vacuumed past it
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _read(self, output: asyncio.StreamReader) -> None:
        lines: list[bytes] = []
        while True:
            try:
                async with asyncio.timeout(_GATHER if lines else None):
                    line = await output.readline()
            except TimeoutError:
                line = None
            except ValueError:
                self._report(self._program, f"> {_LONGEST} bytes")
                continue
            if line:
                lines.append(line)
            if lines and (not line or len(lines) >= _TOGETHER):
                self._cursor = _cursor(lines[-1]) or self._cursor
                position = {"cursor": self._cursor} if self._cursor else None
                await self._inlet.put(Chunk(self.name, "journal", lines, self._now(), position=position))
                lines = []
            if line == b"":
                return


def _cursor(line: bytes) -> str | None:
    try:
        cursor = json.loads(line).get("__CURSOR")
    except (ValueError, AttributeError):
        return None
    return cursor if isinstance(cursor, str) else None
