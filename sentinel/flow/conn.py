"""`conn` events of flows that ended, made from columns."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.address import address_text, mac_text
from sentinel.event import Conn
from sentinel.flow.community import ID_LENGTH, community_ids
from sentinel.flow.record import FLOW, HISTORY_LENGTH, UID_LENGTH, Endpoint, FlowFlag, State
from sentinel.flow.table import FlowTable

__all__ = ["ConnWriter", "Labels"]

Labels = Callable[[Sequence[int]], tuple[Sequence[str | None], Sequence[list[str] | None]]]
"""Gives the services and the tunnel parents' uids of flows."""

_TCP, _UDP = 6, 17
_PROTO: Final = {_TCP: "tcp", _UDP: "udp", 1: "icmp", 58: "icmp", 132: "sctp"}
_FIN: Final = int(Endpoint.FIN)
_CARRIER: Final = int(FlowFlag.CARRIER)
_HISTORY: Final = int(FLOW.fields["history0"][1]) if FLOW.fields else 0
_MAPPED: Final = 0xFFFF
_HALF: Final = (1 << 64) - 1


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


def _udp_state(orig: int, resp: int, empty: bool) -> str:
    """Zeek's summary of who of a UDP flow's ends sent anything."""
    if orig:
        return "SF" if resp else "S0"
    return "SHR" if resp else "OTH"


def _other_state(orig: int, resp: int, empty: bool) -> str:
    return "OTH"


_STATES: Final = np.array(
    [
        summary(orig, resp, empty)
        for summary in (_tcp_state, _udp_state, _other_state)
        for orig in State
        for resp in State
        for empty in (False, True)
    ],
    object,
).reshape(3, len(State), len(State), 2)
"""`conn_state` by transport, both endpoints' states, and whether neither sent payload."""


def _conn_states(
    proto: NDArray[Any], orig: NDArray[Any], resp: NDArray[Any], empty: NDArray[np.bool_]
) -> list[str]:
    transport = np.where(proto == _TCP, 0, np.where(proto == _UDP, 1, 2))
    states: list[str] = _STATES[transport, orig, resp, empty.astype(np.int8)].tolist()
    return states


