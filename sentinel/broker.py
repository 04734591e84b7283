"""An MQTT broker: how its address is written, who vouches for it, and who we are there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final, TypedDict
from urllib.parse import urlsplit

from aiomqtt import ProtocolVersion

from sentinel.secret import reveal

__all__ = ["PORTS", "Access", "PeerSettings", "access", "is_broker"]

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
"""Schemes of a broker's address, with their ports (IANA)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """Who vouches for another host, and who we are there."""

    user: str = ""
    password: str = ""
    """By reference: `${env:NAME}`, `${file:/path}`."""
    authority: str = ""
    """File of the authorities that vouch for the other side (PEM); empty: the system's."""
    certificate: str = ""
    """File of our own certificate (PEM); empty: none is shown."""
    key: str = ""
    """File of its key (PEM); empty: in the same file."""
    timeout: float = 10.0
    """Seconds to wait for an answer."""

    def tls(self) -> ssl.SSLContext:
        """A client's context. Reads files. Raises OSError, ssl.SSLError."""
        context = ssl.create_default_context(cafile=self.authority or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key or self.certificate)
        return context


class Access(TypedDict):
    """What aiomqtt's `Client` is told of a broker."""

    hostname: str
    port: int
    username: str | None
    password: str | None
    protocol: ProtocolVersion
    tls_context: ssl.SSLContext | None
    timeout: float


def is_broker(written: str) -> bool:
    """Is it `mqtt://host` or `mqtts://host`, with or without a port?"""
    try:
        url = urlsplit(written)
        return (
            url.scheme in PORTS
            and bool(url.hostname)
            and url.port != 0
            and not url.username
            and written.count("/") == 2
        )
    except ValueError:
        return False


def access(written: str, peer: PeerSettings) -> Access:
    """How to reach the broker at the address `written`. Reads files. Raises SecretError, OSError, ValueError."""
    url = urlsplit(written)
    return Access(
        hostname=url.hostname or "",
        port=url.port or PORTS[url.scheme],
        username=peer.user or None,
        password=reveal(peer.password) or None,
        protocol=ProtocolVersion.V5,
        tls_context=peer.tls() if url.scheme == "mqtts" else None,
        timeout=peer.timeout,
    )
