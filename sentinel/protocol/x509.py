"""Certificates (RFC 5280; SM2 keys: GM/T 0015): read once each, leniently, and told as `x509` events.

Our own walk instead of a library's: a certificate with a negative serial, a bad date or an unknown key must
still give what can be read, and reading must cost little.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from contextlib import suppress
from hashlib import sha256
from typing import Final

from sentinel.event.x509 import X509
from sentinel.protocol import der
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.x509_names import ALGORITHMS, CURVES, RSA_ALGORITHMS, common_names, distinguished_name

__all__ = ["Certificate", "CertificateSightings", "certificate", "emit_chain", "names_match"]

MAX_NAMES: Final = 256
"""Subject alternative names kept of one certificate."""
CACHED: Final = 4096
RELOG_SECONDS: Final = 86_400.0

_EXTENSION_SAN: Final = b"\x55\x1d\x11"
_EXTENSION_BASIC_CONSTRAINTS: Final = b"\x55\x1d\x13"
_FIXED_BITS: Final = {"ED25519": 253, "ED448": 456, "X25519": 253, "X448": 448}
"""OpenSSL's count of bits for keys of one size."""


class Certificate:
    """What can be read of one certificate. Fields are those of the `x509` event."""

    __slots__ = (
        "ca",
        "common_names",
        "curve",
        "exponent",
        "fingerprint",
        "issuer",
        "key_alg",
        "key_length",
        "key_type",
        "not_valid_after",
        "not_valid_before",
        "path_len",
        "san_dns",
        "san_email",
        "san_ip",
        "san_uri",
        "serial",
        "sig_alg",
        "subject",
        "version",
    )

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.version: int | None = None
        self.serial: str | None = None
        self.subject: str | None = None
        self.issuer: str | None = None
        self.not_valid_before: float | None = None
        self.not_valid_after: float | None = None
        self.key_alg: str | None = None
        self.sig_alg: str | None = None
        self.key_type: str | None = None
        self.key_length: int | None = None
        self.exponent: str | None = None
        self.curve: str | None = None
        self.san_dns: list[str] | None = None
        self.san_uri: list[str] | None = None
        self.san_email: list[str] | None = None
        self.san_ip: list[str] | None = None
        self.ca: bool | None = None
        self.path_len: int | None = None
        self.common_names: list[str] = []

    def event(self, flow: Endpoints, ts: float, host_cert: bool, client_cert: bool) -> X509:
        """The certificate as seen on `flow`."""
        return X509(
            ts=ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            fingerprint=self.fingerprint,
            certificate_version=self.version,
            certificate_serial=self.serial,
            certificate_subject=self.subject,
            certificate_issuer=self.issuer,
            certificate_not_valid_before=self.not_valid_before,
            certificate_not_valid_after=self.not_valid_after,
            certificate_key_alg=self.key_alg,
            certificate_sig_alg=self.sig_alg,
            certificate_key_type=self.key_type,
            certificate_key_length=self.key_length,
            certificate_exponent=self.exponent,
            certificate_curve=self.curve,
            san_dns=self.san_dns,
            san_uri=self.san_uri,
            san_email=self.san_email,
            san_ip=self.san_ip,
            basic_constraints_ca=self.ca,
            basic_constraints_path_len=self.path_len,
            host_cert=host_cert,
            client_cert=client_cert,
        )


def _serial(content: bytes) -> str:
    """Hexadecimal in pairs, minus sign first for the negative, as OpenSSL prints integers."""
    value = int.from_bytes(content[:64], "big", signed=True)
    digits = f"{abs(value):X}"
    return ("-" if value < 0 else "") + ("0" + digits if len(digits) % 2 else digits)


def _algorithm(data: bytes, node: der.Node) -> tuple[str, der.Node | None]:
    """(dotted OID, parameters) of an AlgorithmIdentifier."""
    parts = list(der.children(data, node))
    if not parts or parts[0][0] != der.OID:
        return "", None
    return der.oid(data[parts[0][2] : parts[0][3]]), parts[1] if len(parts) > 1 else None


