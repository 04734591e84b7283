"""Run a script of the declared folder, with arguments of declared forms."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.declared import declared_arguments
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.settings import ScriptSettings
from sentinel.text import Message

__all__ = ["Script"]

_MOST = 64 << 10
"""Bytes of output that are kept."""


class Script(Act):
    """Starts the program itself with a list of arguments; no shell reads them."""

    name = "script"
    parameters = {"script": Parameter("string"), "arguments": Parameter("list", False)}

    def __init__(self, folder: Path | None, scripts: Mapping[str, ScriptSettings]) -> None:
        self._folder = folder
        self._scripts = scripts

    async def act(self, call: Call) -> Result:
        """`status` and `output` for `save`; a status other than 0 is a failure."""
        program, arguments = self._declared(call.arguments["script"], call.arguments.get("arguments") or [])
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "SENTINEL_RUN": call.run,
            "SENTINEL_STEP": call.key,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT, env=environment, cwd=program.parent, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ActionFailed(Message("playbook.exit", status="-", words=error)) from error
        try:
            output = await _read(process)
            status = await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        words = output.decode("utf-8", "replace")
        if status:
            raise ActionFailed(Message("playbook.exit", status=status, words=words[-300:].strip()))
        return Result({"status": status, "output": words})

    def _declared(self, name: str, arguments: list[Any]) -> tuple[Path, list[str]]:
        declared = self._scripts.get(name)
        program = self._folder / name if self._folder is not None else None
        if declared is None or program is None or not os.access(program, os.X_OK) or not program.is_file():
            raise ActionFailed(Message("playbook.no-script", name=name))
        return program.resolve(), declared_arguments(name, declared.arguments, arguments)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    """All output, of which the beginning is kept."""
    assert process.stdout is not None
    kept = b""
    while part := await process.stdout.read(1 << 14):
        kept = (kept + part)[:_MOST]
    return kept
