"""DCE-RPC, connection-oriented (DCE 1.1 C706 chapter 12, MS-RPCE), over TCP: one event a call."""

from __future__ import annotations

from typing import ClassVar

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.dce_rpc_channel import RpcChannel
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["DceRpc"]

_CLIENT_SAYS = frozenset({0, 11, 14, 16, 18, 19})
_SERVER_SAYS = frozenset({2, 3, 12, 13, 15, 17})


class DceRpc(Analyzer):
    """Remote calls over one TCP connection: port 135, or whichever the endpoint mapper named."""

    service: ClassVar[str] = "dce_rpc"
    whole: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset({135})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({5})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._channel = RpcChannel(flow, emit, None)

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A PDU's head: version 5, a type that this side says, a data representation that exists."""
        if len(data) < 10:
            return None if b"\x05\x00".startswith(data[:2]) else False
        if data[0] != 5 or data[1] > 1 or data[2] not in (_CLIENT_SAYS if is_orig else _SERVER_SAYS):
            return False
        length = int.from_bytes(data[8:10], "little" if data[4] & 0x10 else "big")
        return data[4] in (0x00, 0x10) and data[5] <= 3 and data[6:8] == b"\0\0" and length >= 16

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        self._channel.feed(is_orig, data, ts)
        if self._channel.broken:
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole: reading goes on at a segment that begins a PDU."""
        self._channel.gap(is_orig, length)

    def finish(self, ts: float) -> None:
        """Tell calls that were not answered."""
        self._channel.finish()
        self.done = True
