"""IKE v1 and v2 (RFC 2409, 7296) on ports 500 and 4500: who builds an IPsec tunnel with whom."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.ike import Ike as IkeEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Ike"]

MAX_OPEN: Final = 64
MAX_VENDORS: Final = 16
MAX_DATAGRAMS: Final = 256

_HEAD: Final = 28
_NO_ESP: Final = bytes(4)
"""Before IKE where it shares a port with ESP (RFC 3948 section 2.2)."""
_EXCHANGES: Final = {
    1: {
        0: "none",
        1: "base",
        2: "main_mode",
        3: "authentication_only",
        4: "aggressive_mode",
        5: "informational",
        6: "transaction",
        32: "quick_mode",
        33: "new_group_mode",
    },
    2: {
        34: "ike_sa_init",
        35: "ike_auth",
        36: "create_child_sa",
        37: "informational",
        38: "ike_session_resume",
        43: "ike_intermediate",
    },
}
_VENDOR_ID: Final = {1: 13, 2: 43}
_ENCRYPTED: Final = {1: -1, 2: 46}


def _head(data: bytes) -> int | None:
    """Where the IKE message in a datagram begins."""
    if _is_head(data, 0):
        return 0
    return 4 if data[:4] == _NO_ESP and _is_head(data, 4) else None


def _is_head(data: bytes, at: int) -> bool:
    if len(data) < at + _HEAD or data[at + 17] not in (0x10, 0x20):
        return False
    if data[at + 18] not in _EXCHANGES[data[at + 17] >> 4] or not any(data[at : at + 8]):
        return False
    return int.from_bytes(data[at + 24 : at + 28], "big") == len(data) - at


def _vendors(data: bytes, at: int, version: int) -> list[str]:
    """Vendor ids in the payloads of a message in clear."""
    found: list[str] = []
    kind, here = data[at + 16], at + _HEAD
    if version == 1 and data[at + 19] & 1:
        return found  # encrypted
    while kind and kind != _ENCRYPTED[version] and here + 4 <= len(data) and len(found) < MAX_VENDORS:
        size = data[here + 2] << 8 | data[here + 3]
        if size < 4 or here + size > len(data):
            break
        if kind == _VENDOR_ID[version]:
            value = data[here + 4 : here + min(size, 68)]
            text = value.decode("ascii", "replace")
            found.append(text if text.isascii() and text.isprintable() and len(text) > 3 else value.hex())
        kind, here = data[here], here + size
    return found


class Ike(Analyzer):
    """One pair of peers; it may negotiate many times."""

    __slots__ = ("_datagrams", "_known", "_open")

    service: ClassVar[str] = "ike"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._open: dict[bytes, IkeEvent] = {}
        """Negotiations that nobody answered yet, by the initiator's SPI."""
        self._known: dict[bytes, None] = {}
        """Those told already."""
        self._datagrams = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A head with a version and an exchange that exist, and the datagram's length."""
        return _head(data) is not None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        self._datagrams += 1
        at = _head(data)
        if at is not None:
            self._message(data, at, ts)
        if self._datagrams > MAX_DATAGRAMS:
            self.finish(ts)

    def _message(self, data: bytes, at: int, ts: float) -> None:
        spi, answer = data[at : at + 8], data[at + 8 : at + 16]
        if spi in self._known:
            return
        version = data[at + 17] >> 4
        event = self._open.get(spi)
        if event is None:
            event = self._open[spi] = IkeEvent(
                ts=ts,
                **self.whose,
                version=f"{version}.0",
                exchange=_EXCHANGES[version][data[at + 18]],
                initiator_spi=spi.hex(),
            )
        vendors = [one for one in _vendors(data, at, version) if one not in (event.vendor_ids or ())]
        if vendors:
            event.vendor_ids = [*(event.vendor_ids or ()), *vendors][:MAX_VENDORS]
        if any(answer):
            event.responder_spi = answer.hex()
            self._tell(spi)
        elif len(self._open) > MAX_OPEN:
            self._tell(next(iter(self._open)))

    def _tell(self, spi: bytes) -> None:
        self.emit(self._open.pop(spi))
        self._known[spi] = None
        if len(self._known) > MAX_OPEN:
            del self._known[next(iter(self._known))]

    def finish(self, ts: float) -> None:
        """Tell what nobody answered."""
        for spi in list(self._open):
            self._tell(spi)
        self.done = True
