"""`x509`: one certificate seen on the wire (Zeek's x509.log, with the flow that carried it)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["X509"]


class X509(FlowEvent, kw_only=True):
    """One certificate. Names are in RFC 2253 order, as OpenSSL prints them."""

    kind: ClassVar[str] = "x509"

    fingerprint: str
    """SHA-256 of the DER form, hexadecimal."""
    certificate_version: int | None = msgspec.field(name="certificate.version", default=None)
    """1, 2 or 3."""
    certificate_serial: str | None = msgspec.field(name="certificate.serial", default=None)
    """Hexadecimal in pairs, upper case."""
    certificate_subject: str | None = msgspec.field(name="certificate.subject", default=None)
    certificate_issuer: str | None = msgspec.field(name="certificate.issuer", default=None)
    certificate_not_valid_before: float | None = msgspec.field(
        name="certificate.not_valid_before", default=None
    )
    """Seconds since 1970 UTC."""
    certificate_not_valid_after: float | None = msgspec.field(
        name="certificate.not_valid_after", default=None
    )
    certificate_key_alg: str | None = msgspec.field(name="certificate.key_alg", default=None)
    """OpenSSL's long name of the algorithm, or the dotted OID."""
    certificate_sig_alg: str | None = msgspec.field(name="certificate.sig_alg", default=None)
    certificate_key_type: str | None = msgspec.field(name="certificate.key_type", default=None)
    """`rsa`, `dsa`, `ecdsa` or `unknown`."""
    certificate_key_length: int | None = msgspec.field(name="certificate.key_length", default=None)
    """Bits."""
    certificate_exponent: str | None = msgspec.field(name="certificate.exponent", default=None)
    certificate_curve: str | None = msgspec.field(name="certificate.curve", default=None)
    """OpenSSL's short name: `prime256v1`, `SM2` …"""
    san_dns: list[str] | None = msgspec.field(name="san.dns", default=None)
    san_uri: list[str] | None = msgspec.field(name="san.uri", default=None)
    san_email: list[str] | None = msgspec.field(name="san.email", default=None)
    san_ip: list[str] | None = msgspec.field(name="san.ip", default=None)
    basic_constraints_ca: bool | None = msgspec.field(name="basic_constraints.ca", default=None)
    basic_constraints_path_len: int | None = msgspec.field(name="basic_constraints.path_len", default=None)
    host_cert: bool
    """First of its chain: the host's own."""
    client_cert: bool
    """Sent by the client."""
