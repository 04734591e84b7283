"""LDAP 2 and 3 (RFC 4511) over TCP, with StartTLS and SASL layers, and CLDAP over UDP.

Messages under a SASL layer (RFC 4422 section 3.7) that only signs are read too (RFC 4121 section 4.2.6.2,
MS-NLMP section 3.4.4); once they are sealed there is nothing more to learn.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar, Final

from sentinel.event.ldap import Ldap as LdapEvent
from sentinel.event.ldap_search import LdapSearch
from sentinel.protocol import der
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.ldap_filter import filter_text
from sentinel.protocol.ldap_names import DEREFERENCES, EXTENSIONS, RESULTS, SCOPES
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.spnego import NegotiationReader
from sentinel.protocol.tls import Tls

__all__ = ["Cldap", "Ldap"]

MAX_MESSAGE: Final = 1 << 18
MAX_LAYER: Final = 1 << 24
"""Longest frame of a SASL layer."""
MAX_PENDING: Final = 256
"""Requests of one connection that wait for an answer, and searches likewise."""
MAX_TEXT: Final = 1024
MAX_ATTRIBUTES: Final = 64
MAX_CHANGES: Final = 16

_BIND, _BIND_ANSWER, _UNBIND = 0x60, 0x61, 0x42
_SEARCH, _ENTRY, _SEARCH_DONE, _REFERENCE = 0x63, 0x64, 0x65, 0x73
_MODIFY, _ADD, _DELETE, _RENAME, _COMPARE = 0x66, 0x68, 0x4A, 0x6C, 0x6E
_ABANDON, _EXTENDED, _EXTENDED_ANSWER = 0x50, 0x77, 0x78
_REQUESTS: Final = {
    _BIND: "bind",
    _UNBIND: "unbind",
    _MODIFY: "modify",
    _ADD: "add",
    _DELETE: "delete",
    _RENAME: "modify",
    _COMPARE: "compare",
    _ABANDON: "abandon",
    _EXTENDED: "extended",
}
_ANSWERS: Final = {
    _BIND_ANSWER: "bind",
    0x67: "modify",
    0x69: "add",
    0x6B: "delete",
    0x6D: "modify",
    0x6F: "compare",
    _EXTENDED_ANSWER: "extended",
}
_KNOWN: Final = frozenset({*_REQUESTS, *_ANSWERS, _SEARCH, _ENTRY, _SEARCH_DONE, _REFERENCE, 0x79})
_UNANSWERED: Final = (_UNBIND, _ABANDON)
_CHANGES: Final = {0: "add", 1: "delete", 2: "replace", 3: "increment"}
_SICILY_BEGINS: Final = ("bind sicily_discovery", "bind sicily_negotiate")
"""Success here only means that a challenge follows."""
_START_TLS: Final = b"1.3.6.1.4.1.1466.20037"


def _begins_message(data: bytes) -> bool | None:
    """A sequence with a message id and an operation inside."""
    if not data:
        return None
    if data[0] != der.SEQUENCE:
        return False
    if len(data) < 7:
        return None
    try:
        outer = der.read(data, 0, 1 << 40)
        number = der.read(data, outer[2], 1 << 40)
    except der.DerError:
        return False
    if number[0] != der.INTEGER or not 1 <= number[3] - number[2] <= 4 or outer[3] - outer[2] > MAX_MESSAGE:
        return False
    if len(data) <= number[3]:
        return None
    return data[number[3]] in _KNOWN


class _Conversation:
    """Requests of one flow with their answers."""

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        self._flow = flow
        self._emit = emit
        self._settings = settings
        self._requests: OrderedDict[int, LdapEvent] = OrderedDict()
        self._searches: OrderedDict[int, LdapSearch] = OrderedDict()
        self._negotiation = NegotiationReader(flow, emit)
        self._tls_asked: int | None = None
        self.starts_tls = False
        """The server agreed to TLS."""
        self.sasl = False
        """A SASL log-in succeeded: a layer may follow."""

    def message(self, data: bytes, ts: float) -> None:
        """Take one LDAPMessage."""
        try:
            outer = der.read(data, 0, 1 << 40)  # of a long one, only the beginning is here
            number = der.read(data, outer[2], outer[3])
            operation = der.read(data, number[3], outer[3])
        except der.DerError:
            self._flow.weird("LDAP_unreadable_message", ts, None, "LDAP")
            return
        ident = der.integer(data, number)
        if ident is None or outer[0] != der.SEQUENCE:
            self._flow.weird("LDAP_unreadable_message", ts, None, "LDAP")
            return
        tag = operation[0]
        if tag == _SEARCH:
            self._search(ident, data, operation, ts)
        elif tag in (_ENTRY, _REFERENCE):
            search = self._searches.get(ident)
            if search is not None and tag == _ENTRY:
                search.result_count += 1
        elif tag == _SEARCH_DONE:
            search = self._searches.pop(ident, None) or self._new_search(ident, ts)
            search.result, _, search.diagnostic_message = _result(data, operation)
            self._emit(search)
        elif tag in _REQUESTS:
            self._request(tag, ident, data, operation, ts)
        elif tag in _ANSWERS:
            self._answer(tag, ident, data, operation, ts)

    def finish(self) -> None:
        """Tell what was not answered."""
        for request in self._requests.values():
            self._emit(request)
        for search in self._searches.values():
            self._emit(search)
        self._requests.clear()
        self._searches.clear()
        self._negotiation.finish()

    # -- searches -----------------------------------------------------------------------------------

    def _new_search(self, ident: int, ts: float) -> LdapSearch:
        flow = self._flow
        return LdapSearch(
            ts=ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            message_id=ident,
            result_count=0,
        )

    def _search(self, ident: int, data: bytes, operation: der.Node, ts: float) -> None:
        parts = list(der.children(data, operation))
        search = self._new_search(ident, ts)
        if len(parts) >= 7:
            search.base_object = _text(data, parts[0]) or None
            search.scope = SCOPES.get(der.integer(data, parts[1]) or 0, "unknown")
            search.deref_aliases = DEREFERENCES.get(der.integer(data, parts[2]) or 0, "unknown")
            search.filter = filter_text(data, parts[6])
        else:
            self._flow.weird("LDAP_short_search", ts, None, "LDAP")
        if len(parts) >= 8:
            wanted = [_text(data, child) for child in der.children(data, parts[7])]
            search.attributes = wanted[:MAX_ATTRIBUTES] or None
        if len(self._searches) >= MAX_PENDING:
            self._flow.weird("LDAP_too_many_pending_searches", ts, None, "LDAP")
            self._emit(self._searches.popitem(last=False)[1])
        self._searches[ident] = search

    # -- everything else ----------------------------------------------------------------------------

    def _new_request(self, ident: int, opcode: str, ts: float) -> LdapEvent:
        flow = self._flow
        return LdapEvent(
            ts=ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            message_id=ident,
            opcode=opcode,
        )

    def _request(self, tag: int, ident: int, data: bytes, operation: der.Node, ts: float) -> None:
        event = self._new_request(ident, _REQUESTS[tag], ts)
        if tag == _BIND:
            self._bind(event, data, operation, ts)
        elif tag == _DELETE:
            event.object = _text(data, operation) or None
        elif tag == _ABANDON:
            event.argument = str(int.from_bytes(data[operation[2] : operation[3]][:4], "big"))
        elif tag == _EXTENDED:
            self._extended(event, data, operation)
        elif tag != _UNBIND:
            parts = list(der.children(data, operation))
            if parts:
                event.object = _text(data, parts[0]) or None
            if len(parts) > 1:
                event.argument = _argument(tag, data, parts[1]) or None
        if tag in _UNANSWERED:
            self._emit(event)
            return
        if len(self._requests) >= MAX_PENDING:
            self._flow.weird("LDAP_too_many_pending_requests", ts, None, "LDAP")
            self._emit(self._requests.popitem(last=False)[1])
        self._requests[ident] = event

    def _bind(self, event: LdapEvent, data: bytes, operation: der.Node, ts: float) -> None:
        parts = list(der.children(data, operation))
        if len(parts) < 3:
            self._flow.weird("LDAP_short_bind", ts, None, "LDAP")
            return
        event.version = der.integer(data, parts[0])
        event.object = _text(data, parts[1]) or None
        tag, _, begin, end = parts[2]
        if tag == 0x80:
            event.opcode = "bind simple"
            if end > begin:
                shown = not self._settings.mask_passwords
                event.argument = _text(data, parts[2]) if shown else "REDACTED"
        elif tag == 0xA3:
            event.opcode = "bind SASL"
            inner = list(der.children(data, parts[2]))
            if inner:
                event.argument = _text(data, inner[0]) or None
            if len(inner) > 1:
                self._negotiation.token(data[inner[1][2] : inner[1][3]], ts)
        elif tag in (0x89, 0x8A, 0x8B):  # MS-ADTS section 5.1.1.1.3
            event.opcode = "bind " + ("sicily_discovery", "sicily_negotiate", "sicily_response")[tag - 0x89]
            event.argument = "NTLM"
            self._negotiation.token(data[begin:end], ts)

    def _extended(self, event: LdapEvent, data: bytes, operation: der.Node) -> None:
        for child in der.children(data, operation):
            if child[0] == 0x80:
                name = _text(data, child)
                event.object = f"{name} ({EXTENSIONS.get(name, 'unknown')})"
                if data[child[2] : child[3]] == _START_TLS:
                    self._tls_asked = event.message_id

    def _answer(self, tag: int, ident: int, data: bytes, operation: der.Node, ts: float) -> None:
        event = self._requests.pop(ident, None) or self._new_request(ident, _ANSWERS[tag], ts)
        event.result, matched, event.diagnostic_message = _result(data, operation)
        code = der.integer(data, next(der.children(data, operation), None))
        if tag == _BIND_ANSWER:
            self._negotiation.token(matched, ts)  # sicily's challenge
            for child in der.children(data, operation):
                if child[0] == 0x87:
                    self._negotiation.token(data[child[2] : child[3]], ts)
            if code != 14 and event.opcode not in _SICILY_BEGINS:
                self._negotiation.concluded(code == 0)
            self.sasl = self.sasl or (code == 0 and event.opcode != "bind simple")
        elif tag == _EXTENDED_ANSWER and ident == self._tls_asked:
            self._tls_asked = None
            self.starts_tls = code == 0
        self._emit(event)


def _text(data: bytes, node: der.Node) -> str:
    return data[node[2] : min(node[3], node[2] + MAX_TEXT)].decode("utf-8", "backslashreplace")


def _result(data: bytes, operation: der.Node) -> tuple[str | None, bytes, str | None]:
    """LDAPResult: code's name, matchedDN, diagnostic message."""
    parts = list(der.children(data, operation))
    if len(parts) < 3:
        return None, b"", None
    code = der.integer(data, parts[0])
    name = None if code is None else RESULTS.get(code, "unknown")
    return name, data[parts[1][2] : parts[1][3]], _text(data, parts[2]).rstrip("\0") or None


