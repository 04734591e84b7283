"""DHCP (RFC 2131, RFC 2132): one event a transaction, joined over flows as Zeek does."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterable
from socket import inet_ntoa
from typing import Final

from sentinel.event.dhcp import Dhcp
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["DhcpAnalyzer", "DhcpTransactions"]

_read = struct.Struct(">BBBxI4xI4s4x4s16s").unpack_from
"""Operation, hardware type and length, xid, ciaddr (as a number), yiaddr, giaddr, chaddr."""
_COOKIE: Final = b"\x63\x82\x53\x63"
_COOKIE_AT: Final = 236
_REQUEST, _REPLY = 1, 2
_NOWHERE: Final = b"\0\0\0\0"
_ETHERNET: Final = 1
_END, _PAD = 255, 0
_MESSAGE_TYPES: Final = (
    "DISCOVER OFFER REQUEST DECLINE ACK NAK RELEASE INFORM FORCERENEW LEASEQUERY LEASEUNASSIGNED "
    "LEASEUNKNOWN LEASEACTIVE BULKLEASEQUERY LEASEQUERYDONE ACTIVELEASEQUERY LEASEQUERYSTATUS TLS"
).split()

_QUIET: Final = 5.0
"""Seconds without a message after which a transaction is over (Zeek's)."""
_WATCH: Final = 30.0
"""Seconds after which it is over in any case (Zeek's max_txid_watch_time)."""
_MAX_TRANSACTIONS: Final = 4096
_MAX_UIDS: Final = 10
_MAX_MESSAGES: Final = 50
_MAX_SERVERS: Final = 10
_MAX_OPTIONS: Final = 512

Key = tuple[int, bytes]
"""Transaction id and the client's hardware address."""


class _Transaction:
    __slots__ = ("last", "live", "record")

    def __init__(self, record: Dhcp) -> None:
        self.record = record
        self.last = record.ts
        self.live = set(record.uids)


class DhcpTransactions:
    """Transactions under way. One object serves all flows of a worker: answers come in flows of their own."""

    __slots__ = ("_open", "evicted")

    def __init__(self) -> None:
        self._open: OrderedDict[Key, _Transaction] = OrderedDict()
        self.evicted = 0
        """Transactions written early since too many were open."""

    def take(self, key: Key, uid: str, ts: float, emit: Emit) -> Dhcp:
        """The transaction that a message of now belongs to; those that are over are written."""
        self._expire(ts, emit)
        transaction = self._open.get(key)
        if transaction is not None and ts - transaction.record.ts > _WATCH:
            emit(self._open.pop(key).record)
            transaction = None
        if transaction is None:
            if len(self._open) >= _MAX_TRANSACTIONS:
                self.evicted += 1
                emit(self._open.popitem(last=False)[1].record)
            record = Dhcp(ts=ts, uids=[uid], msg_types=[], duration=0.0)
            self._open[key] = _Transaction(record)
            return record
        transaction.last = ts
        transaction.live.add(uid)
        record = transaction.record
        record.duration = round(ts - record.ts, 6)
        if uid not in record.uids:
            record.uids.append(uid)
        self._open.move_to_end(key)
        return record

    def settle(self, key: Key, emit: Emit) -> None:
        """Write a transaction that has grown to its bounds."""
        transaction = self._open.get(key)
        if transaction is None:
            return
        record = transaction.record
        if len(record.uids) >= _MAX_UIDS or len(record.msg_types) >= _MAX_MESSAGES:
            del self._open[key]
            emit(record)

    def close(self, keys: Iterable[Key], uid: str, emit: Emit) -> None:
        """A flow ended: write those of its transactions that no other flow is part of."""
        for key in keys:
            transaction = self._open.get(key)
            if transaction is not None:
                transaction.live.discard(uid)
                if not transaction.live:
                    del self._open[key]
                    emit(transaction.record)

    def _expire(self, ts: float, emit: Emit) -> None:
        """Write the quiet ones: they come first, since the order is that of the last messages."""
        while self._open:
            key, transaction = next(iter(self._open.items()))
            if ts - transaction.last <= _QUIET:
                return
            del self._open[key]
            emit(transaction.record)


class DhcpAnalyzer(Analyzer):
    """Reads messages into `transactions`, by default those of the flow's worker (`flow.shared`)."""

    __slots__ = ("_keys", "_transactions")

    service = "dhcp"
    transports = frozenset({"udp"})
    ports = frozenset({67, 68, 4011})
    first_bytes = frozenset({1, 2})
    whole = True

    def __init__(
        self,
        flow: Endpoints,
        emit: Emit,
        settings: ProtocolSettings,
        transactions: DhcpTransactions | None = None,
    ) -> None:
        super().__init__(flow, emit, settings)
        if transactions is None:
            transactions = flow.shared.setdefault("dhcp", DhcpTransactions())
        self._transactions = transactions
        self._keys: dict[Key, None] = {}

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The magic cookie in its place."""
        return data[_COOKIE_AT : _COOKIE_AT + 4] == _COOKIE and data[0] in (_REQUEST, _REPLY)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        if len(data) < _COOKIE_AT + 4:
            self.flow.weird("DHCP_truncated", ts, source="DHCP")
            return
        operation, hardware, size, xid, _, given, _, address = _read(data)
        options = _options(data)
        chaddr = address[: min(size, 16)]
        key = (xid, chaddr)
        if len(self._keys) >= _MAX_TRANSACTIONS:
            self.finish(ts)
        self._keys[key] = None
        record = self._transactions.take(key, self.flow.uid, ts, self.emit)
        kind = options.get(53, b"\0")[0]
        known = 1 <= kind <= len(_MESSAGE_TYPES)
        record.msg_types.append(_MESSAGE_TYPES[kind - 1] if known else f"unknown-{kind}")
        mac = chaddr.hex(":") if hardware == _ETHERNET and any(chaddr) else None
        if operation == _REQUEST:
            self._from_client(record, options, is_orig, mac)
        else:
            self._from_server(record, options, is_orig, mac, given)
        self._transactions.settle(key, self.emit)

    def finish(self, ts: float) -> None:
        """The flow ended; its transactions end with the last of their flows."""
        self._transactions.close(self._keys, self.flow.uid, self.emit)
        self._keys.clear()

    def _from_client(self, record: Dhcp, options: dict[int, bytes], is_orig: bool, mac: str | None) -> None:
        source = self.flow.orig_h if is_orig else self.flow.resp_h
        if source not in ("0.0.0.0", "255.255.255.255"):
            record.client_addr = source
        identifier = options.get(61, b"")
        if len(identifier) == 7 and identifier[0] == _ETHERNET:
            record.mac = identifier[1:].hex(":")
        elif record.mac is None:
            record.mac = mac
        if 12 in options:
            record.host_name = _text(options[12])
        if len(options.get(81, b"")) > 3:
            record.client_fqdn = _domain_name(options[81])
        if len(options.get(50, b"")) == 4:
            record.requested_addr = inet_ntoa(options[50])
        if 56 in options:
            record.client_message = _text(options[56])
        if 60 in options:
            record.vendor_class = _text(options[60])
        if 55 in options:
            record.param_list = ",".join(map(str, options[55]))

    def _from_server(
        self, record: Dhcp, options: dict[int, bytes], is_orig: bool, mac: str | None, given: bytes
    ) -> None:
        server = self.flow.orig_h if is_orig else self.flow.resp_h
        servers = record.servers or []
        if server not in servers and len(servers) < _MAX_SERVERS:
            record.servers = [*servers, server]
        if given != _NOWHERE:
            record.server_addr = server
            record.assigned_addr = inet_ntoa(given)
        if record.mac is None:
            record.mac = mac
        if record.client_addr is None:
            record.client_addr = record.assigned_addr
        if 15 in options:
            record.domain = _text(options[15])
        if len(options.get(51, b"")) == 4:
            record.lease_time = float(int.from_bytes(options[51], "big"))
        if 56 in options:
            record.server_message = _text(options[56])


def _options(data: bytes) -> dict[int, bytes]:
    """Options by number; the parts of one that is split are joined (RFC 3396). A cut-off one is left out."""
    options: dict[int, bytes] = {}
    position = _COOKIE_AT + 4
    size = len(data)
    for _ in range(_MAX_OPTIONS):
        if position >= size:
            break
        code = data[position]
        position += 1
        if code == _PAD:
            continue
        if code == _END or position >= size:
            break
        after = position + 1 + data[position]
        if after > size:
            break
        if after > position + 1:
            options[code] = options.get(code, b"") + data[position + 1 : after]
        position = after
    return options


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "backslashreplace")


def _domain_name(option: bytes) -> str:
    """Client FQDN (RFC 4702 §2): plain text, or labels where flag E is set."""
    name = option[3:]
    if not option[0] & 4:
        return _text(name)
    labels = []
    position = 0
    while position < len(name) and (length := name[position]):
        labels.append(name[position + 1 : position + 1 + length])
        position += 1 + length
    return _text(b".".join(labels))
