"""IP reassembly (RFC 791 §3.2, RFC 8200 §4.5): fragments in, whole datagrams out. First bytes win.

Fragments are rare, so this is plain Python; hostile ones are many, so all of it is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from sentinel.decode.oddity import Oddity
from sentinel.decode.packet import FragmentFlag
from sentinel.decode.settings import DecodeSettings

__all__ = ["Reassembler"]

_MOST: Final = 65535
"""Bytes of the largest IP datagram."""
_MORE: Final = int(FragmentFlag.MORE)
_MOST_ODDITIES: Final = 1024
"""Oddities kept until they are taken."""


class _Datagram:
    """One datagram under reassembly."""

    __slots__ = ("bytes", "filled", "first", "header", "length", "missing")

    def __init__(self, first: int) -> None:
        self.first = first
        self.header = b""
        self.bytes = bytearray()
        self.filled = bytearray()
        self.length = -1
        self.missing = 0

    def put(self, start: int, piece: bytes) -> str | None:
        """Add a piece where nothing is yet; the name of what is odd about it."""
        end = start + len(piece)
        if len(self.bytes) < end:
            grown = end - len(self.bytes)
            self.bytes += bytes(grown)
            self.filled += bytes(grown)
            self.missing += grown
        held = self.filled[start:end]
        if not any(held):
            self.bytes[start:end] = piece
            self.filled[start:end] = b"\1" * len(piece)
            self.missing -= len(piece)
            return None
        odd = "fragment_overlap"
        for place, (new, there) in enumerate(zip(piece, held, strict=True), start):
            if not there:
                self.bytes[place] = new
                self.filled[place] = 1
                self.missing -= 1
            elif self.bytes[place] != new:
                odd = "fragment_inconsistency"
        return odd

    @property
    def whole(self) -> bool:
        return self.length >= 0 and self.missing == 0 and len(self.bytes) >= self.length and bool(self.header)


class Reassembler:
    """All datagrams under reassembly. Driven by packet time."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._most = settings.max_fragmented
        self._timeout = int(settings.fragment_timeout * 1e9)
        self._waiting: OrderedDict[tuple[int, ...], _Datagram] = OrderedDict()
        self.oddities: list[Oddity] = []
        self.given_up = 0
        """Datagrams that timed out or gave way."""

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, row: Any, data: Any) -> bytes | None:
        """Take a fragment's row; the whole IP packet (header without fragment fields) once it is complete."""
        ts = int(row["ts"])
        self._expire(ts)
        key = tuple(
            int(row[name])
            for name in ("src_hi", "src_lo", "dst_hi", "dst_lo", "proto", "fragment_id", "vlan", "inner_vlan")
        )
        start, at = int(row["fragment_offset"]), int(row["payload"])
        piece = bytes(data[at : at + int(row["payload_len"])])
        if len(piece) < int(row["payload_wire"]):
            self._odd("truncated_fragment", row)
            return None
        if start + len(piece) > _MOST:
            self._odd("excessively_large_fragment", row)
            self._waiting.pop(key, None)
            return None
        datagram = self._waiting.get(key)
        if datagram is None:
            datagram = self._waiting[key] = _Datagram(ts)
            if len(self._waiting) > self._most:
                self._waiting.popitem(last=False)
                self.given_up += 1
        if odd := datagram.put(start, piece):
            self._odd(odd, row)
        if not row["fragment"] & _MORE:
            if 0 <= datagram.length != start + len(piece):
                self._odd("fragment_size_inconsistency", row)
            else:
                datagram.length = start + len(piece)
        if start == 0 and not datagram.header:
            network = int(row["network"])
            datagram.header = bytes(data[network : network + (40 if row["ip_version"] == 6 else 60)])
        if not datagram.whole:
            return None
        del self._waiting[key]
        payload = bytes(datagram.bytes[: datagram.length])
        if row["ip_version"] == 6:
            return _whole_v6(datagram.header, int(row["proto"]), payload)
        return _whole_v4(datagram.header, payload)

    def _expire(self, now: int) -> None:
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if now - oldest.first <= self._timeout:
                return
            self._waiting.popitem(last=False)
            self.given_up += 1

    def _odd(self, name: str, row: Any) -> None:
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(
                Oddity(
                    name,
                    int(row["ts"]),
                    int(row["src_hi"]),
                    int(row["src_lo"]),
                    int(row["dst_hi"]),
                    int(row["dst_lo"]),
                    f"id {int(row['fragment_id'])}",
                )
            )


def _whole_v4(header: bytes, payload: bytes) -> bytes:
    length = (header[0] & 15) * 4
    total = min(length + len(payload), _MOST)
    whole = bytearray(header[:length])
    whole[2:4] = total.to_bytes(2, "big")
    whole[6:8] = b"\0\0"
    whole[10:12] = b"\0\0"
    whole[10:12] = _checksum(whole).to_bytes(2, "big")
    return bytes(whole) + payload[: total - length]


def _whole_v6(header: bytes, protocol: int, payload: bytes) -> bytes:
    whole = bytearray(header[:40])
    whole[4:6] = len(payload).to_bytes(2, "big")
    whole[6] = protocol
    return bytes(whole) + payload


def _checksum(header: bytearray) -> int:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
