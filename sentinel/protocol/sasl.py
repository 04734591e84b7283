"""What SASL says about who logs in (RFC 4616 PLAIN, and LOGIN)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

from sentinel.protocol.lines import printable

__all__ = ["SaslUser"]

MAX_NAME: Final = 256


class SaslUser:
    """Follows one exchange: give it the client's answers in order, read `name`. Passwords are not kept."""

    __slots__ = ("_mechanism", "name")

    def __init__(self, mechanism: bytes) -> None:
        self._mechanism = mechanism.upper()
        self.name: str | None = None
        """Once it is known."""

    @property
    def mechanism(self) -> str:
        """`PLAIN`, `LOGIN`, `SCRAM-SHA-256` …"""
        return printable(self._mechanism[:32])

    def answer(self, line: bytes) -> None:
        """One line of the client, base64."""
        if self.name is not None:
            return
        try:
            datum = b64decode(line[:1024], validate=True)
        except (binascii.Error, ValueError):
            return
        if self._mechanism == b"PLAIN":
            fields = datum.split(b"\x00")
            name = fields[1] if len(fields) > 2 else b""
        elif self._mechanism == b"LOGIN":
            name = datum
        elif self._mechanism.startswith(b"SCRAM-") and b",n=" in datum:
            name = datum.partition(b",n=")[2].partition(b",")[0]  # RFC 5802 section 7
        else:
            return
        self.name = printable(name[:MAX_NAME]) or None
