"""`ssh`: one SSH connection (Zeek's ssh.log, with HASSH)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ssh"]


class Ssh(FlowEvent, kw_only=True):
    """One SSH connection: told once a log-in succeeded, or when the connection ends."""

    kind: ClassVar[str] = "ssh"

    version: int | None = None
    """1 or 2; absent where the sides do not agree or one is unseen."""
    auth_success: bool | None = None
    """Inferred from the sizes of encrypted packets; absent where unknown."""
    auth_attempts: int
    """Log-ins tried, inferred likewise."""
    direction: str | None = None
    """`INBOUND` or `OUTBOUND` between private and public addresses."""
    client: str | None = None
    """The client's version line."""
    server: str | None = None
    cipher_alg: str | None = None
    mac_alg: str | None = None
    compression_alg: str | None = None
    kex_alg: str | None = None
    host_key_alg: str | None = None
    host_key: str | None = None
    """MD5 fingerprint of the server's key."""
    host_key_fingerprint: str | None = None
    """SHA-256 fingerprint of the server's key as Zeek writes it: 32 of `ssh-keygen -l`'s 43 digits."""
    hassh: str | None = None
    """HASSH of the client (https://github.com/salesforce/hassh)."""
    hassh_server: str | None = None