def _argument(tag: int, data: bytes, node: der.Node) -> str:
    """What a request changes or asks, in short."""
    if tag == _RENAME:
        return _text(data, node)
    if tag == _COMPARE:
        return "=".join(_text(data, part) for part in der.children(data, node))
    if tag == _MODIFY:
        changes = []
        for change in der.children(data, node):
            parts = list(der.children(data, change))
            if len(parts) >= 2:
                kind = _CHANGES.get(der.integer(data, parts[0]) or 0, "unknown")
                changes.append(f"{kind}({_assignment(data, parts[1])})")
            if len(changes) >= MAX_CHANGES:
                break
        return ", ".join(changes)[:MAX_TEXT]
    return ""


def _assignment(data: bytes, node: der.Node) -> str:
    parts = list(der.children(data, node))
    name = _text(data, parts[0]) if parts else ""
    if len(parts) < 2:
        return name
    values = [_text(data, value) for value in der.children(data, parts[1])]
    return f"{name}={','.join(values[:MAX_CHANGES])}" if values else name


def _measure(data: bytes, at: int) -> int:
    """A message is a sequence; under a SASL layer four bytes of length come first (RFC 4422 section 3.7)."""
    room = len(data) - at
    if data[at] == der.SEQUENCE:
        if room < 2 or room < 2 + (data[at + 1] & 0x7F if data[at + 1] & 0x80 else 0):
            return MORE
        try:
            return der.read(data, at, 1 << 40)[3] - at
        except der.DerError:
            return BROKEN
    if room < 4:
        return MORE
    length = int.from_bytes(data[at : at + 4], "big")
    return 4 + length if length < MAX_LAYER else BROKEN


