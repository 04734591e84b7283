"""QUIC Initial packets: keys that everyone can derive, protection taken off, CRYPTO frames put together.

RFC 9001 section 5 (v1), RFC 9369 section 3.3 (v2), drafts 23 to 34.
"""

from __future__ import annotations

import hmac
from struct import pack
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

__all__ = ["CryptoStream", "InitialKeys", "crypto_frames", "version_name", "versions", "VERSION_2"]

VERSION_1: Final = 0x00000001
VERSION_2: Final = 0x6B3343CF
_SALT_23: Final = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_SALT_29: Final = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_1: Final = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SALT_2: Final = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")


def _salts() -> dict[int, bytes]:
    salts = {VERSION_1: _SALT_1, VERSION_2: _SALT_2}
    for draft in range(23, 35):
        salts[0xFF000000 | draft] = _SALT_23 if draft < 29 else _SALT_29 if draft < 33 else _SALT_1
    for build in (0x02, 0x0E):
        salts[0xFACEB000 | build] = _SALT_23
    for build in (0x11, 0x12, 0x13):
        salts[0xFACEB000 | build] = _SALT_29
    return salts


versions: Final = _salts()
"""Versions whose Initial packets can be read, with their salts; mvfst's builds stand on drafts 27 and 29."""


def version_name(version: int) -> str:
    """As in Zeek's quic.log."""
    if version == VERSION_1:
        return "1"
    if version == VERSION_2:
        return "quicv2"
    if version >> 8 == 0xFF0000 and version in versions:
        return f"draft-{version & 0xFF}"
    if version >> 12 == 0xFACEB:
        return f"mvfst ({version:x})"
    return f"unknown-{version:x}"


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1) of at most one block."""
    info = pack("!HB", length, 6 + len(label)) + b"tls13 " + label + b"\x00\x01"
    return hmac.digest(secret, info, "sha256")[:length]


class InitialKeys:
    """Keys of one side's Initial packets."""

    __slots__ = ("_gcm", "_iv", "_mask")

    def __init__(self, version: int, dcid: bytes, of_client: bool) -> None:
        """`version` is one of `versions`; `dcid` the destination of the client's first Initial."""
        initial = hmac.digest(versions[version], dcid, "sha256")
        secret = _expand(initial, b"client in" if of_client else b"server in", 32)
        prefix = b"quicv2 " if version == VERSION_2 else b"quic "
        self._gcm = AESGCM(_expand(secret, prefix + b"key", 16))
        self._iv = int.from_bytes(_expand(secret, prefix + b"iv", 12), "big")
        self._mask = Cipher(AES(_expand(secret, prefix + b"hp", 16)), ECB()).encryptor()

    def open(self, packet: bytes, number_at: int) -> bytes | None:
        """Frames of one whole packet, whose packet number stands at `number_at`; None if they cannot be read."""
        sample = packet[number_at + 4 : number_at + 20]
        if len(sample) < 16:
            return None
        mask = self._mask.update(sample)
        first = packet[0] ^ mask[0] & 0x0F
        end = number_at + (first & 3) + 1
        number = bytes(a ^ b for a, b in zip(packet[number_at:end], mask[1:], strict=False))
        header = bytes((first,)) + packet[1:number_at] + number
        nonce = (self._iv ^ int.from_bytes(number, "big")).to_bytes(12, "big")
        try:
            return self._gcm.decrypt(nonce, packet[end:], header)
        except (InvalidTag, ValueError):
            return None


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number (RFC 9000 section 16) at `at`, and where it ends. Raises IndexError where data ends first."""
    size = 1 << (data[at] >> 6)
    end = at + size
    if end > len(data):
        raise IndexError
    return int.from_bytes(data[at:end], "big") & (1 << (8 * size - 2)) - 1, end


MAX_ACK_RANGES: Final = 256


def crypto_frames(frames: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """(offset, data) of each CRYPTO frame of an Initial packet, and whether it closes the connection.

    Frames that an Initial may not hold end the reading (RFC 9000 section 17.2.2).
    """
    found: list[tuple[int, bytes]] = []
    at, size = 0, len(frames)
    try:
        while at < size:
            kind = frames[at]
            at += 1
            if kind == 0:  # PADDING
                at = size - len(frames[at:].lstrip(b"\x00"))
            elif kind == 1:  # PING
                continue
            elif kind in (2, 3):  # ACK
                at = _skip_ack(frames, at, kind == 3)
            elif kind == 6:
                offset, at = varint(frames, at)
                length, at = varint(frames, at)
                found.append((offset, frames[at : at + length]))
                at += length
            else:
                return found, kind == 0x1C
    except IndexError:
        pass
    return found, False


def _skip_ack(frames: bytes, at: int, counts: bool) -> int:
    _, at = varint(frames, at)
    _, at = varint(frames, at)
    ranges, at = varint(frames, at)
    for _ in range(1 + 2 * min(ranges, MAX_ACK_RANGES) + (3 if counts else 0)):
        _, at = varint(frames, at)
    return at


MAX_HELLO: Final = 0x4000 + 256
MAX_PIECES: Final = 64


class CryptoStream:
    """One side's first handshake message, from CRYPTO frames in any order."""

    __slots__ = ("_data", "_later", "whole")

    def __init__(self) -> None:
        self._data = bytearray()
        self._later: dict[int, bytes] = {}
        self.whole = False
        """The message is there: nothing more is taken."""

    def add(self, offset: int, data: bytes) -> bytes | None:
        """Take a piece; the message with its four-byte head once it is whole, one time."""
        if self.whole or offset + len(data) > MAX_HELLO:
            return None
        if offset > len(self._data):
            if len(self._later) < MAX_PIECES and len(self._later.get(offset, b"")) < len(data):
                self._later[offset] = data
            return None
        self._data += data[len(self._data) - offset :]
        while ready := [place for place in self._later if place <= len(self._data)]:
            for place in ready:
                self._data += self._later.pop(place)[len(self._data) - place :]
        if len(self._data) < 4 or len(self._data) < 4 + int.from_bytes(self._data[1:4], "big"):
            return None
        self.whole = True
        self._later.clear()
        return bytes(self._data[: 4 + int.from_bytes(self._data[1:4], "big")])
