"""`dhcp`: one DHCP transaction over all its flows (Zeek's dhcp.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Dhcp"]


class Dhcp(Event, kw_only=True):
    """The messages of one client with one transaction id (RFC 2131)."""

    kind: ClassVar[str] = "dhcp"

    uids: list[str]
    """Flows that carried them: broadcasts and answers are different flows."""
    client_addr: str | None = None
    """The client's address, where it has one, else what it was given."""
    server_addr: str | None = None
    """The server that gave an address, by its packet's source."""
    mac: str | None = None
    """The client's, `aa:bb:cc:dd:ee:ff`."""
    host_name: str | None = None
    client_fqdn: str | None = None
    domain: str | None = None
    requested_addr: str | None = None
    assigned_addr: str | None = None
    lease_time: float | None = None
    """Seconds."""
    client_message: str | None = None
    server_message: str | None = None
    msg_types: list[str]
    """`DISCOVER`, `OFFER`, `REQUEST`, `ACK` … in order."""
    duration: float
    """Seconds from the first message to the last."""
    servers: list[str] | None = None
    """Every server that answered: more than one where a stranger hands out addresses."""
    vendor_class: str | None = None
    """What the client is (option 60)."""
    param_list: str | None = None
    """Options the client asks for (option 55), as `1,3,6,15`: a fingerprint of its system."""
