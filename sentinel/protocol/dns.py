"""DNS over UDP and TCP (RFC 1035), mDNS (RFC 6762), LLMNR (RFC 4795), NetBIOS names (RFC 1002)."""

from __future__ import annotations

import struct
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import Final

from sentinel.event.dns import Dns
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.dns_names import CLASSES, RCODES, class_name, type_name
from sentinel.protocol.dns_record import (
    AAAA,
    A,
    DnsFault,
    netbios_name,
    read_name,
    record_text,
    skip_name,
)
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["DnsAnalyzer"]

_HEADER = struct.Struct(">6H")
_read_header = _HEADER.unpack_from
_read_question = struct.Struct(">HH").unpack_from
_read_record = struct.Struct(">HHIH").unpack_from

_RESPONSE: Final = 0x8000
_OPCODE: Final = 0x7800
_NETBIOS: Final = 137
_MAX_QUESTIONS: Final = 25
_MAX_ANSWERS: Final = 256
_MAX_PENDING: Final = 50
"""Queries (or responses) without their counterpart before all of them are written."""
_MAX_BUFFER: Final = 2 + 0xFFFF

Question = tuple[str, int, str, int, str]
"""Name, type, its name, class, its name."""

_QUESTIONS: dict[bytes, Question] = {}
"""Questions seen, by their bytes: most are asked again, and come back in the response."""
_MAX_QUESTIONS_KEPT: Final = 16384