def _read_key(out: Certificate, data: bytes, node: der.Node) -> None:
    """SubjectPublicKeyInfo."""
    parts = list(der.children(data, node))
    if len(parts) < 2:
        return
    dotted, parameters = _algorithm(data, parts[0])
    out.key_alg = ALGORITHMS.get(dotted, dotted) or None
    out.key_type = "unknown"
    key = data[parts[1][2] + 1 : parts[1][3]]  # after the count of unused bits
    if dotted in RSA_ALGORITHMS:
        _read_rsa_key(out, key)
    elif dotted == "1.2.840.10040.4.1":
        out.key_type = "dsa"
        prime = next(der.children(data, parameters), None) if parameters else None
        if prime is not None:
            out.key_length = int.from_bytes(data[prime[2] : prime[3]], "big").bit_length()
    elif dotted in ("1.2.840.10045.2.1", "1.2.156.10197.1.301"):
        out.key_type = "ecdsa"
        curve = (
            der.oid(data[parameters[2] : parameters[3]]) if parameters and parameters[0] == der.OID else ""
        )
        name, bits = CURVES.get(curve, (curve, (len(key) - 1) * 4))
        out.curve = name or None
        out.key_length = bits
    else:
        out.key_length = _FIXED_BITS.get(out.key_alg or "", len(key) * 8)


def _read_rsa_key(out: Certificate, key: bytes) -> None:
    out.key_type = "rsa"
    try:
        parts = list(der.children(key, der.read(key, 0, len(key))))
    except der.DerError:
        return
    if len(parts) >= 2:
        out.key_length = int.from_bytes(key[parts[0][2] : parts[0][3]], "big").bit_length()
        exponent = key[parts[1][2] : parts[1][3]]
        if len(exponent) <= 512:
            out.exponent = str(int.from_bytes(exponent, "big"))


def _read_validity(out: Certificate, data: bytes, node: der.Node) -> None:
    times = [der.timestamp(part[0], data[part[2] : part[3]]) for part in der.children(data, node)]
    if len(times) >= 2:
        out.not_valid_before, out.not_valid_after = times[0], times[1]


def _address(content: bytes) -> str:
    return str(ipaddress.ip_address(content)) if len(content) in (4, 16) else content.hex()


def _read_alternative_names(out: Certificate, value: bytes) -> None:
    """GeneralNames of subjectAltName (RFC 5280 section 4.2.1.6)."""
    lists: dict[int, list[str]] = {0x82: [], 0x86: [], 0x81: [], 0x87: []}
    room = MAX_NAMES
    for tag, _, begin, end in der.children(value, der.read(value, 0, len(value))):
        names = lists.get(tag)
        if names is not None and room > 0:
            room -= 1
            content = value[begin:end]
            names.append(_address(content) if tag == 0x87 else content.decode("ascii", "backslashreplace"))
    out.san_dns, out.san_uri = lists[0x82] or None, lists[0x86] or None
    out.san_email, out.san_ip = lists[0x81] or None, lists[0x87] or None


def _read_basic_constraints(out: Certificate, value: bytes) -> None:
    out.ca = False
    for tag, _, begin, end in der.children(value, der.read(value, 0, len(value))):
        if tag == der.BOOLEAN:
            out.ca = value[begin:end] != b"\x00"
        elif tag == der.INTEGER and end - begin <= 8:
            out.path_len = int.from_bytes(value[begin:end], "big")


def _read_extensions(out: Certificate, data: bytes, node: der.Node) -> None:
    for sequence in der.children(data, node):
        for extension in der.children(data, sequence):
            parts = list(der.children(data, extension))
            if len(parts) < 2 or parts[-1][0] != der.OCTET_STRING:
                continue
            kind = data[parts[0][2] : parts[0][3]]
            value = data[parts[-1][2] : parts[-1][3]]
            try:
                if kind == _EXTENSION_SAN:
                    _read_alternative_names(out, value)
                elif kind == _EXTENSION_BASIC_CONSTRAINTS:
                    _read_basic_constraints(out, value)
            except der.DerError:
                continue