def _unwrapped(frame: bytes) -> bytes | None:
    """What a SASL layer's frame carries in the clear, or None where it is sealed."""
    token = frame[4:]
    if token[:2] == b"\x05\x04" and len(token) > 16:  # RFC 4121 section 4.2.6.2
        if token[2] & 2:
            return None
        extra, rotated = int.from_bytes(token[4:6], "big"), int.from_bytes(token[6:8], "big")
        if rotated == extra:
            return token[16 + extra :]
        return token[16 : len(token) - extra]
    if token[:4] == b"\x01\x00\x00\x00" and token[16:17] == b"\x30":  # NTLM's signature
        return token[16:]
    return token if token[:1] == b"\x30" else None


class Ldap(Analyzer):
    """One LDAP connection."""

    service: ClassVar[str] = "ldap_tcp"
    whole: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset({389, 3268})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({der.SEQUENCE})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._conversation = _Conversation(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_MESSAGE), Messages(_measure, MAX_MESSAGE))
        self._first = True

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A sequence with a message id and one of LDAP's operations."""
        return _begins_message(data)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        messages, conversation = self._messages[is_orig], self._conversation
        messages.push(data)
        while not self.done and (message := messages.pop()) is not None:
            self._message(message, ts)
            if conversation.starts_tls:
                conversation.finish()
                self.successor = Tls
                self.unread = [(is_orig, messages.take())]
                self.done = True
                return
        if messages.broken:
            self.flow.weird("LDAP_unreadable_stream", ts, None, "LDAP")
            self.finish(ts)

    def _message(self, message: bytes, ts: float) -> None:
        if message[0] == der.SEQUENCE:
            self._conversation.message(message, ts)
            if self._first:
                self._first = False
                self._confirm()
            return
        inner = _unwrapped(message)
        if inner is None or not self._conversation.sasl:
            self.encrypted = self._conversation.sasl
            self.finish(ts)
        else:
            self._conversation.message(inner, ts)

    def _confirm(self) -> None:
        """What the first message carries was understood before the message was: it stands first."""
        services = self.flow.services
        if len(services) > 1 and services[0] == self.service:
            services.append(services.pop(0))

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole: what follows cannot be cut into messages."""
        if not self._messages[is_orig].lost(length):
            self.finish(ts)

    def finish(self, ts: float) -> None:
        """Tell what was not answered."""
        self._conversation.finish()
        self.done = True


class Cldap(Analyzer):
    """Connectionless LDAP (MS-ADTS section 7.3.3): a domain controller is looked for."""

    service: ClassVar[str] = "ldap_udp"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({389})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({der.SEQUENCE})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._conversation = _Conversation(flow, emit, settings)

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A datagram of whole messages, the first a search or its answer."""
        if not _begins_message(data):
            return False
        try:
            return der.read(data, 0, len(data))[3] <= len(data)
        except der.DerError:
            return False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """One datagram: an answer is an entry and its result."""
        messages = Messages(_measure, MAX_MESSAGE)
        messages.push(data)
        while (message := messages.pop()) is not None:
            self._conversation.message(message, ts)

    def finish(self, ts: float) -> None:
        """Tell what was not answered."""
        self._conversation.finish()
        self.done = True
