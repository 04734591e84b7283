"""Kerberos 5 (RFC 4120) over UDP and TCP: what a client asked the key distribution centre for, and what it got.

Unlike Zeek, which tells the first exchange of a connection, every exchange is told.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.kerberos import Kerberos as KerberosEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.kerberos_message import (
    AP_REQ,
    AS_REP,
    AS_REQ,
    ERROR,
    TGS_REP,
    TGS_REQ,
    TYPES,
    Message,
    begins_message,
    read_message,
)
from sentinel.protocol.kerberos_names import PREAUTHENTICATION_NEEDED, cipher_name, error_name
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["KerberosTcp", "KerberosUdp", "shown_ticket"]

MAX_MESSAGE: Final = 1 << 17
_REQUESTS: Final = {AS_REQ: "AS", TGS_REQ: "TGS"}
_ANSWERS: Final = {AS_REP: "AS", TGS_REP: "TGS"}


def _begin(flow: Endpoints, ts: float, request_type: str | None) -> KerberosEvent:
    return KerberosEvent(
        ts=ts,
        uid=flow.uid,
        orig_h=flow.orig_h,
        orig_p=flow.orig_p,
        resp_h=flow.resp_h,
        resp_p=flow.resp_p,
        request_type=request_type,
    )


def shown_ticket(flow: Endpoints, data: bytes, ts: float) -> KerberosEvent | None:
    """The event of a ticket shown inside another protocol (an AP-REQ), or None where `data` is none."""
    found = read_message(data)
    if found is None or found.type != AP_REQ:
        return None
    event = _begin(flow, ts, "AP")
    event.service = found.service
    if found.cipher is not None:
        event.cipher = cipher_name(found.cipher)
    return event


class _Exchanges:
    """Requests of one flow with their answers; a client has one under way at a time."""

    def __init__(self, flow: Endpoints, emit: Emit) -> None:
        self._flow = flow
        self._emit = emit
        self._open: KerberosEvent | None = None

    def message(self, data: bytes, ts: float) -> None:
        found = read_message(data)
        if found is None:
            self._flow.weird("krb_unreadable_message", ts, None, "KRB")
        elif found.type in _REQUESTS:
            self._request(found, ts)
        elif found.type in _ANSWERS:
            self._answer(found, ts)
        elif found.type == ERROR:
            self._error(found, ts)

    def _request(self, found: Message, ts: float) -> None:
        event = _begin(self._flow, ts, _REQUESTS[found.type])
        event.service = found.service
        event.from_, event.till = found.valid_from, found.till
        event.forwardable, event.renewable = found.forwardable, found.renewable
        if found.type == AS_REQ:
            event.client = f"{found.client_name or ''}/{found.realm or ''}"
        previous = self._open
        if previous is not None:
            if (previous.request_type, previous.client, previous.service) == (
                event.request_type,
                event.client,
                event.service,
            ):
                return  # sent again: datagrams get lost
            self.conclude()
        self._open = event

    def _answer(self, found: Message, ts: float) -> None:
        event = self._open or _begin(self._flow, ts, _ANSWERS[found.type])
        self._open = event
        if event.client is None and (found.client_name or found.client_realm):
            event.client = f"{found.client_name or ''}/{found.client_realm or ''}"
        event.service = found.service or event.service
        if found.cipher is not None:
            event.cipher = cipher_name(found.cipher)
        event.success = True
        self.conclude()

    def _error(self, found: Message, ts: float) -> None:
        if found.error_text in PREAUTHENTICATION_NEEDED:
            self._open = None
            return
        event = self._open or _begin(self._flow, ts, None)
        self._open = event
        if event.client is None and (found.client_name or found.client_realm):
            event.client = (f"{found.client_name}/" if found.client_name else "") + (found.client_realm or "")
        event.service = found.service or event.service
        event.success = False
        event.error_code = found.error_code
        if found.error_text:
            event.error_msg = found.error_text
        elif found.error_code is not None:
            event.error_msg = error_name(found.error_code)
        self.conclude()

    def conclude(self) -> None:
        if self._open is not None:
            self._emit(self._open)
            self._open = None


class KerberosUdp(Analyzer):
    """Kerberos in datagrams."""

    service: ClassVar[str] = "krb"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({88})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset(0x60 | kind for kind in TYPES)

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._exchanges = _Exchanges(flow, emit)

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A message that says it is Kerberos 5."""
        return begins_message(data)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """One datagram."""
        self._exchanges.message(data, ts)

    def finish(self, ts: float) -> None:
        """Tell a request that was not answered."""
        self._exchanges.conclude()
        self.done = True


def _measure(data: bytes, at: int) -> int:
    """RFC 4120 section 7.2.2: four bytes of length, the highest bit 0."""
    if at + 4 > len(data):
        return MORE
    length = int.from_bytes(data[at : at + 4], "big")
    return 4 + length if length < 1 << 31 else BROKEN


class KerberosTcp(Analyzer):
    """Kerberos over TCP: messages with their length before them."""

    service: ClassVar[str] = "krb_tcp"
    ports: ClassVar[frozenset[int]] = frozenset({88})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({0})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._exchanges = _Exchanges(flow, emit)
        self._messages = (Messages(_measure, MAX_MESSAGE), Messages(_measure, MAX_MESSAGE))

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A length, then a message that says it is Kerberos 5."""
        if len(data) < 4:
            return None if data[:1] in (b"", b"\x00") else False
        if (
            data[0]
            or int.from_bytes(data[:4], "big") > MAX_MESSAGE
            or (len(data) > 4 and data[4] & 0xE0 != 0x60)
        ):
            return False
        return begins_message(data[4:]) if len(data) >= 24 else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages = self._messages[is_orig]
        messages.push(data)
        while (message := messages.pop()) is not None:
            self._exchanges.message(message[4:], ts)
        if messages.broken:
            self.flow.weird("krb_tcp_bad_length", ts, None, "KRB_TCP")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole: what follows cannot be cut into messages."""
        if not self._messages[is_orig].lost(length):
            self.finish(ts)

    def finish(self, ts: float) -> None:
        """Tell a request that was not answered."""
        self._exchanges.conclude()
        self.done = True
