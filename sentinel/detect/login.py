"""Log-ins: how each kind of event tells that someone tried to log in, and whether it worked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sentinel.event import (
    Auth,
    FlowEvent,
    Ftp,
    Http,
    Kerberos,
    Ldap,
    MqttConnect,
    Mysql,
    Ntlm,
    Postgresql,
    Radius,
    Rdp,
    Redis,
    Rfb,
    Smtp,
    Ssh,
)

__all__ = ["LOGINS", "Login"]

_REFUSED_BY_KERBEROS = frozenset({6, 18, 24, 31})
"""Unknown client, revoked client, wrong password, wrong pre-authentication (RFC 4120 §7.5.9)."""
_GUESTS = (None, "<unknown>", "anonymous", "ftp")


class Login(NamedTuple):
    """One try, or several of one connection."""

    service: str
    """`SSH`, `FTP` …, as it stands before `::` in notes."""
    src: str
    dst: str
    port: int | None
    failures: int
    success: bool
    user: str | None = None
    seen: bool = True
    """The outcome was seen; where it is encrypted, each try is counted among the failures."""


def _told(service: str, event: FlowEvent, success: bool, user: str | None = None) -> Login:
    return Login(service, event.orig_h, event.resp_h, event.resp_p, int(not success), success, user)


def _ssh(event: Ssh) -> Login | None:
    """Both are inferred from sizes; without a try (a banner scan) there is nothing to say."""
    if event.auth_success is None or not event.auth_attempts:
        return None
    success = bool(event.auth_success)
    return Login("SSH", event.orig_h, event.resp_h, event.resp_p, event.auth_attempts - success, success)


def _ftp(event: Ftp) -> Login | None:
    """A refused PASS; any other command comes from someone who is in (RFC 959 §5.4)."""
    if event.command == "PASS":
        return (
            _told("FTP", event, event.reply_code not in (430, 530), event.user) if event.reply_code else None
        )
    return None if event.user in _GUESTS else _told("FTP", event, success=True, user=event.user)


def _smtp(event: Smtp) -> Login | None:
    return None if event.auth_success is None else _told("SMTP", event, event.auth_success, event.auth_user)


def _http(event: Http) -> Login | None:
    """A secret sent in the request's own header (RFC 7617, RFC 7616). NTLM and Kerberos answer 401 by design."""
    status = event.status_code
    if status is None or (event.authorization or "").lower() not in ("basic", "digest"):
        return None
    if status in (401, 407) or status < 400:
        return _told("HTTP", event, status < 400, event.username)
    return None


def _ntlm(event: Ntlm) -> Login | None:
    if event.success is None or not event.username:
        return None
    user = f"{event.domainname}\\{event.username}" if event.domainname else event.username
    return _told("NTLM", event, event.success, user)


def _kerberos(event: Kerberos) -> Login | None:
    """A log-in is an AS exchange; that pre-authentication is asked for first is no failure."""
    if (
        event.request_type != "AS"
        or event.success is None
        or (event.client or "").partition("/")[0].endswith("$")
    ):
        return None
    if not event.success and event.error_code not in _REFUSED_BY_KERBEROS:
        return None
    return _told("KERBEROS", event, event.success, event.client)


def _ldap(event: Ldap) -> Login | None:
    """A bind (RFC 4511 §4.2); an anonymous one proves nothing."""
    if not (event.opcode or "").startswith("bind"):
        return None
    if event.result == "invalid credentials":
        return _told("LDAP", event, success=False, user=event.object)
    return (
        _told("LDAP", event, success=True, user=event.object)
        if event.result == "success" and event.object
        else None
    )


def _mysql(event: Mysql) -> Login | None:
    if event.cmd != "login" or event.success is None:
        return None
    return _told("MYSQL", event, event.success, event.arg or None)


def _postgresql(event: Postgresql) -> Login | None:
    """Refusals have SQLSTATE class 28; a server that asks for nothing lets everybody in."""
    if event.success is False and "Code=28" in (event.backend_arg or ""):
        return _told("POSTGRESQL", event, success=False, user=event.user)
    if "auth_ok" in (event.backend or "").split(","):
        return _told("POSTGRESQL", event, success=True, user=event.user)
    return None


def _redis(event: Redis) -> Login | None:
    if event.cmd_name.upper() != "AUTH" or event.success is None:
        return None
    return _told("REDIS", event, event.success)


def _mqtt(event: MqttConnect) -> Login | None:
    status = (event.connect_status or "").lower()
    if not event.username or not status:
        return None
    if "accepted" in status:
        return _told("MQTT", event, success=True, user=event.username)
    refused = "user name" in status or "password" in status or "authoriz" in status
    return _told("MQTT", event, success=False, user=event.username) if refused else None


def _rfb(event: Rfb) -> Login | None:
    return (
        None
        if event.auth is None or event.authentication_method == "None"
        else _told("VNC", event, event.auth)
    )


def _radius(event: Radius) -> Login | None:
    """The one who asks is the network's own device: who tries is named by the user's hardware address."""
    if event.result not in ("success", "failed") or event.mac is None:
        return None
    login = _told("RADIUS", event, event.result == "success", event.username)
    return login._replace(src=event.mac)


def _rdp(event: Rdp) -> Login | None:
    """What follows is encrypted: tries are counted, whatever became of them."""
    return _told("RDP", event, success=False, user=event.cookie)._replace(seen=False)


def _auth(event: Auth) -> Login | None:
    """A service's own log. Attempts on the machine itself have no one who could be shut out."""
    if event.src is None:
        return None
    dst = event.host or event.source
    service, failures = event.service.upper(), int(not event.success)
    return Login(service, event.src, dst, None, failures, event.success, event.user)


LOGINS: dict[str, Callable[[Any], Login | None]] = {
    "auth": _auth,
    "ftp": _ftp,
    "http": _http,
    "kerberos": _kerberos,
    "ldap": _ldap,
    "mqtt_connect": _mqtt,
    "mysql": _mysql,
    "ntlm": _ntlm,
    "postgresql": _postgresql,
    "radius": _radius,
    "rdp": _rdp,
    "redis": _redis,
    "rfb": _rfb,
    "smtp": _smtp,
    "ssh": _ssh,
}
"""By kind of event."""