def _read(out: Certificate, data: bytes) -> None:
    """Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }."""
    outer = list(der.children(data, der.read(data, 0, len(data))))
    if not outer:
        return
    parts = list(der.children(data, outer[0]))
    out.version = 1
    if parts and parts[0][0] == 0xA0:
        version = next(der.children(data, parts[0]), None)
        if version is not None:
            out.version = int.from_bytes(data[version[2] : version[3]][:4], "big") + 1
        parts = parts[1:]
    if parts:
        out.serial = _serial(data[parts[0][2] : parts[0][3]])
    if len(parts) > 1:
        dotted, _ = _algorithm(data, parts[1])
        out.sig_alg = ALGORITHMS.get(dotted, dotted) or None
    if len(parts) > 2:
        out.issuer = distinguished_name(data, parts[2])
    if len(parts) > 3:
        _read_validity(out, data, parts[3])
    if len(parts) > 4:
        out.subject = distinguished_name(data, parts[4])
        out.common_names = common_names(data, parts[4])
    if len(parts) > 5:
        _read_key(out, data, parts[5])
    for part in parts[6:]:
        if part[0] == 0xA3:
            _read_extensions(out, data, part)


_cache: OrderedDict[bytes, Certificate] = OrderedDict()


def certificate(data: bytes) -> Certificate:
    """Read one DER certificate; the same bytes are read once (the last 4,096 are remembered)."""
    digest = sha256(data).digest()
    found = _cache.get(digest)
    if found is not None:
        _cache.move_to_end(digest)
        return found
    out = Certificate(digest.hex())
    with suppress(der.DerError):  # what was read stays
        _read(out, data)
    _cache[digest] = out
    if len(_cache) > CACHED:
        _cache.popitem(last=False)
    return out


class CertificateSightings:
    """Which certificates were told lately: as in Zeek, one record a certificate, role and server in a day."""

    __slots__ = ("_seen", "limit")

    def __init__(self, limit: int = 65_536) -> None:
        self.limit = limit
        self._seen: OrderedDict[tuple[str, str, bool, bool], float] = OrderedDict()

    def is_new(self, fingerprint: str, holder: str, host_cert: bool, client_cert: bool, ts: float) -> bool:
        """Should this sighting be told? `holder`: address of who sent it. Remembers it if so."""
        key = (fingerprint, holder, host_cert, client_cert)
        last = self._seen.get(key)
        if last is not None and last <= ts < last + RELOG_SECONDS:
            return False
        self._seen[key] = ts
        self._seen.move_to_end(key)
        if len(self._seen) > self.limit:
            self._seen.popitem(last=False)
        return True


def emit_chain(chain: list[Certificate], flow: Endpoints, emit: Emit, ts: float, client_cert: bool) -> None:
    """Tell the certificates of a chain, host's own first, that were not told lately."""
    sightings = flow.shared.get("x509")
    if sightings is None:
        sightings = flow.shared["x509"] = CertificateSightings()
    holder = flow.orig_h if client_cert else flow.resp_h
    for index, found in enumerate(chain):
        if sightings.is_new(found.fingerprint, holder, index == 0, client_cert, ts):
            emit(found.event(flow, ts, index == 0, client_cert))


def _one_matches(pattern: str, name: str) -> bool:
    """RFC 6125 section 6.4.3: a whole leftmost label may be a star."""
    if pattern.startswith("*."):
        head, _, tail = name.partition(".")
        return bool(head) and tail == pattern[2:]
    return pattern == name


def names_match(found: Certificate, server_name: str) -> bool:
    """Does the certificate speak for `server_name`?"""
    name = server_name.lower().rstrip(".")
    patterns = [*(found.san_dns or []), *(found.san_ip or []), *found.common_names]
    return any(_one_matches(pattern.lower().rstrip("."), name) for pattern in patterns)
