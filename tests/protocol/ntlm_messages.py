"""NTLM's three messages (MS-NLMP section 2.2.1) and SPNEGO's wrappers, written by hand for tests."""

from __future__ import annotations

import struct

from tlv import member, number, tlv

SPNEGO = bytes.fromhex("2b0601050502")
NTLM_MECHANISM = bytes.fromhex("2b06010401823702020a")
KERBEROS_MECHANISM = bytes.fromhex("2a864886f712010202")


def negotiate() -> bytes:
    return b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + b"\0" * 24


def challenge(computer: str = "DC1", dns: str = "dc1.city.gov", tree: str = "city.gov") -> bytes:
    pairs = b"".join(
        struct.pack("<HH", kind, 2 * len(value)) + value.encode("utf-16-le")
        for kind, value in ((2, "CITY"), (1, computer), (4, "city.gov"), (3, dns), (5, tree))
    )
    pairs += struct.pack("<HH", 0, 0)
    head = b"NTLMSSP\0" + struct.pack("<I", 2) + struct.pack("<HHI", 0, 0, 56)
    head += struct.pack("<I", 0xE2898215) + b"12345678" + b"\0" * 8
    return head + struct.pack("<HHI", len(pairs), len(pairs), 56) + b"\0" * 8 + pairs


def authenticate(
    user: str = "alice", domain: str = "CITY", host: str = "PC-7", unicode: bool = True
) -> bytes:
    encoding = "utf-16-le" if unicode else "latin-1"
    at, fields, content = 72, b"", b""
    for value in (b"\0" * 24, b"\x11" * 24, *(text.encode(encoding) for text in (domain, user, host)), b""):
        fields += struct.pack("<HHI", len(value), len(value), at + len(content))
        content += value
    flags = 0xE2888215 if unicode else 0xE2888214
    return b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags) + b"\0" * 8 + content


def initial(token: bytes, mechanism: bytes = NTLM_MECHANISM) -> bytes:
    """The client's first token, wrapped as RFC 2743 and RFC 4178 have it."""
    inner = tlv(0x30, member(0, tlv(0x30, tlv(6, mechanism))), member(2, tlv(4, token)))
    return tlv(0x60, tlv(6, SPNEGO), tlv(0xA0, inner))


def response(token: bytes | None = None, state: int | None = None) -> bytes:
    """Any later token."""
    parts = [] if state is None else [member(0, number(state, 0x0A))]
    if token is not None:
        parts.append(member(2, tlv(4, token)))
    return tlv(0xA1, tlv(0x30, *parts))
