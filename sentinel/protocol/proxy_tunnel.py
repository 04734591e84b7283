"""What a proxy lets through: as in Zeek, a tunnel whose originator has no port, since many flows may share it."""

from __future__ import annotations

from sentinel.event.tunnel import Tunnel
from sentinel.protocol.analyzer import Emit, Endpoints

__all__ = ["emit_tunnel"]


def emit_tunnel(flow: Endpoints, emit: Emit, ts: float, tunnel_type: str) -> None:
    """Tell that `flow` carries other protocols from now on. `tunnel_type`: `Tunnel::HTTP`, `Tunnel::SOCKS`."""
    emit(
        Tunnel(
            ts=ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=0,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            tunnel_type=tunnel_type,
            action="Tunnel::DISCOVER",
        )
    )
