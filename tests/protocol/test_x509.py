"""Certificates: our reading against `cryptography`'s, and what no library reads."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.protocol.x509 import CertificateSightings, certificate, names_match

BEGIN = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
END = datetime.datetime(2054, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def make(key=None, subject=None, alternatives=(), serial=0x0102A3, constraints=None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = subject or x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "District, Office"),
            x509.NameAttribute(NameOID.COMMON_NAME, "oa.example.gov.cn"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(alternatives)), critical=False)
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)


def test_every_field_of_a_plain_certificate():
    data = make(
        alternatives=[
            x509.DNSName("*.example.gov.cn"),
            x509.IPAddress(ipaddress.ip_address("10.1.2.3")),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.UniformResourceIdentifier("https://oa.example.gov.cn/"),
            x509.RFC822Name("duty@example.gov.cn"),
        ],
        constraints=x509.BasicConstraints(ca=True, path_length=3),
    )
    read = certificate(data)
    theirs = x509.load_der_x509_certificate(data)
    assert read.fingerprint == theirs.fingerprint(hashes.SHA256()).hex()
    assert (read.version, read.serial) == (3, "0102A3")
    assert read.subject == "CN=oa.example.gov.cn,O=District\\, Office,C=CN"
    assert (read.not_valid_before, read.not_valid_after) == (BEGIN.timestamp(), END.timestamp())
    assert (read.key_alg, read.sig_alg) == ("id-ecPublicKey", "ecdsa-with-SHA256")
    assert (read.key_type, read.key_length, read.curve) == ("ecdsa", 256, "prime256v1")
    assert read.san_dns == ["*.example.gov.cn"]
    assert read.san_ip == ["10.1.2.3", "2001:db8::1"]
    assert read.san_uri == ["https://oa.example.gov.cn/"]
    assert read.san_email == ["duty@example.gov.cn"]
    assert (read.ca, read.path_len) == (True, 3)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (rsa.generate_private_key(65537, 1024), ("rsa", 1024, "rsaEncryption", "65537")),
        (dsa.generate_private_key(1024), ("dsa", 1024, "dsaEncryption", None)),
        (ed25519.Ed25519PrivateKey.generate(), ("unknown", 253, "ED25519", None)),
        (ec.generate_private_key(ec.SECP384R1()), ("ecdsa", 384, "id-ecPublicKey", None)),
    ],
    ids=["rsa", "dsa", "ed25519", "secp384r1"],
)
def test_keys(key, expected):
    read = certificate(make(key))
    assert (read.key_type, read.key_length, read.key_alg, read.exponent) == expected


def test_names_are_escaped_as_openssl_does():
    name = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "a+b"),
                    x509.NameAttribute(NameOID.LOCALITY_NAME, " x "),
                ]
            ),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "区大数据局")]),
        ]
    )
    subject = certificate(make(subject=name)).subject
    assert subject.startswith("O=\\E5\\8C\\BA\\E5\\A4\\A7")
    assert "CN=a\\+b" in subject and "L=\\ x\\ " in subject and "," in subject


def test_unknown_attribute_is_dumped():
    odd = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4.5"), "odd")])
    assert certificate(make(subject=odd)).subject == "1.2.3.4.5=#0C036F6464"


def test_sm2_key_and_signature_are_named():
    data = bytearray(make())
    prime256v1 = bytes.fromhex("06082a8648ce3d030107")
    at = data.find(prime256v1)
    data[at : at + 10] = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301, two bytes the same size
    read = certificate(bytes(data))
    assert (read.curve, read.key_length, read.key_type) == ("SM2", 256, "ecdsa")


def test_negative_serial_and_bad_date_do_not_matter():
    data = bytearray(make())
    at = data.find(bytes.fromhex("02030102a3"))
    data[at + 2] = 0xFF
    data = data.replace(b"240102030405Z", b"249902030405Z")
    read = certificate(bytes(data))
    assert read.serial == "-FD5D"
    assert read.not_valid_before is None
    assert read.subject == "CN=oa.example.gov.cn,O=District\\, Office,C=CN"


def test_the_same_bytes_are_read_once():
    data = make()
    assert certificate(data) is certificate(bytes(data))


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("www.example.cn", True),
        ("WWW.Example.CN.", True),
        ("a.b.example.cn", False),
        ("example.cn", False),
        ("oa.example.gov.cn", True),
    ],
)
def test_which_names_a_certificate_speaks_for(name, matches):
    assert names_match(certificate(make(alternatives=[x509.DNSName("*.example.cn")])), name) is matches


def test_sightings_are_told_once_a_day_and_bounded():
    sightings = CertificateSightings(limit=2)
    assert sightings.is_new("a", "h", True, False, 0.0)
    assert not sightings.is_new("a", "h", True, False, 10.0)
    assert sightings.is_new("a", "other", True, False, 10.0)
    assert sightings.is_new("a", "h", True, False, 86_400.0)
    assert sightings.is_new("b", "h", True, False, 86_401.0)
    assert sightings.is_new("a", "other", True, False, 86_402.0)  # pushed out by the others


WHOLE = make(alternatives=[x509.DNSName("a.example")])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_broken_certificates_never_raise(cut, where, value):
    data = bytearray(WHOLE)
    data[where] = value
    assert len(certificate(bytes(data)).fingerprint) == 64
    assert len(certificate(bytes(data[:cut])).fingerprint) == 64


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_never_raises(data):
    assert certificate(data).fingerprint
