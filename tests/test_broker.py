"""Addresses of brokers, and what a client is told of one."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from sentinel.broker import PeerSettings, access, is_broker
from tests.mosquitto import certificate


@pytest.mark.parametrize("written", ["mqtt://h", "mqtts://10.1.1.5:8883", "mqtt://[::1]:1883"])
def test_brokers(written: str) -> None:
    assert is_broker(written)


@pytest.mark.parametrize(
    "written", ["", "h", "http://h", "mqtt://", "mqtt://h:0", "mqtt://h:99999", "mqtt://h/x", "mqtt://u:p@h"]
)
def test_what_is_no_broker(written: str) -> None:
    assert not is_broker(written)


def test_a_client_is_told_the_usual_port_and_no_empty_names() -> None:
    told = access("mqtt://10.1.1.5", PeerSettings())
    assert (told["hostname"], told["port"]) == ("10.1.1.5", 1883)
    assert (told["username"], told["password"], told["tls_context"]) == (None, None, None)


def test_with_tls_only_our_authority_vouches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate(tmp_path)
    monkeypatch.setenv("WORD", "秘密")
    peer = PeerSettings(user="u", password="${env:WORD}", authority=str(tmp_path / "server.pem"))
    told = access("mqtts://broker:9999", peer)
    context = told["tls_context"]
    assert (told["port"], told["password"]) == (9999, "秘密")
    assert context is not None and context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert context.cert_store_stats()["x509"] == 1
