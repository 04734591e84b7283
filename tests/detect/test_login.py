"""Log-ins: what each kind of event says of them."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.detect.login import LOGINS
from sentinel.event import KINDS

from .conftest import flow_event

HTTP = {"trans_depth": 1, "request_body_len": 0, "response_body_len": 0}
BIND = {"message_id": 1, "opcode": "bind simple"}
MQTT = {"proto_name": "MQTT", "proto_version": "5.0", "client_id": "c"}
CASES: list[tuple[str, dict[str, Any], tuple[int, bool, str | None] | None]] = [
    ("ssh", {"auth_success": True, "auth_attempts": 3}, (2, True, None)),
    ("ssh", {"auth_success": False, "auth_attempts": 0}, None),
    ("ftp", {"command": "PASS", "reply_code": 530, "user": "a"}, (1, False, "a")),
    ("ftp", {"command": "PASS", "user": "a"}, None),
    ("ftp", {"command": "RETR", "user": "anonymous"}, None),
    ("smtp", {"trans_depth": 1, "tls": False, "auth_success": False, "auth_user": "a"}, (1, False, "a")),
    ("http", {**HTTP, "status_code": 401, "authorization": "Basic", "username": "a"}, (1, False, "a")),
    ("http", {**HTTP, "status_code": 500, "authorization": "Basic"}, None),
    ("http", {**HTTP, "status_code": 401, "authorization": "Negotiate"}, None),
    ("ntlm", {"username": "a", "domainname": "D", "success": False}, (1, False, "D\\a")),
    ("ntlm", {"success": True}, None),
    (
        "kerberos",
        {"request_type": "AS", "client": "a/R", "success": False, "error_code": 24},
        (1, False, "a/R"),
    ),
    ("kerberos", {"request_type": "AS", "client": "a/R", "success": False, "error_code": 25}, None),
    ("kerberos", {"request_type": "AS", "client": "PC1$/R", "success": False, "error_code": 24}, None),
    ("kerberos", {"request_type": "TGS", "client": "a/R", "success": True}, None),
    ("ldap", {**BIND, "object": "cn=a", "result": "invalid credentials"}, (1, False, "cn=a")),
    ("ldap", {**BIND, "result": "success"}, None),
    ("mysql", {"cmd": "login", "arg": "root", "success": False}, (1, False, "root")),
    ("mysql", {"cmd": "query", "arg": "select 1", "success": False}, None),
    (
        "postgresql",
        {"user": "a", "success": False, "backend_arg": "Severity=FATAL,Code=28P01"},
        (1, False, "a"),
    ),
    ("postgresql", {"user": "a", "success": False, "backend_arg": "Code=42601"}, None),
    ("postgresql", {"user": "a", "backend": "auth_ok"}, (0, True, "a")),
    ("redis", {"cmd_name": "auth", "success": False}, (1, False, None)),
    ("redis", {"cmd_name": "GET", "success": False}, None),
    (
        "mqtt_connect",
        {**MQTT, "username": "a", "connect_status": "Refused: bad user name or password"},
        (1, False, "a"),
    ),
    ("mqtt_connect", {**MQTT, "username": "a", "connect_status": "Refused: server unavailable"}, None),
    ("rfb", {"auth": False, "authentication_method": "VNC"}, (1, False, None)),
    ("rfb", {"auth": True, "authentication_method": "None"}, None),
    ("radius", {"result": "failed", "mac": "02:00:00:00:00:01", "username": "a"}, (1, False, "a")),
    ("radius", {"result": "unknown", "mac": "02:00:00:00:00:01"}, None),
    ("rdp", {"cookie": "admin", "cert_count": 0}, (1, False, "admin")),
]


@pytest.mark.parametrize(("kind", "values", "expected"), CASES)
def test_what_an_event_says(
    kind: str, values: dict[str, Any], expected: tuple[int, bool, str | None] | None
) -> None:
    login = LOGINS[kind](flow_event(kind, 1.0, "10.0.0.9", "10.1.0.1", 1, **values))
    assert (None if login is None else (login.failures, login.success, login.user)) == expected


def test_every_kind_is_an_event_and_is_tried_here() -> None:
    assert LOGINS.keys() <= KINDS.keys()
    assert LOGINS.keys() - {kind for kind, _, _ in CASES} == {"auth"}
