"""TFTP requests (RFC 1350, options of RFC 2347)."""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.tftp import Tftp as TftpEvent
from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.lines import printable

__all__ = ["Tftp"]

_MODES: Final = frozenset({b"netascii", b"octet", b"mail"})
MAX_NAME: Final = 512


def _request(data: bytes) -> tuple[bytes, bytes] | None:
    """File name and mode of a read or write request."""
    if data[:2] not in (b"\x00\x01", b"\x00\x02"):
        return None
    name, _, rest = data[2 : MAX_NAME + 20].partition(b"\x00")
    mode, ended, _ = rest.partition(b"\x00")
    if (
        not name
        or len(name) > MAX_NAME
        or not ended
        or mode.lower() not in _MODES
        or name.translate(None, _CONTROL) != name
    ):
        return None
    return name, mode.lower()


_CONTROL: Final = bytes(range(0x20)) + b"\x7f"


class Tftp(Analyzer):
    """Requests of one client port."""

    __slots__ = ()

    service: ClassVar[str] = "tftp"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({69})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A request with a file name and a mode that exists."""
        return is_orig and _request(data) is not None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        found = _request(data) if is_orig else None
        if found is not None:
            name, mode = found
            self.emit(
                TftpEvent(
                    ts=ts,
                    **self.whose,
                    wrq=data[1] == 2,
                    fname=printable(name),
                    mode=mode.decode("ascii"),
                )
            )
