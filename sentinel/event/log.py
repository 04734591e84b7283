"""`log`: one record of another program's log, in the field names that Sigma rules use for it (our own kind)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sentinel.event.event import Event

__all__ = ["Log"]

_ORIGINATORS = (
    "src_ip",
    "c-ip",
    "id.orig_h",
    "SourceIp",
    "IpAddress",
    "ClientAddress",
    "sourceIPAddress",
    "addr",
    "rhost",
    "SourceAddress",
    "source.ip",
    "client.ip",
    "ClientIP",
    "client_ip",
    "clientip",
    "remote_addr",
    "srcip",
    "callerIpAddress",
    "源IP",
)
_ORIGINATOR_PORTS = ("src_port", "id.orig_p", "SourcePort", "IpPort", "c-port")
_RESPONDERS = (
    "dst_ip",
    "s-ip",
    "r-ip",
    "id.resp_h",
    "DestinationIp",
    "DestAddress",
    "destination.ip",
    "dstip",
    "目的IP",
)
_RESPONDER_PORTS = ("dst_port", "s-port", "r-port", "id.resp_p", "DestinationPort", "DestPort")


class Log(Event, kw_only=True):
    """A record as its source wrote it. A line that no format explains has one field, `message`."""

    kind: ClassVar[str] = "log"

    product: str | None = None
    """`product` of the Sigma logsource that the record belongs to: `windows`, `linux`, `zeek` …"""
    category: str | None = None
    """`category` of the Sigma logsource: `webserver`, `process_creation` …"""
    service: str | None = None
    """`service` of the Sigma logsource: `security`, `auditd`, `nginx` …"""
    source: str
    """Name of the configured source, or of the file that was replayed."""
    host: str | None = None
    """Who wrote the record: a name or an address."""
    fields: dict[str, Any]
    """Sigma's field names for that logsource and their values: text, numbers, booleans, lists, nested mappings."""

    def field(self, name: str) -> Any:
        """A field by its own name, else by dots as a path into nested mappings; None where there is none."""
        return _nested(self.fields, name)

    @property
    def orig_h(self) -> str | None:
        """The address that the record blames, under whichever of Sigma's names it stands."""
        return _text(self._first(_ORIGINATORS))

    @property
    def orig_p(self) -> int | None:
        """That address's port."""
        return _port(self._first(_ORIGINATOR_PORTS))

    @property
    def resp_h(self) -> str | None:
        """The address that was asked, else the host that wrote the record."""
        return _text(self._first(_RESPONDERS)) or self.host

    @property
    def resp_p(self) -> int | None:
        """The port that was asked."""
        return _port(self._first(_RESPONDER_PORTS))

    def _first(self, names: tuple[str, ...]) -> Any:
        for name in names:
            value = self.field(name)
            if value not in (None, "", "-"):
                return value
        return None


def _nested(fields: Mapping[str, Any], name: str) -> Any:
    if name in fields:
        return fields[name]
    head, dot, rest = name.partition(".")
    inner = fields.get(head) if dot else None
    return _nested(inner, rest) if isinstance(inner, Mapping) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _port(value: Any) -> int | None:
    try:
        port = int(value)
    except (TypeError, ValueError):
        return None
    return port if 0 <= port <= 65535 else None
