"""`conn`: the account of one flow, written when it ends (Zeek's conn.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Conn"]


class Conn(FlowEvent, kw_only=True):
    """One flow from its first packet to its last."""

    kind: ClassVar[str] = "conn"

    proto: str
    """`tcp`, `udp`, `icmp`, `sctp` or `unknown_transport`."""
    service: str | None = None
    """Protocols recognised by content, comma-separated."""
    duration: float | None = None
    """Seconds between first and last packet; absent for a single packet."""
    orig_bytes: int | None = None
    """Payload bytes from the originator (TCP: by sequence numbers)."""
    resp_bytes: int | None = None
    conn_state: str | None = None
    """Zeek's summary of the TCP states: S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH."""
    local_orig: bool | None = None
    local_resp: bool | None = None
    missed_bytes: int | None = None
    """Bytes missing from reassembly (gaps)."""
    history: str | None = None
    """Zeek's history letters: upper case from the originator, lower case from the responder."""
    orig_pkts: int | None = None
    orig_ip_bytes: int | None = None
    """Bytes by the IP headers' total length."""
    resp_pkts: int | None = None
    resp_ip_bytes: int | None = None
    tunnel_parents: list[str] | None = None
    """uids of the flows that carried this one."""
    vlan: int | None = None
    inner_vlan: int | None = None
    orig_l2_addr: str | None = None
    resp_l2_addr: str | None = None
    community_id: str | None = None
    """Community ID v1 (https://github.com/corelight/community-id-spec)."""
    ip_proto: int | None = None
