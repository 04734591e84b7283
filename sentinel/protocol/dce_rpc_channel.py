"""One channel of remote calls, whatever carries it: a TCP connection or a named pipe."""

from __future__ import annotations

from collections import OrderedDict
from struct import unpack_from
from typing import Any, Final
from uuid import UUID

from sentinel.event.dce_rpc import DceRpc as DceRpcEvent
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.dce_rpc_names import PIPE_INTERFACES, Interface, interface_of, operation_name
from sentinel.protocol.endpoint_map import EndpointMap, mapped_interface, mapped_port
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.spnego import NegotiationReader

__all__ = ["RpcChannel"]

MAX_PDU: Final = 0xFFFF
MAX_CONTEXTS: Final = 64
"""Interfaces bound on one channel."""
MAX_CALLS: Final = 128
"""Calls of one channel that wait for their answer."""
MAX_STUB: Final = 4096
"""Bytes of a call's parameters that rules can see."""

_REQUEST, _RESPONSE, _FAULT = 0, 2, 3
_BIND, _BIND_ANSWER, _BIND_REFUSAL, _ALTER, _ALTER_ANSWER, _AUTHENTICATE = 11, 12, 13, 14, 15, 16
_FIRST, _OBJECT = 0x01, 0x80
_MAPPER: Final = interface_of("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
_MAP: Final = 3
_ACCESS_DENIED: Final = 5
_PRIVACY: Final = 6
_AUTH_TYPES: Final = {9: "SPNEGO", 10: "NTLM", 14: "SChannel", 16: "Kerberos", 68: "Netlogon"}
_AUTH_LEVELS: Final = {2: "connect", 3: "call", 4: "packet", 5: "integrity", 6: "privacy"}

_QUIET: Final = {
    "winreg": frozenset(
        {
            "BaseRegCloseKey",
            "BaseRegGetVersion",
            "BaseRegOpenKey",
            "BaseRegQueryValue",
            "BaseRegDeleteKeyEx",
            "OpenLocalMachine",
            "BaseRegEnumKey",
            "OpenClassesRoot",
        }
    ),
    "spoolss": frozenset({"RpcOpenPrinterEx", "RpcSplOpenPrinter", "RpcClosePrinter"}),
    "wkssvc": frozenset({"NetrWkstaGetInfo"}),
}
"""Operations that are not told, as Zeek does not: frequent, and of little worth."""


class _Call:
    """A request that waits for its answer."""

    __slots__ = ("context", "event", "opnum")

    def __init__(self, event: DceRpcEvent, context: int, opnum: int) -> None:
        self.event = event
        self.context = context
        self.opnum = opnum


def _measure(data: bytes, at: int) -> int:
    room = len(data) - at
    if data[at] != 5 or (room > 1 and data[at + 1] > 1):
        return BROKEN
    if room < 10:
        return MORE
    length = int.from_bytes(data[at + 8 : at + 10], "little" if data[at + 4] & 0x10 else "big")
    return length if length >= 16 else BROKEN


class RpcChannel:
    """Bindings and calls of one channel. It tells `dce_rpc` events, and who logs in."""

    __slots__ = (
        "_auth_level",
        "_auth_type",
        "_calls",
        "_contexts",
        "_emit",
        "_flow",
        "_interface",
        "_lost",
        "_messages",
        "_negotiation",
        "_pipe",
        "_whose",
        "broken",
    )

    def __init__(self, flow: Endpoints, emit: Emit, pipe: str | None) -> None:
        """`pipe`: the named pipe's name, or None over TCP."""
        self._flow = flow
        self._emit = emit
        self._pipe = pipe
        self._whose: dict[str, Any] = {
            "uid": flow.uid,
            "orig_h": flow.orig_h,
            "orig_p": flow.orig_p,
            "resp_h": flow.resp_h,
            "resp_p": flow.resp_p,
        }
        self._messages = [Messages(_measure, MAX_PDU), Messages(_measure, MAX_PDU)]
        self._lost = [False, False]
        self._contexts: dict[int, Interface] = {}
        self._interface: Interface | None = self._usual_interface()
        self._calls: OrderedDict[int, _Call] = OrderedDict()
        self._negotiation: NegotiationReader | None = None
        self._auth_type: str | None = None
        self._auth_level = 0
        self.broken = False
        """No calls can be read any more."""

    def _usual_interface(self) -> Interface | None:
        """What is probably spoken where the binding was not seen: by the pipe's name, or the endpoint mapper's word."""
        if self._pipe is not None:
            uuid = PIPE_INTERFACES.get(self._pipe.rpartition("\\")[2].lower())
        else:
            uuid = EndpointMap.of(self._flow).interface_at(self._flow.resp_h, self._flow.resp_p)
        return None if uuid is None else interface_of(uuid)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        if self._lost[is_orig]:
            if len(data) < 16 or _measure(data, 0) < 16 or data[2] > 19:
                return
            self._lost[is_orig] = False
            self._messages[is_orig] = Messages(_measure, MAX_PDU)
        messages = self._messages[is_orig]
        messages.push(data)
        while (pdu := messages.pop()) is not None:
            self._pdu(pdu, ts)
        if messages.broken and not self.broken:
            self.broken = True
            self._flow.weird("dce_rpc_unreadable_pdu", ts, None, "DCE_RPC")

    def gap(self, is_orig: bool, length: int) -> None:
        """`length` bytes of one direction were never seen."""
        if not self._messages[is_orig].lost(length):
            self._lost[is_orig] = True

    def finish(self) -> None:
        """Tell calls that were not answered."""
        while self._calls:
            self._tell(self._calls.popitem(last=False)[1])
        if self._negotiation is not None:
            self._negotiation.finish()

    # -- PDUs ---------------------------------------------------------------------------------------

    def _pdu(self, pdu: bytes, ts: float) -> None:
        kind, flags = pdu[2], pdu[3]
        order = "<" if pdu[4] & 0x10 else ">"
        auth_length, call_id = unpack_from(order + "HI", pdu, 10)
        end = len(pdu)
        verifier = b""
        if auth_length and 24 + auth_length <= end:
            end -= auth_length + 8
            verifier = pdu[end:]
        if kind == _REQUEST:
            self._request(pdu, end, flags, order, call_id, ts)
        elif kind == _RESPONSE:
            self._learn(call_id, pdu[24:end])
            self._response(call_id, None, ts)
        elif kind == _FAULT:
            self._response(call_id, unpack_from(order + "I", pdu, 24)[0] if len(pdu) >= 28 else None, ts)
        elif kind in (_BIND, _ALTER):
            self._bind(pdu[:end], order, ts)
            self._authenticate(verifier, ts)
        elif kind in (_BIND_ANSWER, _ALTER_ANSWER):
            self._bound(pdu[:end], order)
            self._authenticate(verifier, ts)
        elif kind == _AUTHENTICATE:
            self._authenticate(verifier, ts)
        elif kind == _BIND_REFUSAL:
            self._conclude_log_in(False)

    def _bind(self, pdu: bytes, order: str, ts: float) -> None:
        """Contexts: a number, and which interface it means."""
        if len(pdu) < 28:
            return
        at = 28
        for _ in range(pdu[24]):
            if at + 24 > len(pdu):
                self._flow.weird("dce_rpc_short_bind", ts, None, "DCE_RPC")
                return
            context = unpack_from(order + "H", pdu, at)[0]
            raw = pdu[at + 4 : at + 20]
            uuid = str(UUID(bytes_le=raw) if order == "<" else UUID(bytes=raw))
            if len(self._contexts) >= MAX_CONTEXTS and context not in self._contexts:
                self._flow.weird("dce_rpc_too_many_contexts", ts, None, "DCE_RPC")
                return
            self._interface = self._contexts[context] = interface_of(uuid)
            at += 24 + 20 * pdu[at + 2]

    def _bound(self, pdu: bytes, order: str) -> None:
        """The secondary address: `\\PIPE\\svcctl`, `49667`."""
        if len(pdu) < 26:
            return
        size = unpack_from(order + "H", pdu, 24)[0]
        address = pdu[26 : 26 + min(size, 256)].rstrip(b"\0")
        if address:
            self._pipe = address.decode("utf-8", "backslashreplace")

    def _request(self, pdu: bytes, end: int, flags: int, order: str, call_id: int, ts: float) -> None:
        at = 40 if flags & _OBJECT else 24
        if len(pdu) < 24:
            return
        context, opnum = unpack_from(order + "HH", pdu, 20)
        stub = pdu[at:end] if self._auth_level < _PRIVACY else b""
        if not flags & _FIRST:
            call = self._calls.get(call_id)
            if call is not None and call.event.stub and len(call.event.stub) < MAX_STUB:
                call.event.stub = (call.event.stub + stub)[:MAX_STUB]
            return
        if call_id in self._calls:
            self._tell(self._calls.pop(call_id))
        elif len(self._calls) >= MAX_CALLS:
            self._flow.weird("dce_rpc_too_many_pending_calls", ts, None, "DCE_RPC")
            self._tell(self._calls.popitem(last=False)[1])
        event = DceRpcEvent(ts=ts, **self._whose, stub=stub[:MAX_STUB] or None)
        self._calls[call_id] = _Call(event, context, opnum)

    def _response(self, call_id: int, fault: int | None, ts: float) -> None:
        """The first fragment of an answer, or a fault; later fragments find no call."""
        call = self._calls.pop(call_id, None)
        if call is None:
            return
        self._conclude_log_in(fault != _ACCESS_DENIED)
        call.event.rtt = ts - call.event.ts
        call.event.status = fault
        self._tell(call)

    def _learn(self, call_id: int, answer: bytes) -> None:
        """The endpoint mapper's answers tell which port speaks what."""
        call = self._calls.get(call_id)
        if call is None or self._interface is not _MAPPER or call.opnum != _MAP or call.event.stub is None:
            return
        uuid, port = mapped_interface(call.event.stub), mapped_port(answer)
        if uuid is not None and port is not None:
            EndpointMap.of(self._flow).learn(self._flow.resp_h, port, uuid)

    def _tell(self, call: _Call) -> None:
        interface = self._contexts.get(call.context) or self._interface
        if interface is None:
            return  # neither the binding was seen, nor does the pipe's name or the endpoint mapper tell
        event = call.event
        event.endpoint = interface[0]
        event.operation = operation_name(interface, call.opnum)
        if event.operation in _QUIET.get(event.endpoint, ()):
            return
        event.named_pipe = self._pipe
        event.auth_type = self._auth_type
        event.auth_level = _AUTH_LEVELS.get(self._auth_level)
        self._emit(event)

    # -- log-ins and the endpoint mapper ------------------------------------------------------------

    def _authenticate(self, verifier: bytes, ts: float) -> None:
        """MS-RPCE section 2.2.2.11: type, level, padding, context, then the token."""
        if len(verifier) <= 8:
            return
        self._auth_type = _AUTH_TYPES.get(verifier[0])
        self._auth_level = verifier[1]
        if self._negotiation is None:
            self._negotiation = NegotiationReader(self._flow, self._emit)
        self._negotiation.token(verifier[8:], ts)

    def _conclude_log_in(self, success: bool) -> None:
        if self._negotiation is not None:
            self._negotiation.concluded(success)
