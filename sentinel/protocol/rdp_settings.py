"""What both sides of a Remote Desktop connection tell of themselves (MS-RDPBCGR sections 2.2.1.3 and 2.2.1.4).

The settings are blocks of a type, a length and fields inside a GCC conference, behind `Duca` (client) or `McDn`
(server). Everything is little-endian.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

__all__ = ["ClientSettings", "ServerSettings"]

_CLIENT, _SERVER = b"Duca", b"McDn"
_CS_CORE, _CS_NET = 0xC001, 0xC003
_SC_SECURITY = 0x0C02
_MAX_BLOCKS: Final = 32
MAX_CHANNELS: Final = 31
"""MS-RDPBCGR section 2.2.1.3.4."""
MAX_CERTIFICATES: Final = 16
_WANT_32_BITS: Final = 2


def _blocks(data: bytes, key: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, content after the head) of each block behind `key`."""
    at = data.find(key)
    if at < 0:
        return
    at += 4
    at += 2 if data[at : at + 1] >= b"\x80" else 1  # PER length (X.691)
    for _ in range(_MAX_BLOCKS):
        if at + 4 > len(data):
            return
        kind, length = unpack_from("<HH", data, at)
        if length < 4:
            return
        yield kind, data[at + 4 : at + length]
        at += length


def _utf16(raw: bytes) -> str:
    return raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\x00")[0]


@dataclass(slots=True)
class ClientSettings:
    """What the client is and wants."""

    width: int
    """Pixels."""
    height: int
    keyboard_layout: int
    build: int
    name: str
    high_color_depth: int | None = None
    """Bits a pixel."""
    wants_32_bits: bool = False
    product_id: str | None = None
    channels: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes) -> ClientSettings | None:
        """The settings in an MCS Connect Initial, or None where there are none."""
        found: ClientSettings | None = None
        channels: list[str] = []
        for kind, block in _blocks(data, _CLIENT):
            if kind == _CS_CORE and len(block) >= 52:
                found = cls._core(block)
            elif kind == _CS_NET and len(block) >= 4:
                count = min(unpack_from("<I", block)[0], MAX_CHANNELS, (len(block) - 4) // 12)
                for place in range(count):
                    name = block[4 + 12 * place : 12 + 12 * place].partition(b"\x00")[0]
                    channels.append(name.decode("latin-1"))
        if found is not None:
            found.channels = channels
        return found

    @classmethod
    def _core(cls, block: bytes) -> ClientSettings:
        """TS_UD_CS_CORE; older clients send less of it."""
        width, height = unpack_from("<HH", block, 4)
        layout, build = unpack_from("<II", block, 12)
        found = cls(width, height, layout, build, _utf16(block[20:52]))
        if len(block) >= 138:
            found.high_color_depth = unpack_from("<H", block, 136)[0]
        if len(block) >= 142:
            found.wants_32_bits = bool(unpack_from("<H", block, 140)[0] & _WANT_32_BITS)
        if len(block) >= 206:
            found.product_id = _utf16(block[142:206])
        return found


@dataclass(slots=True)
class ServerSettings:
    """What the server decided."""

    result: int | None
    """Of the GCC conference; 0 is success."""
    encryption_method: int | None = None
    encryption_level: int | None = None
    certificate_type: int | None = None
    """1: a key signed in Microsoft's own way; 2: X.509."""
    permanent: bool | None = None
    certificates: list[bytes] = field(default_factory=list)
    """DER, the issuer's first as they are sent."""

    @classmethod
    def read(cls, data: bytes) -> ServerSettings | None:
        """The settings in an MCS Connect Response, or None where there are none."""
        at = data.find(_SERVER)
        if at < 4:
            return None
        found = cls(data[at - 4])
        for kind, block in _blocks(data, _SERVER):
            if kind == _SC_SECURITY and len(block) >= 8:
                found.encryption_method, found.encryption_level = unpack_from("<II", block)
                if len(block) >= 16:
                    random_size = unpack_from("<I", block, 8)[0]
                    found._certificate(block[16 + random_size :])
        return found

    def _certificate(self, blob: bytes) -> None:
        """MS-RDPBCGR section 2.2.1.4.3.1."""
        if len(blob) < 8:
            return
        version, count = unpack_from("<II", blob)
        self.certificate_type = version & 0x7FFF_FFFF
        self.permanent = not version & 0x8000_0000
        if self.certificate_type != 2:
            return
        at = 8
        for _ in range(min(count, MAX_CERTIFICATES)):
            if at + 4 > len(blob):
                return
            size = unpack_from("<I", blob, at)[0]
            if at + 4 + size > len(blob):
                return
            self.certificates.append(blob[at + 4 : at + 4 + size])
            at += 4 + size
