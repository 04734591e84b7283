"""SSH key exchange messages: algorithm lists, what two lists agree on, and HASSH."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5

__all__ = ["KexInit", "agreed", "agreed_both_ways", "string_at"]

_FAILED = "Algorithm negotiation failed"


def string_at(data: bytes, at: int) -> bytes | None:
    """An SSH `string` (RFC 4251 section 5) at `at`, or None where it is cut."""
    if at + 4 > len(data):
        return None
    end = at + 4 + int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : end] if end <= len(data) else None


@dataclass(frozen=True, slots=True)
class KexInit:
    """SSH_MSG_KEXINIT (RFC 4253 section 7.1): name lists as sent, comma-separated."""

    kex: str
    host_key: str
    cipher_to_server: str
    cipher_to_client: str
    mac_to_server: str
    mac_to_client: str
    compression_to_server: str
    compression_to_client: str

    @classmethod
    def parse(cls, payload: bytes) -> KexInit | None:
        """Read the payload, its message number 20 first."""
        at, lists = 17, []
        for _ in range(8):
            value = string_at(payload, at)
            if value is None:
                return None
            lists.append(value.decode("ascii", "backslashreplace"))
            at += 4 + len(value)
        return cls(*lists)

    def hassh(self) -> str:
        """Fingerprint of a client's offer."""
        return _digest(self.kex, self.cipher_to_server, self.mac_to_server, self.compression_to_server)

    def hassh_server(self) -> str:
        """Fingerprint of a server's offer."""
        return _digest(self.kex, self.cipher_to_client, self.mac_to_client, self.compression_to_client)


def _digest(*lists: str) -> str:
    return md5(";".join(lists).encode("latin-1", "replace"), usedforsecurity=False).hexdigest()


def agreed(client: str, server: str) -> str:
    """The client's first name that the server has too (RFC 4253 section 7.1)."""
    theirs = frozenset(server.split(","))
    return next((name for name in client.split(",") if name and name in theirs), _FAILED)


def agreed_both_ways(client: tuple[str, str], server: tuple[str, str]) -> str:
    """Agreement to server and to client; both are told where they differ, as Zeek does."""
    to_server, to_client = agreed(client[0], server[0]), agreed(client[1], server[1])
    return to_server if to_server == to_client else f"To server: {to_server}, to client: {to_client}"