class DnsAnalyzer(Analyzer):
    """Pairs queries and responses by transaction, as Zeek does; what stays unpaired is written at the end."""

    __slots__ = ("_buffers", "_names", "_queries", "_replies", "_tcp")

    service = "dns"
    transports = frozenset({"udp", "tcp"})
    ports = frozenset({53, 137, 5353, 5355})
    whole = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._tcp = flow.proto == "tcp"
        self._names = (flow.uid, flow.orig_h, flow.orig_p, flow.resp_h, flow.resp_p, flow.proto)
        self._queries: dict[int, list[Dns]] = {}
        self._replies: dict[int, list[Dns]] = {}
        self._buffers: list[bytes] = [b"", b""]

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A header whose counts fit, and a first question or record that can be read."""
        if transport == "udp":
            return _plausible(data)
        if len(data) < 14:
            return None if len(data) < 2 or data[0] or data[1] >= _HEADER.size else False
        size = data[0] << 8 | data[1]
        if size < _HEADER.size:
            return False
        answer = _plausible(data[2 : 2 + size])
        if not answer and len(data) < 2 + size:
            return None if _plausible_header(data[2:]) else False
        return answer

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """One datagram, or a piece of a stream of messages each behind its length (RFC 1035 §4.2.2)."""
        if not self._tcp:
            self._message(data, ts)
            return
        side = 0 if is_orig else 1
        if self._buffers[side]:
            data = self._buffers[side] + data
        position = 0
        while len(data) - position >= 2:
            end = position + 2 + (data[position] << 8 | data[position + 1])
            if end > len(data):
                break
            self._message(data[position + 2 : end], ts)
            position = end
        self._buffers[side] = data[position : position + _MAX_BUFFER]

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """Without the missing lengths no message can be found any more."""
        self.finish(ts)
        self.done = True

    def finish(self, ts: float) -> None:
        """Write what stayed unpaired."""
        self._flush(self._queries)
        self._flush(self._replies)
        self._buffers = [b"", b""]

    def _message(self, data: bytes, ts: float) -> None:
        if len(data) < 12:
            self.flow.weird("DNS_truncated_len_lt_hdr_len", ts, source="DNS")
            return
        trans_id, flags, questions, answers, authorities, additions = _read_header(data)
        if flags & _OPCODE:
            return  # Zeek's dns.log holds standard queries alone
        if questions > _MAX_QUESTIONS:
            self.flow.weird("DNS_Conn_count_too_large", ts, source="DNS")
            self.done = self._tcp
            return
        if flags & _RESPONSE:
            self._response(data, ts, trans_id, flags, questions, answers, authorities + additions)
        else:
            self._query(data, ts, trans_id, flags, questions)

    def _query(self, data: bytes, ts: float, trans_id: int, flags: int, questions: int) -> None:
        replies = self._replies
        waiting = replies.pop(trans_id, None) if replies else None
        if waiting:
            record = waiting.pop(0)
            if waiting:
                replies[trans_id] = waiting
        else:
            record = self._record(ts, trans_id)
        record.TC = record.TC or flags & 0x0200 != 0
        record.RD = flags & 0x0100 != 0
        record.Z = flags >> 4 & 7
        try:
            self._questions(data, questions, record)
        except (DnsFault, IndexError, struct.error) as fault:
            self._weird(fault, "DNS_truncated_quest_too_short", ts)
        if waiting is not None:
            self.emit(record)
        else:
            self._keep(self._queries, record)

    def _response(
        self, data: bytes, ts: float, trans_id: int, flags: int, questions: int, answers: int, others: int
    ) -> None:
        queries = self._queries
        waiting = queries.pop(trans_id, None)
        if waiting:
            record = waiting.pop(0)
            if waiting:
                queries[trans_id] = waiting
            if ts > record.ts:
                record.rtt = round(ts - record.ts, 6)
        else:
            record = self._record(ts, trans_id)
        rcode = flags & 15
        record.rcode = rcode
        record.rcode_name = RCODES[rcode]
        if flags & 0x0200:
            record.TC = True
        if (answers == 0 and others == 0 and questions) or (rcode and not questions):
            record.rejected = True
        try:
            position = self._questions(data, questions, record if record.qtype is None else None)
            if answers:
                self._answers(data, position, answers, flags, record, ts)
        except (DnsFault, IndexError, struct.error) as fault:
            self._weird(fault, "DNS_truncated_RR_rdlength_lt_len", ts)
        if waiting is not None:
            self.emit(record)
        else:
            self._keep(self._replies, record)

    def _questions(self, data: bytes, count: int, record: Dns | None) -> int:
        """Where the questions end; the last one goes into `record`."""
        position = 12
        question = None
        for _ in range(count):
            zero = data.find(b"\0", position)
            key = data[position : zero + 5]
            question = _QUESTIONS.get(key)
            if question is None:
                name, after = read_name(data, position)
                kind, class_ = _read_question(data, after)
                question = (name, kind, type_name(kind), class_, class_name(class_))
                if after == zero + 1 and len(key) < 280:
                    if len(_QUESTIONS) >= _MAX_QUESTIONS_KEPT:
                        _QUESTIONS.clear()
                    _QUESTIONS[key] = question
                position = after + 4
            else:
                position = zero + 5
        if record is not None and question is not None:
            record.query, record.qtype, record.qtype_name, record.qclass, record.qclass_name = question
            if self._names[4] == _NETBIOS:
                record.query = netbios_name(question[0])
                if question[1] == 33:
                    record.qtype_name = "NBSTAT"
        return position

    def _answers(self, data: bytes, position: int, count: int, flags: int, record: Dns, ts: float) -> None:
        record.AA = flags & 0x0400 != 0
        record.RA = flags & 0x0080 != 0
        if record.query is None:
            record.query = read_name(data, position)[0]
        if count > _MAX_ANSWERS:
            self.flow.weird("DNS_too_many_answers", ts, addl=str(count), source="DNS")
            count = _MAX_ANSWERS
        texts: list[str] = []
        ttls: list[float] = []
        record.answers = texts
        record.TTLs = ttls
        size = len(data)
        netbios = self._names[4] == _NETBIOS
        try:
            for _ in range(count):
                owner = position
                position = owner + 2 if data[owner] >= 0xC0 else skip_name(data, owner)
                kind, _class, ttl, length = _read_record(data, position)
                position += 10
                end = position + length
                if end > size:
                    raise DnsFault("DNS_truncated_RR_rdlength_lt_len")
                if kind == A and length == 4:
                    said = inet_ntoa(data[position:end])
                elif kind == AAAA and length == 16:
                    said = inet_ntop(AF_INET6, data[position:end])
                elif netbios and 32 <= kind <= 33:
                    said = _netbios_addresses(data, position, length) if kind == 32 else ""
                else:
                    said = record_text(data, kind, position, length, owner)
                if said:
                    texts.append(said)
                    ttls.append(float(ttl))
                position = end
        finally:
            if not texts:
                record.answers = record.TTLs = None

    def _record(self, ts: float, trans_id: int) -> Dns:
        uid, orig_h, orig_p, resp_h, resp_p, proto = self._names
        return Dns(
            ts=ts,
            uid=uid,
            orig_h=orig_h,
            orig_p=orig_p,
            resp_h=resp_h,
            resp_p=resp_p,
            proto=proto,
            trans_id=trans_id,
            AA=False,
            TC=False,
            RD=False,
            RA=False,
            Z=0,
            rejected=False,
        )

    def _keep(self, pending: dict[int, list[Dns]], record: Dns) -> None:
        waiting = pending.get(record.trans_id)
        if waiting is None:
            if len(pending) > _MAX_PENDING:
                self._flush(pending)
            pending[record.trans_id] = [record]
            return
        if len(waiting) > _MAX_PENDING:
            for unpaired in waiting:
                self.emit(unpaired)
            waiting.clear()
        waiting.append(record)

    def _flush(self, pending: dict[int, list[Dns]]) -> None:
        for waiting in pending.values():
            for record in waiting:
                self.emit(record)
        pending.clear()

    def _weird(self, fault: Exception, otherwise: str, ts: float) -> None:
        self.flow.weird(fault.args[0] if isinstance(fault, DnsFault) else otherwise, ts, source="DNS")


def _netbios_addresses(data: bytes, position: int, length: int) -> str:
    """The first address of a NetBIOS name record (RFC 1002 §4.2.13)."""
    return inet_ntoa(data[position + 2 : position + 6]) if length >= 6 else ""


def _plausible_header(data: bytes) -> bool:
    header: tuple[int, ...] = _read_header(data)
    _, flags, questions, answers, authorities, additions = header
    if not flags & _RESPONSE:
        return 0 < questions <= _MAX_QUESTIONS and not flags & 15 and flags & _OPCODE <= 8 << 11
    return questions <= _MAX_QUESTIONS and answers + authorities + additions <= 4096


def _plausible(data: bytes) -> bool:
    """Is it a DNS message as far as its first question or, without one, its first record?"""
    if len(data) < 12 or not _plausible_header(data):
        return False
    _, flags, questions, answers, authorities, additions = _read_header(data)
    try:
        if questions:
            _, position = read_name(data, 12)
            kind, class_ = _read_question(data, position)
            return bool(kind) and class_ & 0x7FFF in CLASSES
        if not answers + authorities + additions:
            return len(data) == 12 and flags & 15 != 0
        position = skip_name(data, 12)
        kind, class_, _, length = _read_record(data, position)
        return bool(kind) and class_ & 0x7FFF in CLASSES and position + 10 + length <= len(data)
    except (DnsFault, IndexError, struct.error):
        return False
