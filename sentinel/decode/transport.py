"""Transport headers: TCP, UDP, ICMP, ICMPv6, SCTP."""

from __future__ import annotations

from typing import Any, Final

from sentinel.decode.compiled import part
from sentinel.decode.load import load8, load16, load32
from sentinel.decode.packet import Status
from sentinel.decode.row import end_row

__all__ = ["read_transport"]

_OK: Final = int(Status.OK)
_TRUNCATED: Final = int(Status.TRUNCATED)
_MALFORMED: Final = int(Status.MALFORMED)
_ICMP: Final = 1
_TCP: Final = 6
_UDP: Final = 17
_ICMP6: Final = 58
_SCTP: Final = 132


@part
def read_transport(row: Any, data: int, position: int, end: int, wire: int, protocol: int) -> None:
    """Read the header of `protocol` at `position` and close the row with the payload behind it.

    A protocol that we do not read keeps everything behind the IP header as its payload.
    """
    if protocol == _TCP:
        _read_tcp(row, data, position, end, wire)
    elif protocol == _UDP:
        _read_udp(row, data, position, end, wire)
    elif protocol == _ICMP or protocol == _ICMP6:
        _read_icmp(row, data, position, end, wire)
    elif protocol == _SCTP:
        _read_sctp(row, data, position, end, wire)
    else:
        end_row(row, _OK, position, end, wire)


@part
def _cut_short(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """A header that is not whole: keep its ports where they are, they are the same place in all three."""
    if end - position >= 4:
        row.src_port = load16(data, position)
        row.dst_port = load16(data, position + 2)
    end_row(row, _TRUNCATED, position, end, wire)


@part
def _read_tcp(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """RFC 9293 §3.1."""
    if end - position < 20:
        _cut_short(row, data, position, end, wire)
        return
    row.src_port = load16(data, position)
    row.dst_port = load16(data, position + 2)
    row.seq = load32(data, position + 4)
    row.ack = load32(data, position + 8)
    header = (load8(data, position + 12) >> 4) * 4
    row.tcp_flags = load8(data, position + 13)
    row.window = load16(data, position + 14)
    status = _OK
    if header < 20 or header > wire - position:
        status = _MALFORMED
        header = 20
    elif header > end - position:
        status = _TRUNCATED
    end_row(row, status, min(position + header, end), end, wire)


@part
def _read_udp(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """RFC 768. A length of 0 (jumbogram, offload) means the rest of the IP packet."""
    if end - position < 8:
        _cut_short(row, data, position, end, wire)
        return
    row.src_port = load16(data, position)
    row.dst_port = load16(data, position + 2)
    length = load16(data, position + 4)
    status = _OK
    if length >= 8:
        wire = min(wire, position + length)
        end = min(end, wire)
    elif length != 0:
        status = _MALFORMED
    end_row(row, status, position + 8, end, wire)


@part
def _read_icmp(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """RFC 792, RFC 4443: type and code as ports, payload behind the eight bytes that all types share."""
    if end - position >= 2:
        row.src_port = load8(data, position)
        row.dst_port = load8(data, position + 1)
    if end - position < 8:
        end_row(row, _TRUNCATED, position, end, wire)
        return
    end_row(row, _OK, position + 8, end, wire)


@part
def _read_sctp(row: Any, data: int, position: int, end: int, wire: int) -> None:
    """RFC 9260 §3.1: the common header; chunks are the payload."""
    if end - position < 12:
        _cut_short(row, data, position, end, wire)
        return
    row.src_port = load16(data, position)
    row.dst_port = load16(data, position + 2)
    end_row(row, _OK, position + 12, end, wire)
