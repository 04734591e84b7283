"""`ntp`: one NTP message (Zeek's ntp.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ntp"]


class Ntp(FlowEvent, kw_only=True):
    """A message of modes 1 to 5 (RFC 5905 §7.3). Times are seconds since 1970 UTC, 0 where not set."""

    kind: ClassVar[str] = "ntp"

    version: int
    mode: int
    """1 and 2 symmetric, 3 client, 4 server, 5 broadcast."""
    stratum: int
    poll: float
    """Seconds between messages at most."""
    precision: float
    """Seconds."""
    root_delay: float
    root_disp: float
    ref_id: str
    """Kiss code (stratum 0), name of the reference clock (1) or its address (above)."""
    ref_time: float
    org_time: float
    rec_time: float
    xmt_time: float
    num_exts: int
    """Extension fields behind the header."""
