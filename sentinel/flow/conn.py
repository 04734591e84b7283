"""`conn` events of flows that ended, made from columns."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.address import address_text, mac_text
from sentinel.event import Conn
from sentinel.flow.community import community_id
from sentinel.flow.record import FLOW, HISTORY_LENGTH, Endpoint, State
from sentinel.flow.table import FlowTable

__all__ = ["ConnWriter", "Labels", "conn_state"]

Labels = Callable[[int], tuple[str | None, list[str] | None]]
"""Gives a flow's service and its tunnel parents' uids."""

_PROTO = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp", 132: "sctp"}
_FIN = int(Endpoint.FIN)
_PAIR = struct.Struct("!QQ")
_HISTORY = int(FLOW.fields["history0"][1]) if FLOW.fields else 0


def _tcp_state(orig: int, resp: int, empty: bool) -> str:
    """Zeek's summary of two TCP states. `empty`: no payload either way."""
    inactive = (State.INACTIVE, State.PARTIAL)
    if resp == State.RESET:
        if orig in (State.SYN_SENT, State.SYN_ACK_SENT) or (orig == State.RESET and empty):
            return "REJ"
        return "RSTRH" if orig in inactive else "RSTR"
    if orig == State.RESET:
        return "RSTOS0" if resp in inactive else "RSTO"
    if orig == State.CLOSED:
        if resp == State.CLOSED:
            return "SF"
        return "SH" if resp in inactive else "S2"
    if resp == State.CLOSED:
        return "SHR" if orig in inactive else "S3"
    if orig == State.SYN_SENT and resp == State.INACTIVE:
        return "S0"
    if orig == State.ESTABLISHED and resp == State.ESTABLISHED:
        return "S1"
    return "OTH"


_TCP_STATES = {
    (int(orig), int(resp), empty): _tcp_state(orig, resp, empty)
    for orig in State
    for resp in State
    for empty in (False, True)
}


def conn_state(orig: int, resp: int, proto: int, empty: bool) -> str:
    """Zeek's `conn_state` from both endpoints' states. `empty`: no payload either way."""
    if proto == 6:
        return _TCP_STATES[orig, resp, empty]
    if proto != 17:
        return "OTH"
    if orig:
        return "SF" if resp else "S0"
    return "SHR" if resp else "OTH"


def _size(last: int, acked: int, flags: int) -> int:
    """Payload bytes by sequence numbers: SYN and FIN take one each."""
    size = max(last, acked)
    if size > 0:
        size -= 1
    if size > 0 and flags & _FIN:
        size -= 1
    return max(size, 0)


class ConnWriter:
    """Turns ended flows of one table into `conn` events."""

    def __init__(self, table: FlowTable, local_networks: Sequence[str]) -> None:
        self._table = table
        networks = [ipaddress.ip_network(network, strict=False) for network in local_networks]
        self._local4 = tuple(
            (int(network.netmask), int(network.network_address))
            for network in networks
            if network.version == 4
        )
        self._local6 = tuple(
            (int(network.netmask), int(network.network_address))
            for network in networks
            if network.version == 6
        )

    def _is_local(self, hi: int, lo: int) -> bool:
        if hi == 0 and lo >> 32 == 0xFFFF:
            address, prefixes = lo & 0xFFFFFFFF, self._local4
        else:
            address, prefixes = hi << 64 | lo, self._local6
        for mask, prefix in prefixes:
            if address & mask == prefix:
                return True
        return False

    def events(self, ended: NDArray[np.int32], labels: Labels) -> list[Conn]:
        """One event for each flow of `ended` in that order, carriers left out."""
        if not len(ended):
            return []
        tables = self._table.tables
        flows = tables.flows[ended]
        origs, resps = tables.ends[2 * ended], tables.ends[2 * ended + 1]
        uids = tables.uids[ended].tobytes().decode("ascii")
        letters = flows.view(np.uint8).reshape(len(flows), -1)[:, _HISTORY : _HISTORY + HISTORY_LENGTH]
        zone_names = self._table.zone_names
        columns = zip(
            ended.tolist(),
            *(
                flows[name].tolist()
                for name in (
                    "flags first_ts last_ts proto orig_hi orig_lo resp_hi resp_lo orig_port resp_port "
                    "history_len vlan inner_vlan orig_mac resp_mac zone"
                ).split()
            ),
            *(
                side[name].tolist()
                for side in (origs, resps)
                for name in "state pkts ip_bytes payload_bytes missed last acked flags".split()
            ),
            strict=True,
        )
        events: list[Conn] = []
        at = -18
        for row, (
            flow, flags, first, last, proto, ohi, olo, rhi, rlo, oport, rport,
            history_len, vlan, inner_vlan, omac, rmac, zone,
            ostate, opkts, oip, obytes, omissed, olast, oacked, oflags,
            rstate, rpkts, rip, rbytes, rmissed, rlast, racked, rflags,
        ) in enumerate(columns):  # fmt: skip
            at += 18
            if flags & 2:
                continue
            if proto == 6:
                obytes, rbytes = _size(olast, oacked, oflags), _size(rlast, racked, rflags)
            v4 = ohi == 0 and olo >> 32 == 0xFFFF
            if v4:
                opacked, rpacked = (olo & 0xFFFFFFFF).to_bytes(4), (rlo & 0xFFFFFFFF).to_bytes(4)
            else:
                opacked, rpacked = _PAIR.pack(ohi, olo), _PAIR.pack(rhi, rlo)
            service, parents = labels(flow)
            lasted = last > first
            events.append(
                Conn(
                    ts=first / 1e9,
                    uid=uids[at : at + 18],
                    orig_h=address_text(ohi, olo),
                    orig_p=oport,
                    resp_h=address_text(rhi, rlo),
                    resp_p=rport,
                    proto=_PROTO.get(proto, "unknown_transport"),
                    service=service,
                    duration=(last - first) / 1e9 if lasted else None,
                    orig_bytes=obytes if lasted else None,
                    resp_bytes=rbytes if lasted else None,
                    conn_state=conn_state(ostate, rstate, proto, obytes == 0 and rbytes == 0),
                    local_orig=self._is_local(ohi, olo),
                    local_resp=self._is_local(rhi, rlo),
                    missed_bytes=omissed + rmissed,
                    history=letters[row, :history_len].tobytes().decode("ascii") if history_len else None,
                    orig_pkts=opkts,
                    orig_ip_bytes=oip,
                    resp_pkts=rpkts,
                    resp_ip_bytes=rip,
                    tunnel_parents=parents,
                    vlan=vlan if vlan >= 0 else None,
                    inner_vlan=inner_vlan if inner_vlan >= 0 else None,
                    orig_l2_addr=mac_text(omac) if omac else None,
                    resp_l2_addr=mac_text(rmac) if rmac else None,
                    community_id=community_id(opacked, rpacked, oport, rport, proto),
                    ip_proto=proto,
                    zone=zone_names[zone] or None,
                )
            )
        return events
