"""Names of TLS numbers: versions, groups, alerts, suites, spelt as Zeek spells them."""

from __future__ import annotations

from typing import Final

from sentinel.protocol.tls_ciphers import CIPHERS

__all__ = ["GREASE", "TLCP", "TLS13", "alert_name", "cipher_name", "curve_name", "is_tls13", "version_name"]

SSL2: Final = 0x0002
TLCP: Final = 0x0101
TLS13: Final = 0x0304

GREASE: Final = frozenset(0x0A0A + 0x1010 * step for step in range(16))
"""RFC 8701 values that mean nothing."""

_VERSIONS: Final = {
    SSL2: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv10",
    0x0302: "TLSv11",
    0x0303: "TLSv12",
    TLS13: "TLSv13",
    TLCP: "TLCPv11",
    0xFEFF: "DTLSv10",
    0xFEFD: "DTLSv12",
    0xFEFC: "DTLSv13",
}

_CURVES: Final = {
    **dict(
        enumerate(
            (
                "sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 "
                "sect283r1 sect409k1 sect409r1 sect571k1 sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 "
                "secp192r1 secp224k1 secp224r1 secp256k1 secp256r1 secp384r1 secp521r1 brainpoolP256r1 "
                "brainpoolP384r1 brainpoolP512r1 x25519 x448 brainpoolP256r1tls13 brainpoolP384r1tls13 "
                "brainpoolP512r1tls13 GC256A GC256B GC256C GC256D GC512A GC512B GC512C curveSM2"
            ).split(),
            start=1,
        )
    ),
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    259: "ffdhe6144",
    260: "ffdhe8192",
    512: "MLKEM512",
    513: "MLKEM768",
    514: "MLKEM1024",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
    4590: "curveSM2MLKEM768",
    16696: "CECPQ2",
    25497: "X25519Kyber768Draft00",
    25498: "SecP256r1Kyber768Draft00",
    0xFF01: "arbitrary_explicit_prime_curves",
    0xFF02: "arbitrary_explicit_char2_curves",
    **{value: f"grease_0x{value:04X}" for value in GREASE},
}

_ALERTS: Final = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
    # GB/T 38636-2020 6.4.3.3
    200: "unsupported_site2site",
    201: "no_area",
    202: "unsupported_areatype",
    203: "bad_ibcparam",
    204: "unsupported_ibcparam",
    205: "identity_need",
}


def is_tls13(version: int) -> bool:
    """TLS 1.3 or one of its drafts (0x7Fxx)."""
    return version == TLS13 or version >> 8 == 0x7F


def version_name(version: int) -> str:
    """`TLSv12`, `TLCPv11`, `TLSv13-draft18` …"""
    name = _VERSIONS.get(version)
    if name is not None:
        return name
    return f"TLSv13-draft{version & 0x7F}" if version >> 8 == 0x7F else f"unknown-{version}"


def cipher_name(cipher: int) -> str:
    """IANA's (or GB/T 38636's) name of a cipher suite."""
    return CIPHERS.get(cipher) or f"unknown-{cipher}"


def curve_name(group: int) -> str:
    """Name of a supported group (RFC 8446 section 4.2.7)."""
    return _CURVES.get(group) or f"unknown-{group}"


def alert_name(description: int) -> str:
    """Name of an alert description."""
    return _ALERTS.get(description) or f"unknown-{description}"
