"""JA3 and JA4 against published examples."""

from __future__ import annotations

from struct import pack

from sentinel.protocol.ja import ja3, ja3_string, ja3s_string, ja4
from sentinel.protocol.tls_hello import ClientHello, ServerHello


def hello(
    version, ciphers, extensions, groups=(), formats=b"", signatures=(), versions=(), alpn=()
) -> ClientHello:
    made = ClientHello(version, b"", tuple(ciphers))
    made.extensions = tuple(extensions)
    made.groups = tuple(groups)
    made.point_formats = formats
    made.signature_algorithms = tuple(signatures)
    made.versions = tuple(versions)
    made.alpn = list(alpn)
    return made


def test_ja3_readme_example():
    made = hello(
        769, [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4], [0, 10, 11], [23, 24, 25], b"\x00"
    )
    assert ja3_string(made) == "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
    assert ja3(made) == "ada70206e40642a3e4461f35503241d5"


def test_ja3_readme_example_without_extensions():
    made = hello(769, [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], [])
    assert ja3_string(made) == "769,4-5-10-9-100-98-3-6-19-18-99,,,"
    assert ja3(made) == "de350869b8c85de67a350c8d186f11e6"


def test_ja3_leaves_grease_out():
    made = hello(771, [0x0A0A, 4865], [0xFAFA, 0], [0x1A1A, 29], b"\x00")
    assert ja3_string(made) == "771,4865,0,29,0"


JA4_CIPHERS = [
    0x1301,
    0x1302,
    0x1303,
    0xC02B,
    0xC02F,
    0xC02C,
    0xC030,
    0xCCA9,
    0xCCA8,
    0xC013,
    0xC014,
    0x9C,
    0x9D,
]
JA4_CIPHERS += [0x2F, 0x35]
JA4_EXTENSIONS = [
    0x1B,
    0x00,
    0x33,
    0x10,
    0x4469,
    0x17,
    0x2D,
    0x0D,
    0x05,
    0x23,
    0x12,
    0x2B,
    0xFF01,
    0x0B,
    0x0A,
    0x15,
]
JA4_SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]


def chrome() -> ClientHello:
    """The example of FoxIO's technical details, with GREASE as Chrome sends it."""
    return hello(
        0x0303,
        [0x2A2A, *JA4_CIPHERS],
        [0x3A3A, *JA4_EXTENSIONS, 0x4A4A],
        signatures=JA4_SIGNATURES,
        versions=[0x5A5A, 0x0304, 0x0303],
        alpn=[b"h2", b"http/1.1"],
    )


def test_ja4_specification_example():
    assert ja4(chrome()) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_ja4_over_quic_begins_with_q():
    assert ja4(chrome(), "q").startswith("q13d1516h2_")


def test_ja4_of_nothing():
    assert ja4(hello(0x0301, [], [])) == "t10i000000_000000000000_000000000000"


def test_ja4_alpn_forms():
    for name, part in ((b"h", "hh"), (b"http/1.1", "h1"), (b"\xab", "ab"), (b"\x30\xab", "3b"), (b"", "00")):
        assert ja4(hello(0x0303, [1], [0], alpn=[name]))[8:10] == part


def test_ja4_counts_stop_at_99():
    made = hello(0x0303, range(0x100, 0x200), range(0x200, 0x300))
    assert ja4(made).startswith("t12i9999")


def test_ja4_dtls_takes_the_newest():
    assert ja4(hello(0xFEFD, [1], [], versions=[0xFEFD, 0xFEFC]), "d").startswith("dd3")


def test_ja3s_string():
    body = pack("!H32sB", 0x0303, bytes(32), 0) + pack("!HB", 0xC02F, 0)
    body += pack("!H", 9) + pack("!HHB", 0xFF01, 1, 0) + pack("!HH", 0x17, 0)
    made = ServerHello.parse(body)
    assert made is not None
    assert ja3s_string(made) == "771,49199,65281-23"
