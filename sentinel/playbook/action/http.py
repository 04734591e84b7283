"""An HTTP request: to where it may go, with secrets filled in at the last moment."""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.secret import Secrets
from sentinel.text import Message

__all__ = ["HttpRequest"]

_MOST = 256 << 10
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_PATIENCE = 30.0


class HttpRequest(Act):
    """Names are looked up once; the address that was judged is the one that is called. Redirects are not followed."""

    name = "http"
    parameters = {
        "url": Parameter("string"),
        "method": Parameter("string", False),
        "headers": Parameter("dictionary", False),
        "body": Parameter("string", False),
        "json": Parameter("dictionary", False),
        "verify": Parameter("bool", False),
    }

    def __init__(self, secrets: Secrets, inside: Iterable[str] = ()) -> None:
        self._secrets = secrets
        self._inside = [ipaddress.ip_network(network, strict=False) for network in inside]

    def changes(self, arguments: Mapping[str, Any]) -> bool:
        return str(arguments.get("method") or "GET").upper() not in ("GET", "HEAD")

    async def act(self, call: Call) -> Result:
        """`status`, `body` and, where the answer is a JSON object, `json` for `save`; 400 and above is a failure."""
        return await asyncio.to_thread(self._request, dict(call.arguments))

    def _request(self, arguments: dict[str, Any]) -> Result:
        parts = _split(arguments["url"])
        address = self._address(parts)
        headers = {str(k): self._secrets.fill(str(v)) for k, v in (arguments.get("headers") or {}).items()}
        body: bytes | None = None
        if arguments.get("json") is not None:
            document = json.dumps(arguments["json"], ensure_ascii=False)
            body = self._secrets.fill(document, lambda value: json.dumps(value)[1:-1]).encode()
            headers.setdefault("Content-Type", "application/json")
        elif arguments.get("body") is not None:
            body = self._secrets.fill(arguments["body"]).encode()
        method = (arguments.get("method") or "GET").upper()
        if method not in _METHODS or any(
            "\n" in line or "\r" in line for one in headers.items() for line in one
        ):
            raise ActionFailed(Message("playbook.bad-url", reason=method))
        target = self._secrets.fill((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        connection = _connection(parts, address, verify=arguments.get("verify") is not False)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            said = answer.read(_MOST)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ActionFailed(Message("playbook.http-failed", reason=error)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise ActionFailed(Message("playbook.http-status", status=answer.status))
        return Result(
            {"status": answer.status, "body": said.decode("utf-8", "replace"), "json": _object(said)}
        )

    def _address(self, parts: SplitResult) -> str:
        """The address to call, and none that a stranger's text could lead inside to."""
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 0, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ActionFailed(Message("playbook.http-failed", reason=error)) from error
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            address = getattr(address, "ipv4_mapped", None) or address
            if not self._may(address):
                raise ActionFailed(Message("playbook.bad-url", reason=address))
        return str(found[0][4][0])

    def _may(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if any(address in network for network in self._inside if network.version == address.version):
            return True
        return not (
            address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ActionFailed(Message("playbook.bad-url", reason=error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port == 0:
        raise ActionFailed(Message("playbook.bad-url", reason=parts.scheme or "-"))
    return parts


def _connection(parts: SplitResult, address: str, *, verify: bool) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        plain = http.client.HTTPConnection(host, parts.port or 80, timeout=_PATIENCE)
        plain._create_connection = lambda _, *more: socket.create_connection((address, plain.port), *more)  # type: ignore[attr-defined]
        return plain
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    secure = http.client.HTTPSConnection(host, parts.port or 443, timeout=_PATIENCE, context=context)
    secure._create_connection = lambda _, *more: socket.create_connection((address, secure.port), *more)  # type: ignore[attr-defined]
    return secure


def _object(said: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
