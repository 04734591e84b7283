"""`ntlm`: one NTLM log-in, whatever protocol carries it (Zeek's ntlm.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Ntlm"]


class Ntlm(FlowEvent, kw_only=True):
    """One exchange of NTLM messages."""

    kind: ClassVar[str] = "ntlm"

    username: str | None = None
    """Absent for an anonymous log-in."""
    hostname: str | None = None
    """What the client calls itself."""
    domainname: str | None = None
    server_nb_computer_name: str | None = None
    """NetBIOS name of the server."""
    server_dns_computer_name: str | None = None
    server_tree_name: str | None = None
    """DNS name of the server's forest."""
    success: bool | None = None
    """Absent where the answer was not seen, or does not tell."""
