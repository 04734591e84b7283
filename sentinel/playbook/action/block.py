"""Block and unblock an address by asking the gatekeeper."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.guard import Guard
from sentinel.store import StoreError
from sentinel.text import Message

__all__ = ["Block", "Unblock"]


class Block(Act):
    """Packets from and to an address are dropped for some seconds; then the kernel lifts the block by itself."""

    name = "block"
    parameters = {"address": Parameter("ip-addr"), "seconds": Parameter("integer")}

    def __init__(self, gatekeeper: Path, guard: Guard) -> None:
        self._gatekeeper = gatekeeper
        self._guard = guard

    async def act(self, call: Call) -> Result:
        """Guarded addresses fail here, before anybody with rights hears of them."""
        address = call.arguments["address"]
        try:
            refusal = await asyncio.to_thread(self._guard.refusal, address)
        except (OSError, StoreError) as error:
            raise ActionFailed(Message("playbook.guard-blind", address=address, reason=error)) from error
        if refusal:
            raise ActionFailed(refusal)
        await _ask(
            self._gatekeeper, {"verb": "block", "address": address, "seconds": call.arguments["seconds"]}
        )
        return Result({"address": address})


class Unblock(Act):
    """Lift a block; one that is not there is as good as lifted."""

    name = "unblock"
    parameters = {"address": Parameter("ip-addr")}

    def __init__(self, gatekeeper: Path) -> None:
        self._gatekeeper = gatekeeper

    async def act(self, call: Call) -> Result:
        await _ask(self._gatekeeper, {"verb": "unblock", "address": call.arguments["address"]})
        return Result({"address": call.arguments["address"]})


async def _ask(path: Path, request: dict[str, Any]) -> None:
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
    except (OSError, ValueError) as error:
        raise ActionFailed(Message("playbook.no-gatekeeper", path=path, reason=error)) from error
    if not answer.get("ok"):
        raise ActionFailed(Message("playbook.gatekeeper-refused", reason=answer.get("error", "?")))