def _sizes(ends: NDArray[Any], tcp: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Payload bytes; of TCP by sequence numbers, of which SYN and FIN take one each."""
    reach = np.maximum(ends["last"], ends["acked"])
    by_number = np.maximum(reach - 1 - ((ends["flags"] & _FIN != 0) & (reach > 1)), 0)
    return np.where(tcp, by_number, ends["payload_bytes"])


def _where(values: NDArray[Any], present: NDArray[np.bool_]) -> list[Any]:
    """The values as a list, None where absent."""
    found = values.astype(object)
    found[~present] = None
    listed: list[Any] = found.tolist()
    return listed


class _Networks:
    """Which addresses of a column lie in declared networks."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._parts: list[tuple[bool, tuple[np.uint64, ...]]] = []
        for text in networks:
            network = ipaddress.ip_network(text, strict=False)
            mask, prefix = int(network.netmask), int(network.network_address)
            if network.version == 4:
                mask, prefix = mask | (1 << 128) - (1 << 32), prefix | _MAPPED << 32
            halves = (mask >> 64, mask & _HALF, prefix >> 64, prefix & _HALF)
            self._parts.append((network.version == 4, tuple(map(np.uint64, halves))))

    def hold(self, hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> list[bool]:
        """Of each address (halves as in FLOW), whether a network holds it."""
        found = np.zeros(len(hi), np.bool_)
        v4 = (hi == 0) & (lo >> np.uint64(32) == _MAPPED)
        for is_v4, (mask_hi, mask_lo, prefix_hi, prefix_lo) in self._parts:
            found |= (v4 == is_v4) & (hi & mask_hi == prefix_hi) & (lo & mask_lo == prefix_lo)
        return found.tolist()


class ConnWriter:
    """Turns ended flows of one table into `conn` events."""

    def __init__(self, table: FlowTable, local_networks: Sequence[str]) -> None:
        self._table = table
        self._local = _Networks(local_networks)

    def events(self, ended: NDArray[np.int32], labels: Labels) -> list[Conn]:
        """One event for each flow of `ended` in that order, carriers left out."""
        tables = self._table.tables
        ended = ended[tables.flows["flags"][ended] & _CARRIER == 0]
        if not len(ended):
            return []
        flows = tables.flows[ended]
        origs, resps = tables.ends[2 * ended], tables.ends[2 * ended + 1]
        services, parents = labels(ended.tolist())
        return [
            Conn(
                ts=ts,
                uid=uid,
                orig_h=orig_h,
                orig_p=orig_p,
                resp_h=resp_h,
                resp_p=resp_p,
                proto=_PROTO.get(proto, "unknown_transport"),
                service=service,
                duration=duration,
                orig_bytes=orig_bytes,
                resp_bytes=resp_bytes,
                conn_state=state,
                local_orig=local_orig,
                local_resp=local_resp,
                missed_bytes=missed,
                history=history or None,
                orig_pkts=orig_pkts,
                orig_ip_bytes=orig_ip_bytes,
                resp_pkts=resp_pkts,
                resp_ip_bytes=resp_ip_bytes,
                tunnel_parents=tunnel_parents,
                vlan=vlan,
                inner_vlan=inner_vlan,
                orig_l2_addr=mac_text(orig_mac) if orig_mac else None,
                resp_l2_addr=mac_text(resp_mac) if resp_mac else None,
                community_id=community_id,
                ip_proto=proto,
                zone=self._table.zones.name(zone),
            )
            for (
                ts, uid, orig_h, orig_p, resp_h, resp_p, proto, service, duration, orig_bytes, resp_bytes, state,
                local_orig, local_resp, missed, history, orig_pkts, orig_ip_bytes, resp_pkts, resp_ip_bytes,
                tunnel_parents, vlan, inner_vlan, orig_mac, resp_mac, community_id, zone,
            ) in zip(
                *self._identity(ended, flows),
                services,
                *self._account(flows, origs, resps),
                parents,
                *(_where(flows[name], flows[name] >= 0) for name in ("vlan", "inner_vlan")),
                *(flows[name].tolist() for name in ("orig_mac", "resp_mac")),
                _texts(self._community(flows), ID_LENGTH),
                flows["zone"].tolist(),
                strict=True,
            )
        ]  # fmt: skip

    def _identity(self, ended: NDArray[np.int32], flows: NDArray[Any]) -> tuple[Sequence[Any], ...]:
        """Columns ts, uid, the endpoints, and the transport."""
        return (
            (flows["first_ts"] / 1e9).tolist(),
            _texts(self._table.tables.uids[ended], UID_LENGTH),
            list(map(address_text, flows["orig_hi"].tolist(), flows["orig_lo"].tolist())),
            flows["orig_port"].tolist(),
            list(map(address_text, flows["resp_hi"].tolist(), flows["resp_lo"].tolist())),
            flows["resp_port"].tolist(),
            flows["proto"].tolist(),
        )

    def _account(
        self, flows: NDArray[Any], origs: NDArray[Any], resps: NDArray[Any]
    ) -> tuple[Sequence[Any], ...]:
        """Columns from `duration` to `resp_ip_bytes`."""
        tcp = flows["proto"] == _TCP
        lasted = flows["last_ts"] > flows["first_ts"]
        orig_bytes, resp_bytes = _sizes(origs, tcp), _sizes(resps, tcp)
        empty = (orig_bytes == 0) & (resp_bytes == 0)
        return (
            _where((flows["last_ts"] - flows["first_ts"]) / 1e9, lasted),
            _where(orig_bytes, lasted),
            _where(resp_bytes, lasted),
            _conn_states(flows["proto"], origs["state"], resps["state"], empty),
            self._local.hold(flows["orig_hi"], flows["orig_lo"]),
            self._local.hold(flows["resp_hi"], flows["resp_lo"]),
            (origs["missed"] + resps["missed"]).tolist(),
            _histories(flows),
            *(side[name].tolist() for side in (origs, resps) for name in ("pkts", "ip_bytes")),
        )

    def _community(self, flows: NDArray[Any]) -> NDArray[np.uint8]:
        ids = np.zeros((len(flows), ID_LENGTH), np.uint8)
        community_ids(flows, ids)
        return ids


def _texts(letters: NDArray[np.uint8], width: int) -> list[str]:
    """ASCII rows of one width as texts."""
    text = letters.tobytes().decode("ascii")
    return [text[at : at + width] for at in range(0, len(text), width)]


def _histories(flows: NDArray[Any]) -> list[str]:
    """History letters of each flow."""
    letters = flows.view(np.uint8).reshape(len(flows), -1)[:, _HISTORY : _HISTORY + HISTORY_LENGTH]
    text = letters.tobytes().decode("ascii")
    starts = range(0, len(text), HISTORY_LENGTH)
    return [text[at : at + length] for at, length in zip(starts, flows["history_len"].tolist(), strict=True)]
