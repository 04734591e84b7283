"""An HTTP request: to where it may go, with secrets filled in at the last moment."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Container, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.guard import own_addresses
from sentinel.playbook.secret import Secrets
from sentinel.text import Message

__all__ = ["HttpRequest"]

_MOST = 256 << 10
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_PATIENCE = 30.0
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an address of IPv4."""


class _Line:
    """The way to a server, which the loop can cut while a thread waits at it."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._ends: list[socket.socket] = []
        self._cut = False

    def open(self, port: int, *more: Any) -> socket.socket:
        """To the first address that answers: a host without IPv6 goes on to that of IPv4."""
        for number, address in enumerate(self.addresses, 1):
            try:
                opened = socket.create_connection((address, port), *more)
            except OSError:
                if number == len(self.addresses):
                    raise
            else:
                break
        self._ends.append(opened.dup())  # TLS and the answer each take the socket itself away
        if self._cut:
            self.cut()
        return opened

    def cut(self) -> None:
        """End it, now or as soon as it is open; harmless where it has ended."""
        self._cut = True
        while self._ends:
            with self._ends.pop() as end, contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class HttpRequest(Act):
    """Names are looked up once; the addresses that were judged are those that are called. Redirects are not followed.

    This host, by loopback or by an address of its own, and link-local addresses are declared or not called.
    """

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
        line = _Line()
        try:
            return await asyncio.to_thread(self._request, dict(call.arguments), line)
        finally:
            line.cut()  # or a server that answers a letter a minute holds the thread for ever

    def _request(self, arguments: dict[str, Any], line: _Line) -> Result:
        parts = _split(arguments["url"])
        line.addresses = self._addresses(parts)
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
            "\n" in word or "\r" in word for one in headers.items() for word in one
        ):
            raise ActionFailed(Message("playbook.bad-url", reason=method))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = self._secrets.fill(target, lambda value: quote(value, safe=""))
        connection = _connection(parts, line, verify=arguments.get("verify") is not False)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            said = answer.read(_MOST)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = self._secrets.hide(str(error) or type(error).__name__)
            raise ActionFailed(Message("playbook.http-failed", reason=reason)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise ActionFailed(Message("playbook.http-status", status=answer.status))
        told = self._secrets.hide(said.decode("utf-8", "replace"))
        return Result({"status": answer.status, "body": told, "json": _object(told)})

    def _addresses(self, parts: SplitResult) -> list[str]:
        """The addresses to call, and none that a stranger's text could lead inside to."""
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 0, type=socket.SOCK_STREAM)
            own = own_addresses()
        except (OSError, UnicodeError) as error:
            raise ActionFailed(Message("playbook.http-failed", reason=error)) from error
        for *_, place in found:
            address = _meant(ipaddress.ip_address(str(place[0]).partition("%")[0]))
            if not self._may(address, own):
                raise ActionFailed(Message("playbook.bad-url", reason=address))
        return list(dict.fromkeys(str(place[0]) for *_, place in found))

    def _may(self, address: Address, own: Container[Address]) -> bool:
        if any(address in network for network in self._inside if network.version == address.version):
            return True
        return not (
            address in own
            or address.is_loopback
            or address.is_link_local
            or address.is_multicast
            or address.is_unspecified
        )


def _meant(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 stands for (mapped, 6to4, NAT64), or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ActionFailed(Message("playbook.bad-url", reason=error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port == 0:
        raise ActionFailed(Message("playbook.bad-url", reason=parts.scheme or "-"))
    return parts


def _connection(parts: SplitResult, line: _Line, *, verify: bool) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, parts.port or 80, timeout=_PATIENCE)
    else:
        context = ssl.create_default_context()
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=_PATIENCE, context=context)
    connection._create_connection = lambda _, *more: line.open(connection.port, *more)  # type: ignore[attr-defined]
    return connection


def _object(said: str) -> dict[str, Any] | None:
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
