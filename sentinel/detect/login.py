"""Log-ins: how each kind of event tells that someone tried to log in, and whether it worked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sentinel.event import Auth, Ftp, Http, Smtp, Ssh

__all__ = ["LOGINS", "Login"]


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


def _ssh(event: Ssh) -> Login | None:
    """Both are inferred from sizes; without a try (a banner scan) there is nothing to say."""
    if event.auth_success is None or not event.auth_attempts:
        return None
    success = bool(event.auth_success)
    return Login("SSH", event.orig_h, event.resp_h, event.resp_p, event.auth_attempts - success, success)


def _ftp(event: Ftp) -> Login | None:
    """A refused PASS; any other command comes from someone who is in (RFC 959 §5.4)."""
    ends = (event.orig_h, event.resp_h, event.resp_p)
    if event.command == "PASS" and event.reply_code:
        refused = event.reply_code in (430, 530)
        return Login("FTP", *ends, int(refused), not refused, event.user)
    if event.command == "PASS" or event.user in (None, "<unknown>", "anonymous", "ftp"):
        return None
    return Login("FTP", *ends, 0, success=True, user=event.user)


def _smtp(event: Smtp) -> Login | None:
    if event.auth_success is None:
        return None
    ends = (event.orig_h, event.resp_h, event.resp_p)
    return Login("SMTP", *ends, int(not event.auth_success), event.auth_success, event.auth_user)


def _http(event: Http) -> Login | None:
    """A secret sent in the request's own header (RFC 7617, RFC 7616). NTLM and Kerberos answer 401 by design."""
    if event.status_code is None or (event.authorization or "").lower() not in ("basic", "digest"):
        return None
    ends = (event.orig_h, event.resp_h, event.resp_p)
    if event.status_code in (401, 407):
        return Login("HTTP", *ends, 1, success=False, user=event.username)
    success = event.status_code < 400
    return Login("HTTP", *ends, 0, success=True, user=event.username) if success else None


def _auth(event: Auth) -> Login | None:
    """A service's own log. Attempts on the machine itself have no one who could be shut out."""
    if event.src is None:
        return None
    dst = event.host or event.source
    return Login(
        event.service.upper(), event.src, dst, None, int(not event.success), event.success, event.user
    )


LOGINS: dict[str, Callable[[Any], Login | None]] = {
    "auth": _auth,
    "ftp": _ftp,
    "http": _http,
    "smtp": _smtp,
    "ssh": _ssh,
}
"""By kind of event."""
