"""Stratum: miners of Bitcoin, Monero and Ethereum at their pools."""

from __future__ import annotations

import json

import pytest

from sentinel.protocol.stratum import MAX_LINES, MAX_PENDING, Stratum


def line(**message) -> bytes:
    return json.dumps(message).encode() + b"\n"


BITCOIN = [
    (True, line(id=1, method="mining.subscribe", params=["cpuminer/2.5.1"])),
    (
        False,
        line(id=1, result=[[], "f8", 4], error=None) + line(id=None, method="mining.notify", params=["x"]),
    ),
    (True, line(id=2, method="mining.authorize", params=["1Wallet.rig1", "x"])),
    (False, line(id=2, result=True, error=None)),
    (True, line(id=3, method="mining.submit", params=["1Wallet.rig1"])),
    (False, line(id=3, result=None, error=[21, "Job not found", None])),
]
MONERO = [
    (
        True,
        line(
            id=1,
            jsonrpc="2.0",
            method="login",
            params={"login": "44Wallet", "pass": "x", "agent": "XMRig/6.21"},
        ),
    ),
    (False, line(id=1, jsonrpc="2.0", error=None, result={"id": "a", "job": {"blob": "07"}, "status": "OK"})),
]
ETHEREUM = (True, line(id=1, method="eth_submitLogin", params=["0xWallet"], worker="rig7"))


def told(wire):
    return [(e.method, e.worker, e.agent, e.success, e.error) for e in wire.of("stratum")]


def test_bitcoin(speak):
    assert told(speak(Stratum, BITCOIN)) == [
        ("mining.subscribe", None, "cpuminer/2.5.1", True, None),
        ("mining.authorize", "1Wallet.rig1", "cpuminer/2.5.1", True, None),
        ("mining.submit", "1Wallet.rig1", "cpuminer/2.5.1", False, "Job not found"),
    ]


def test_monero(speak):
    assert told(speak(Stratum, MONERO)) == [("login", "44Wallet", "XMRig/6.21", True, None)]


def test_ethereum_refused(speak):
    answer = (False, line(id=1, result=False, error={"code": -1, "message": "Invalid login"}))
    assert told(speak(Stratum, [ETHEREUM, answer])) == [
        ("eth_submitLogin", "0xWallet.rig7", None, False, "Invalid login")
    ]


def test_pool_alone(speak):
    assert told(speak(Stratum, [(False, line(id=None, method="mining.notify", params=["x"]))])) == [
        ("job", None, None, None, None)
    ]


def test_caps(speak):
    asked = [
        (True, line(id=number, method="login", params={"login": "w"})) for number in range(MAX_PENDING + 3)
    ]
    assert len(speak(Stratum, asked, finish=False).of("stratum")) == 3
    wire = speak(Stratum, [(True, b"{}\n" * (MAX_LINES + 1)), *BITCOIN])
    assert not wire.events


def test_sturdy(sturdy):
    sturdy(Stratum, BITCOIN)
    sturdy(Stratum, MONERO)


@pytest.mark.parametrize(
    ("data", "is_orig", "answer"),
    [
        (BITCOIN[0][1], True, True),
        (MONERO[0][1], True, True),
        (MONERO[1][1], False, True),
        (ETHEREUM[1], True, True),
        (b'{"id": 1, "met', True, None),
        (line(method="login", params={"user": "li"}), True, False),
        (line(jsonrpc="2.0", method="eth_blockNumber"), True, False),
        (b"GET / HTTP/1.1", True, False),
    ],
)
def test_recognition(data, is_orig, answer):
    assert Stratum.recognise(data, is_orig, "tcp") is answer
