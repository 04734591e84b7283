"""SYN packets of our hosts (RFC 9293): no flow is needed for them, and each host is looked at once an hour."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.address import address_text
from sentinel.decode.packet import TcpFlag
from sentinel.event import TcpSyn
from sentinel.flow.zones import Zones
from sentinel.network import NetworkSet

__all__ = ["SynReader"]

_FLAGS: Final = int(TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST | TcpFlag.FIN)
_KINDS: Final = {0: "eol", 1: "nop", 2: "mss", 3: "ws", 4: "sok", 8: "ts"}
_AGAIN: Final = 3600 * 10**9
"""Nanoseconds after which a host that opens connections as before is told again."""
_HOSTS: Final = 1 << 16
_WAYS: Final = 4
"""Ways of opening connections remembered of one host: several stand behind an address that translates."""
_LOOKED_AT: Final = 256
"""SYN packets looked at in one batch, at most: a flood is no use."""

_Way = tuple[int, int, str, int | None, int | None]


class SynReader:
    """Give it every batch's rows. Bounded: the host not looked at for longest is forgotten first."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._ours = NetworkSet(networks)
        self._hosts: OrderedDict[tuple[str | None, str], dict[_Way, int]] = OrderedDict()

    def read(self, rows: NDArray[Any], data: NDArray[np.uint8], zones: Zones) -> list[TcpSyn]:
        """What is new in a batch."""
        if self._ours.empty:
            return []
        found = []
        rows = rows[np.flatnonzero((rows["tcp_flags"] & _FLAGS) == TcpFlag.SYN)[:_LOOKED_AT]]
        for row, zone in zip(rows, zones.of(rows).tolist(), strict=True):
            event = self._look(row, data, zones.name(zone))
            if event is not None:
                found.append(event)
        return found

    def _look(self, row: Any, data: NDArray[np.uint8], zone: str | None) -> TcpSyn | None:
        host = address_text(int(row["src_hi"]), int(row["src_lo"]))
        if host not in self._ours:
            return None
        options = _options_of(row, data)
        if options is None:
            return None
        names, mss, scale = _read_options(options)
        way = (int(row["ttl"]), int(row["window"]), names, mss, scale)
        ts = int(row["ts"])
        if not self._is_news((zone, host), way, ts):
            return None
        return TcpSyn(
            ts=ts / 1e9,
            host=host,
            zone=zone,
            ttl=way[0],
            window=way[1],
            options=names,
            mss=mss,
            scale=scale,
        )

    def _is_news(self, host: tuple[str | None, str], way: _Way, ts: int) -> bool:
        ways = self._hosts.setdefault(host, {})
        self._hosts.move_to_end(host)
        if len(self._hosts) > _HOSTS:
            self._hosts.popitem(last=False)
        told = ways.pop(way, None)
        news = told is None or ts - told >= _AGAIN
        ways[way] = ts if told is None or news else told
        if len(ways) > _WAYS:
            del ways[min(ways, key=lambda one: ways[one])]
        return news


def _options_of(row: Any, data: NDArray[np.uint8]) -> bytes | None:
    """The bytes between the TCP header and the payload; None where they are not all there."""
    network, payload = int(row["network"]), int(row["payload"])
    if row["buffer"] or network < 0 or payload > len(data):
        return None
    if row["ip_version"] == 4:
        header = network + 4 * (int(data[network]) & 15)
    elif data[network + 6] == 6:
        header = network + 40
    else:
        return None  # extension headers before it
    return data[header + 20 : payload].tobytes() if header + 20 <= payload else None


def _read_options(options: bytes) -> tuple[str, int | None, int | None]:
    """Names in order, maximum segment size, and scale of the window; what is cut short ends the list."""
    names: list[str] = []
    mss = scale = None
    at = 0
    while at < len(options):
        kind = options[at]
        names.append(_KINDS.get(kind) or f"?{kind}")
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            break
        if kind == 2 and size == 4:
            mss = int.from_bytes(options[at + 2 : at + 4], "big")
        elif kind == 3 and size == 3:
            scale = options[at + 2]
        at += size
    return ",".join(names), mss, scale
