"""Names in certificates as OpenSSL prints them: RFC 2253 order and escapes; OIDs by OpenSSL's names."""

from __future__ import annotations

from typing import Final

from sentinel.protocol import der

__all__ = ["ALGORITHMS", "CURVES", "RSA_ALGORITHMS", "common_names", "distinguished_name"]

_ATTRIBUTES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.18": "postOfficeBox",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.72": "role",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

ALGORITHMS: Final = {
    "1.2.840.113549.1.1.1": "rsaEncryption",
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.3": "md4WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.7": "rsaesOaep",
    "1.2.840.113549.1.1.10": "rsassaPss",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.3.14.3.2.29": "sha1WithRSA",
    "1.2.840.10040.4.1": "dsaEncryption",
    "1.2.840.10040.4.3": "dsaWithSHA1",
    "2.16.840.1.101.3.4.3.1": "dsa_with_SHA224",
    "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "1.2.840.10046.2.1": "X9.42 DH",
    "1.2.840.10045.2.1": "id-ecPublicKey",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.156.10197.1.301": "sm2",
    "1.2.156.10197.1.501": "SM2-with-SM3",
    "1.2.156.10197.1.504": "sm3WithRSAEncryption",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "ED25519",
    "1.3.101.113": "ED448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 with 256 bit modulus",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 with 512 bit modulus",
}
"""OpenSSL's long names of key and signature algorithms."""

RSA_ALGORITHMS: Final = frozenset(dotted for dotted in ALGORITHMS if dotted.startswith("1.2.840.113549.1.1."))
"""Key algorithms whose key is an RSA key; some terminals name a signature algorithm there."""

CURVES: Final = {
    "1.2.840.10045.3.1.1": ("prime192v1", 192),
    "1.2.840.10045.3.1.7": ("prime256v1", 256),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
    "1.2.156.10197.1.301": ("SM2", 256),
}
"""OpenSSL's short name and the size in bits of elliptic curves."""

_ESCAPED: Final = frozenset(',+"\\<>;')


def _escape(value: str) -> str:
    """RFC 2253 escapes, and \\XX for control characters and for the bytes of what is not ASCII."""
    if value.isascii() and value.replace(" ", "").replace(".", "").replace("-", "").isalnum():
        return value if value[0] != " " and value[-1] != " " else _escape_slowly(value)
    return _escape_slowly(value)


def _escape_slowly(value: str) -> str:
    last = len(value) - 1
    out: list[str] = []
    for index, char in enumerate(value):
        if not " " <= char <= "~":
            out.extend(f"\\{byte:02X}" for byte in char.encode("utf-8", "replace"))
        elif char in _ESCAPED or (index == 0 and char in "# ") or (index == last and char == " "):
            out.append("\\" + char)
        else:
            out.append(char)
    return "".join(out)


def _attribute(data: bytes, node: der.Node) -> tuple[str, str] | None:
    """(printed name, printed value) of an AttributeTypeAndValue."""
    parts = list(der.children(data, node))
    if len(parts) < 2 or parts[0][0] != der.OID:
        return None
    dotted = der.oid(data[parts[0][2] : parts[0][3]])
    tag, begin, content, end = parts[1]
    short = _ATTRIBUTES.get(dotted)
    value = der.text(tag, data[content:end]) if short else None
    if value is None:
        return short or dotted, "#" + data[begin:end].hex().upper()
    return short or dotted, _escape(value) if value else ""


def distinguished_name(data: bytes, node: der.Node, limit: int = 4096) -> str:
    """A Name, last relative name first (`CN=…,O=…,C=…`), OpenSSL's RFC 2253 form; at most `limit` long."""
    out = ""
    for relative in der.children(data, node):
        plus = ""
        for attribute in der.children(data, relative):
            pair = _attribute(data, attribute)
            if pair is not None:
                mark = "" if not out else "+" if plus else ","
                out = f"{pair[0]}={pair[1]}{mark}{out}"
                plus = "+"
            if len(out) > limit:
                return out[:limit]
    return out


def common_names(data: bytes, node: der.Node) -> list[str]:
    """Every CN of a Name, unescaped."""
    names = []
    for relative in der.children(data, node):
        for attribute in der.children(data, relative):
            parts = list(der.children(data, attribute))
            if len(parts) >= 2 and data[parts[0][2] : parts[0][3]] == b"\x55\x04\x03":
                value = der.text(parts[1][0], data[parts[1][2] : parts[1][3]])
                if value:
                    names.append(value)
    return names
