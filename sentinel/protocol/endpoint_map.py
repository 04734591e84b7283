"""What a server's endpoint mapper (C706 appendix L; port 135) said: which port speaks which interface.

A connection to such a port is understood even where its binding was not seen. Known for all flows of a worker.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from sentinel.protocol.analyzer import Endpoints

__all__ = ["EndpointMap", "mapped_interface", "mapped_port"]

MAX_ENTRIES: Final = 4096

_INTERFACE_FLOOR: Final = b"\x13\x00\x0d"
_TCP_FLOOR: Final = b"\x01\x00\x07\x02\x00"


class EndpointMap:
    """Interfaces by (server's address, TCP port); the oldest go first."""

    def __init__(self) -> None:
        self._interfaces: OrderedDict[tuple[str, int], str] = OrderedDict()

    @classmethod
    def of(cls, flow: Endpoints) -> EndpointMap:
        """The map that all flows share."""
        found: EndpointMap | None = flow.shared.get("dce_rpc")
        if found is None:
            found = flow.shared["dce_rpc"] = cls()
        return found

    def interface_at(self, address: str, port: int) -> str | None:
        """UUID of the interface there, if it was asked for."""
        return self._interfaces.get((address, port))

    def learn(self, address: str, port: int, uuid: str) -> None:
        """The mapper at `address` answered that `uuid` is spoken at `port`."""
        self._interfaces[address, port] = uuid
        self._interfaces.move_to_end((address, port))
        if len(self._interfaces) > MAX_ENTRIES:
            self._interfaces.popitem(last=False)


def mapped_interface(stub: bytes) -> str | None:
    """UUID asked for in the parameters of `ept_map`: the first floor of its protocol tower (C706 appendix L)."""
    at = stub.find(_INTERFACE_FLOOR)
    raw = stub[at + 3 : at + 19]
    return str(UUID(bytes_le=raw)) if at >= 0 and len(raw) == 16 else None


def mapped_port(stub: bytes) -> int | None:
    """TCP port in the answer of `ept_map`: the tower's floor for TCP."""
    at = stub.find(_TCP_FLOOR)
    raw = stub[at + 5 : at + 7]
    return int.from_bytes(raw, "big") or None if at >= 0 and len(raw) == 2 else None
