"""The syslog channel: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octets counted) or TLS (RFC 5425)."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult

from sentinel.notify.cef import cef_line
from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import ChannelSettings
from sentinel.text import text

__all__ = ["SCHEMES", "report", "syslog_message"]

SCHEMES: Final = {"syslog+udp": 514, "syslog+tcp": 601, "syslog+tls": 6514}
"""Schemes of a channel's address, with their ports (IANA)."""
_LONGEST_DATAGRAM: Final = 2048
"""Bytes that a receiver of datagrams should take (RFC 5426, section 3.2)."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "]": "\\]"})
_SEVERITIES: Final = {"1": 1, "2": 2, "3": 3, "4": 4}
"""Alert, critical, error, warning (RFC 5424, section 6.2.1), by the incident's level."""
_ALERTS: Final = {"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}
"""The same for a single alert, by Sigma's level: critical, error, warning, notice, informational."""
_DRILL: Final = 5
_MEMBERS: Final = (
    "id number code grade severity category department alerts attacker attacker_port victim victim_port zone rule tags"
    " person due drill"
).split()


def report(channel: ChannelSettings, url: SplitResult, *said: Mapping[str, str]) -> None:
    """Send a message of each of these fields. Blocks. Raises DeliveryError.

    Syslog knows no acknowledgement. Over TCP and TLS the messages count as delivered once the other side closed the
    connection after us, or kept it open without complaint for as long as we wait.
    """
    port = url.port or SCHEMES[url.scheme]
    messages = [syslog_message(channel, fields) for fields in said]
    try:
        if url.scheme == "syslog+udp":
            _datagrams(url.hostname or "", port, messages, channel.timeout)
        else:
            frames = b"".join(b"%d %b" % (len(message), message) for message in messages)
            _stream(url, port, frames, channel)
    except OSError as error:
        raise DeliveryError(
            text("notify.unreachable", reason=error.strerror or type(error).__name__)
        ) from error


def syslog_message(channel: ChannelSettings, fields: Mapping[str, str]) -> bytes:
    """The message in the channel's form, without a frame."""
    severity = _DRILL if fields.get("drill") else _severity(fields)
    ts = float(fields.get("ts") or 0)
    stamp = datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if ts else "-"
    host = socket.gethostname()
    host = host if host and host.isascii() and host.isprintable() and " " not in host else "-"
    code = fields.get("code", "-")
    head = f"<{channel.facility * 8 + severity}>1 {stamp} {host[:255]} sentinel - {code[:32]} "
    if channel.form == "cef":
        return f"{head}- {cef_line(fields)}".encode("utf-8", "replace")
    members = "".join(f' {name}="{_quoted(fields[name])}"' for name in _MEMBERS if fields.get(name))
    words = _CONTROL.sub(" ", fields.get("text", ""))
    data = f"{head}[sentinel@{channel.enterprise}{members}] "
    return data.encode("utf-8", "replace") + b"\xef\xbb\xbf" + words.encode("utf-8", "replace")


def _severity(fields: Mapping[str, str]) -> int:
    return _SEVERITIES.get(fields.get("grade", ""), 0) or _ALERTS.get(fields.get("severity", ""), 4)


def _quoted(value: str) -> str:
    return _CONTROL.sub(" ", value).translate(_QUOTED)


def _datagrams(host: str, port: int, messages: Sequence[bytes], timeout: float) -> None:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as sender:
        sender.settimeout(timeout)
        sender.connect(address)
        for message in messages:
            sender.send(_cut(message))


def _cut(message: bytes) -> bytes:
    """As much of it as goes into one datagram, without half a character."""
    if len(message) <= _LONGEST_DATAGRAM:
        return message
    return message[:_LONGEST_DATAGRAM].decode("utf-8", "ignore").encode()


def _stream(url: SplitResult, port: int, frames: bytes, channel: ChannelSettings) -> None:
    with socket.create_connection((url.hostname or "", port), channel.timeout) as plain:
        if url.scheme == "syslog+tcp":
            plain.sendall(frames)
            _farewell(plain)
            return
        with channel.tls().wrap_socket(plain, server_hostname=url.hostname) as secured:
            secured.sendall(frames)
            _farewell(secured)


def _farewell(connection: socket.socket) -> None:
    """Say that nothing follows, and wait for the other side's end.

    A reset is an error, and with TLS an end without its `close_notify` (RFC 5425, section 4.4): so ends who did not
    take our certificate.
    """
    try:
        if isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
        else:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1024):
                pass
    except TimeoutError:
        return
