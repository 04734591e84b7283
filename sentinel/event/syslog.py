"""`syslog`: one message seen on its way to a log server (Zeek's syslog.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Syslog"]


class Syslog(FlowEvent, kw_only=True):
    """One message."""

    kind: ClassVar[str] = "syslog"

    proto: str
    """`udp` or `tcp`."""
    facility: str
    """`KERN`, `AUTH`, `LOCAL0` …"""
    severity: str
    """`EMERG` … `DEBUG`"""
    message: str
    """What follows the priority."""
