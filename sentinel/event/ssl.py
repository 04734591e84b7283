"""`ssl`: one TLS, DTLS, SSL or TLCP handshake (Zeek's ssl.log, with JA3 and JA4)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ssl"]


class Ssl(FlowEvent, kw_only=True):
    """One handshake: written when it is established, or when its flow ends without."""

    kind: ClassVar[str] = "ssl"

    version: str | None = None
    """What the server chose: `TLSv12`, `TLSv13`, `TLCPv11` (GB/T 38636) …"""
    cipher: str | None = None
    """What the server chose, by its IANA name; TLCP's by GB/T 38636's."""
    curve: str | None = None
    """Group of the key exchange, where it can be seen."""
    server_name: str | None = None
    """SNI."""
    resumed: bool
    last_alert: str | None = None
    """Last alert seen in clear."""
    next_protocol: str | None = None
    """ALPN the server chose (in clear only up to TLS 1.2)."""
    established: bool
    """Did both sides go on to encrypted records?"""
    ssl_history: str | None = None
    """Zeek's letters, one a message in order; client's upper case, server's lower case."""
    cert_chain_fps: list[str] | None = None
    """SHA-256 of the server's certificates, in order."""
    client_cert_chain_fps: list[str] | None = None
    subject: str | None = None
    """Of the server's first certificate, RFC 2253 order."""
    issuer: str | None = None
    client_subject: str | None = None
    client_issuer: str | None = None
    sni_matches_cert: bool | None = None
    """Does the first certificate name the SNI?"""
    ja3: str | None = None
    """MD5 of the client's JA3 string (https://github.com/salesforce/ja3)."""
    ja3s: str | None = None
    ja4: str | None = None
    """The client's JA4 (https://github.com/FoxIO-LLC/ja4)."""
    tlcp_enc_cert_fp: str | None = None
    """TLCP: SHA-256 of the server's encryption certificate, second of its pair."""
    heartbleed: bool | None = None
    """A heartbeat request asked for more than it sent (CVE-2014-0160)."""
