"""ARP (RFC 826): a plain function, since ARP has no flows."""

from __future__ import annotations

import struct
from socket import inet_ntoa
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.event.arp import Arp

__all__ = ["arp_event"]

_SIZE: Final = 28
_read = struct.Struct(">6xH6s4s6s4s").unpack
_OPERATIONS: Final = {1: "request", 2: "reply"}


def arp_event(row: Any, data: NDArray[np.uint8], zone: str | None = None) -> Arp | None:
    """The event of a row of status `ARP`, whose `network` is the place of the ARP header in `data`."""
    start = int(row["network"])
    header = data[start : start + _SIZE].tobytes() if start >= 0 else b""
    if len(header) < _SIZE:
        return None
    operation, sender_mac, sender, target_mac, target = _read(header)
    vlan = int(row["vlan"])
    frame_source = int(row["eth_src"]).to_bytes(8, "big")[2:]
    gratuitous = sender == target and operation in _OPERATIONS
    return Arp(
        ts=int(row["ts"]) / 1e9,
        operation="gratuitous" if gratuitous else _OPERATIONS.get(operation) or str(operation),
        sender_mac=sender_mac.hex(":"),
        sender_ip=inet_ntoa(sender),
        target_mac=target_mac.hex(":"),
        target_ip=inet_ntoa(target),
        eth_src=frame_source.hex(":") if any(frame_source) and frame_source != sender_mac else None,
        vlan=vlan if vlan >= 0 else None,
        zone=zone,
    )
