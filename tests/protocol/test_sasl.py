"""Who logs in, by SASL."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sentinel.protocol.sasl import SaslUser


@pytest.mark.parametrize(
    ("mechanism", "answers", "name"),
    [
        (b"plain", [b"\0li\0secret"], "li"),
        (b"PLAIN", [b"admin\0li\0secret"], "li"),
        (b"LOGIN", [b"li@gov.test", b"secret"], "li@gov.test"),
        (b"SCRAM-SHA-256", [b"n,,n=li,r=abc"], "li"),
        (b"PLAIN", [b"secret"], None),
        (b"GSSAPI", [b"li"], None),
    ],
)
def test_names(mechanism, answers, name):
    sasl = SaslUser(mechanism)
    for answer in answers:
        sasl.answer(b64encode(answer))
    assert sasl.name == name and sasl.mechanism == mechanism.decode().upper()


def test_nonsense_is_nobody():
    sasl = SaslUser(b"PLAIN")
    sasl.answer(b"***")
    assert sasl.name is None
