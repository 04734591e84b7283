"""SYN packets of our hosts (RFC 9293): no flow is needed for them, and each host is looked at once an hour."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.address import address_text
from sentinel.decode.packet import TcpFlag
from sentinel.event import TcpSyn
from sentinel.flow.zones import Zones
from sentinel.network import NetworkSet

__all__ = ["SynReader"]

_FLAGS: Final = int(TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST | TcpFlag.FIN)
_KINDS: Final = {0: "eol", 1: "nop", 2: "mss", 3: "ws", 4: "sok", 5: "sack", 8: "ts"}
_SIZES: Final = {2: 4, 3: 3, 4: 2, 8: 10}
_RESERVED: Final = 0x0E
"""Of the byte that begins with the offset of the data; bit 1 is ECN's (RFC 3540, RFC 9768)."""
_AGAIN: Final = 3600 * 10**9
"""Nanoseconds after which a host that opens connections as before is told again."""
_HOSTS: Final = 1 << 16
_WAYS: Final = 4
"""Ways of opening connections remembered of one host: several stand behind an address that translates."""
_LOOKED_AT: Final = 256
"""SYN packets looked at in one batch, at most: a flood is no use."""

_LONGEST_SCALE: Final = 14
"""RFC 7323 §2.3."""


class _Way(NamedTuple):
    """How a connection is opened, as the event has it."""

    ttl: int
    window: int
    options: str
    mss: int | None
    scale: int | None
    quirks: str
    ip_options: int
    payload: int


class _Options(NamedTuple):
    names: str
    mss: int | None
    scale: int | None
    quirks: set[str]


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
        header = _header_of(row, data)
        if header is None:
            return None
        options = _read_options(data[header + 20 : int(row["payload"])].tobytes())
        quirks = {
            *_quirks_of_ip(row, data),
            *_quirks_of_tcp(row, data[header : header + 20]),
            *options.quirks,
        }
        way = _Way(
            int(row["ttl"]),
            int(row["window"]),
            options.names,
            options.mss,
            options.scale,
            ",".join(sorted(quirks)),
            max(0, header - int(row["network"]) - 20) if row["ip_version"] == 4 else 0,
            int(row["payload_wire"]),
        )
        ts = int(row["ts"])
        if not self._is_news((zone, host), way, ts):
            return None
        return TcpSyn(
            ts=ts / 1e9,
            host=host,
            zone=zone,
            **way._asdict(),
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


def _header_of(row: Any, data: NDArray[np.uint8]) -> int | None:
    """Where the TCP header begins; None where it and its options are not all there."""
    network, payload = int(row["network"]), int(row["payload"])
    if row["buffer"] or network < 0 or payload > len(data):
        return None
    if row["ip_version"] == 4:
        header = network + 4 * (int(data[network]) & 15)
    elif data[network + 6] == 6:
        header = network + 40
    else:
        return None  # extension headers before it
    return header if header + 20 <= payload else None


def _quirks_of_ip(row: Any, data: NDArray[np.uint8]) -> list[str]:
    """RFC 791 §3.1, RFC 8200 §3, RFC 3168 §5."""
    network = int(row["network"])
    header = data[network : network + 8].tobytes()
    if row["ip_version"] == 6:
        word = int.from_bytes(header[:4], "big")
        return [name for name, shown in (("ecn", word >> 20 & 3), ("flow", word & 0xFFFFF)) if shown]
    dont_fragment, numbered = header[6] & 0x40, header[4:6] != b"\0\0"
    shown = (
        ("df", dont_fragment),
        ("id+", dont_fragment and numbered),
        ("id-", not dont_fragment and not numbered),
        ("ecn", header[1] & 3),
        ("0+", header[6] & 0x80),
    )
    return [name for name, is_shown in shown if is_shown]


def _quirks_of_tcp(row: Any, header: NDArray[np.uint8]) -> list[str]:
    """RFC 9293 §3.1."""
    flags = int(row["tcp_flags"])
    urgent = header[18] or header[19]
    shown = (
        ("seq-", row["seq"] == 0),
        ("ack+", row["ack"] != 0),
        ("uptr+", urgent and not flags & TcpFlag.URG),
        ("urgf+", flags & TcpFlag.URG),
        ("pushf+", flags & TcpFlag.PSH),
        ("ecn", flags & (TcpFlag.ECE | TcpFlag.CWR) or header[12] & 1),
        ("0+", header[12] & _RESERVED),
    )
    return [name for name, is_shown in shown if is_shown]


def _read_options(options: bytes) -> _Options:
    """Names in order, maximum segment size, scale of the window, quirks; what is cut short ends the list."""
    names: list[str] = []
    quirks: set[str] = set()
    mss = scale = None
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == 0:
            rest = options[at + 1 :]
            names.append(f"eol+{len(rest)}")
            if any(rest):
                quirks.add("opt+")
            break
        names.append(_KINDS.get(kind) or f"?{kind}")
        if kind == 1:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            quirks.add("bad")
            break
        value = options[at + 2 : at + size]
        if not _has_its_size(kind, size):
            quirks.add("bad")
        elif kind == 2:
            mss = int.from_bytes(value, "big")
        elif kind == 3:
            scale = value[0]
            if scale > _LONGEST_SCALE:
                quirks.add("exws")
        elif kind == 8:
            if not any(value[:4]):
                quirks.add("ts1-")
            if any(value[4:]):
                quirks.add("ts2+")
        at += size
    return _Options(",".join(names), mss, scale, quirks)


def _has_its_size(kind: int, size: int) -> bool:
    """Whether an option has the size that it must have (RFC 9293 §3.2, RFC 7323, RFC 2018)."""
    if kind == 5:
        return size in (10, 18, 26, 34)
    return _SIZES.get(kind, size) == size
