"""Settings of protocols."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ProtocolSettings"]


@dataclass(frozen=True, slots=True)
class ProtocolSettings:
    """How far the protocols look."""

    http_body_bytes: int = 16384
    """Bytes of each HTTP body, after unpacking, that rules can see."""
    recognition_bytes: int = 2048
    """Bytes of each direction in which a flow's protocol must show itself."""
    mask_passwords: bool = True
    """Write `<hidden>` for passwords in FTP, HTTP Basic and their like."""
    file_hash_bytes: int = 4_194_304
    """The longest file whose content is hashed (MD5, SHA-1); 0 hashes none."""
