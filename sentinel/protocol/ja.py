"""JA3, JA3S and JA4: fingerprints of who shakes hands, from what is offered and chosen.

JA3/JA3S: https://github.com/salesforce/ja3. JA4: https://github.com/FoxIO-LLC/ja4, technical_details/JA4.md.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5, sha256
from typing import Final

from sentinel.protocol.tls_hello import EXT_ALPN, EXT_SERVER_NAME, ClientHello, ServerHello
from sentinel.protocol.tls_names import GREASE

__all__ = ["ja3", "ja3_string", "ja3s", "ja3s_string", "ja4"]

_JA4_VERSIONS: Final = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
_NOTHING: Final = "000000000000"
_ALPHANUMERIC: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@lru_cache(maxsize=2048)
def _dashed(values: tuple[int, ...]) -> str:
    return "-".join([str(value) for value in values if value not in GREASE])


def ja3_string(hello: ClientHello) -> str:
    """Version, ciphers, extensions, groups, point formats: decimal, GREASE left out."""
    return (
        f"{hello.version},{_dashed(hello.ciphers)},{_dashed(hello.extensions)},{_dashed(hello.groups)},"
        f"{'-'.join(map(str, hello.point_formats))}"
    )


def ja3s_string(hello: ServerHello) -> str:
    """Version, cipher, extensions: decimal."""
    return f"{hello.legacy_version},{hello.cipher},{_dashed(hello.extensions)}"


def ja3(hello: ClientHello) -> str:
    """MD5 of the JA3 string."""
    return md5(ja3_string(hello).encode(), usedforsecurity=False).hexdigest()


def ja3s(hello: ServerHello) -> str:
    """MD5 of the JA3S string."""
    return md5(ja3s_string(hello).encode(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=2048)
def _ciphers_part(ciphers: tuple[int, ...]) -> tuple[str, str]:
    """Count (two digits) and hash of the sorted suites."""
    kept = sorted([f"{cipher:04x}" for cipher in ciphers if cipher not in GREASE])
    if not kept:
        return "00", _NOTHING
    return f"{min(len(kept), 99):02d}", sha256(",".join(kept).encode()).hexdigest()[:12]


@lru_cache(maxsize=2048)
def _extensions_part(kinds: tuple[int, ...], signatures: tuple[int, ...]) -> tuple[str, str]:
    """Count of all extensions; hash of the sorted ones (without SNI, ALPN) and the signature algorithms."""
    kept = [kind for kind in kinds if kind not in GREASE]
    count = f"{min(len(kept), 99):02d}"
    text = ",".join(sorted([f"{kind:04x}" for kind in kept if kind not in (EXT_SERVER_NAME, EXT_ALPN)]))
    if not text:
        return count, _NOTHING
    algorithms = ",".join([f"{value:04x}" for value in signatures if value not in GREASE])
    if algorithms:
        text = f"{text}_{algorithms}"
    return count, sha256(text.encode()).hexdigest()[:12]


def _alpn_part(names: list[bytes]) -> str:
    """First and last character of the first ALPN name; of its hexadecimal form unless alphanumeric."""
    if not names or not names[0]:
        return "00"
    first, last = names[0][0], names[0][-1]
    if first in _ALPHANUMERIC and last in _ALPHANUMERIC:
        return chr(first) + chr(last)
    return f"{first:02x}"[0] + f"{last:02x}"[1]


def ja4(hello: ClientHello, transport: str = "t") -> str:
    """JA4 of a ClientHello. `transport`: `t` TLS over TCP, `q` QUIC, `d` DTLS."""
    offered = [value for value in hello.versions if value not in GREASE]
    version = _JA4_VERSIONS.get(max(offered) if offered else hello.version, "00")
    if transport == "d" and offered:
        version = _JA4_VERSIONS.get(min(offered), "00")  # DTLS counts its versions downwards
    cipher_count, cipher_hash = _ciphers_part(hello.ciphers)
    extension_count, extension_hash = _extensions_part(hello.extensions, hello.signature_algorithms)
    named = "d" if EXT_SERVER_NAME in hello.extensions else "i"
    alpn = _alpn_part(hello.alpn)
    return f"{transport}{version}{named}{cipher_count}{extension_count}{alpn}_{cipher_hash}_{extension_hash}"
