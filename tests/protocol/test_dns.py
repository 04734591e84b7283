from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX, DNSRRSOA, DNSRRSRV

from sentinel.protocol.dns import DnsAnalyzer
from sentinel.protocol.settings import ProtocolSettings

Open = Callable[..., tuple[DnsAnalyzer, Any]]
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def opened(wire: Any) -> Open:
    """A new analyzer, and the wire that it tells everything."""

    def make(proto: str = "udp", resp_p: int = 53) -> tuple[DnsAnalyzer, Any]:
        fresh = type(wire)(proto=proto, resp_p=resp_p)
        return DnsAnalyzer(fresh, fresh.events.append, ProtocolSettings()), fresh

    return make


def query(name: str = "www.Example.com", kind: str | int = "A", ident: int = 7, **more: Any) -> bytes:
    return bytes(DNS(id=ident, rd=1, qd=DNSQR(qname=name, qtype=kind), **more))


def response(answers: list[Any], name: str = "www.example.com", kind: str = "A", **more: Any) -> bytes:
    fields = {"id": 7, "qr": 1, "rd": 1, "ra": 1, "qd": DNSQR(qname=name, qtype=kind), "an": answers, **more}
    return bytes(DNS(**fields))


def record(kind: int, data: bytes, ttl: int = 60, name: bytes = b"\xc0\x0c") -> bytes:
    return name + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def raw_response(*records: bytes, ident: int = 7, flags: int = 0x8180) -> bytes:
    question = b"\x03www\x07example\x03com\x00\x00\x01\x00\x01"
    return struct.pack(">6H", ident, flags, 1, len(records), 0, 0) + question + b"".join(records)


def answers_of(opened: Open, *records: bytes) -> list[str] | None:
    dns, wire = opened()
    dns.feed(True, query(), 1.0)
    dns.feed(False, raw_response(*records), 1.5)
    (event,) = wire.of("dns")
    assert wire.weirds == {}
    return event.answers


def test_a_query_and_its_response_are_one_event(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(True, query(), 10.0)
    assert wire.events == []
    reply = response(
        [
            DNSRR(rrname="www.example.com", type="CNAME", rdata="Edge.example.net", ttl=30),
            DNSRR(rrname="edge.example.net", type="A", rdata="192.0.2.1", ttl=60),
        ]
    )
    dns.feed(False, reply, 10.25)
    (event,) = wire.of("dns")
    assert (event.ts, event.rtt, event.trans_id, event.proto) == (10.0, 0.25, 7, "udp")
    assert (event.query, event.qtype, event.qtype_name) == ("www.example.com", 1, "A")
    assert (event.qclass, event.qclass_name) == (1, "C_INTERNET")
    assert (event.rcode, event.rcode_name, event.rejected) == (0, "NOERROR", False)
    assert (event.AA, event.TC, event.RD, event.RA, event.Z) == (False, False, True, True, 0)
    assert event.answers == ["edge.example.net", "192.0.2.1"]
    assert event.TTLs == [30.0, 60.0]


def test_without_answers_the_flags_of_the_response_do_not_count(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(True, query(), 1.0)
    dns.feed(False, response([], rcode=3, aa=1, ns=DNSRRSOA(rrname="example.com")), 1.1)
    (event,) = wire.of("dns")
    assert (event.rcode_name, event.AA, event.RA, event.rejected) == ("NXDOMAIN", False, False, False)
    assert event.answers is None


def test_a_response_without_any_record_rejects(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(True, query(), 1.0)
    dns.feed(False, response([], rcode=5), 1.1)
    assert wire.of("dns")[0].rejected


def test_unanswered_queries_are_written_at_the_end_in_order(opened: Open) -> None:
    dns, wire = opened()
    for number, name in enumerate(["a.example", "b.example", "a.example"]):
        dns.feed(True, query(name, ident=number % 2), float(number))
    dns.finish(9.0)
    dns.finish(9.0)
    assert [(e.ts, e.query, e.rcode) for e in wire.of("dns")] == [
        (0.0, "a.example", None),
        (2.0, "a.example", None),
        (1.0, "b.example", None),
    ]


def test_queries_of_one_id_are_answered_in_turn(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(True, query("first.example"), 1.0)
    dns.feed(True, query("second.example"), 2.0)
    dns.feed(False, response([], name="first.example"), 3.0)
    dns.finish(4.0)
    assert [(e.query, e.rcode) for e in wire.of("dns")] == [("first.example", 0), ("second.example", None)]


def test_a_response_seen_before_its_query_waits_for_it(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(False, response([DNSRR(rrname="www.example.com", rdata="192.0.2.1")]), 1.0)
    dns.feed(True, query(), 2.0)
    (event,) = wire.of("dns")
    assert (event.ts, event.rtt, event.answers, event.RD) == (1.0, None, ["192.0.2.1"], True)


def test_multicast_response_without_question_is_named_by_its_answer(opened: Open) -> None:
    dns, wire = opened(resp_p=5353)
    answer = DNSRRSRV(rrname="gemini._sftp-ssh._tcp.local", target="gemini.local", port=22, ttl=120)
    dns.feed(True, bytes(DNS(id=0, qr=1, aa=1, qd=[], an=[answer])), 1.0)
    dns.finish(2.0)
    (event,) = wire.of("dns")
    assert (event.query, event.answers, event.AA) == ("gemini._sftp-ssh._tcp.local", ["gemini.local"], True)
    assert event.qtype is None


def test_the_last_of_several_questions_names_the_event(opened: Open) -> None:
    dns, wire = opened(resp_p=5353)
    questions = [
        DNSQR(qname="one.local", qtype="TXT"),
        DNSQR(qname="two.local", qtype="SRV", unicastresponse=1),
    ]
    dns.feed(True, bytes(DNS(id=0, rd=0, qd=questions)), 1.0)
    dns.finish(2.0)
    (event,) = wire.of("dns")
    assert (event.query, event.qtype_name, event.qclass_name) == ("two.local", "SRV", "qclass-32769")


def test_a_name_asked_of_the_neighbours_and_who_claims_it(opened: Open) -> None:
    """LLMNR (RFC 4795 section 2): DNS messages on port 5355, with other flags."""
    dns, wire = opened(resp_p=5355)
    dns.feed(True, bytes(DNS(id=9, rd=0, qd=DNSQR(qname="wpad", qtype="A"))), 1.0)
    claim = DNSRR(rrname="wpad", rdata="10.1.0.66", ttl=30)
    dns.feed(False, bytes(DNS(id=9, qr=1, rd=0, qd=DNSQR(qname="wpad", qtype="A"), an=[claim])), 1.25)
    dns.finish(2.0)
    (event,) = wire.of("dns")
    assert (event.query, event.answers, event.rtt) == ("wpad", ["10.1.0.66"], 0.25)
    assert wire.weirds == {}


def test_netbios_names_are_decoded(opened: Open) -> None:
    dns, wire = opened(resp_p=137)
    encoded = "".join(chr(65 + (byte >> 4)) + chr(65 + (byte & 15)) for byte in b"WORKGROUP      \x1d")
    dns.feed(True, query(encoded, 32), 1.0)
    dns.feed(True, query(encoded, 33, ident=8), 1.0)
    dns.finish(2.0)
    assert [(e.query, e.qtype_name) for e in wire.of("dns")] == [
        ("WORKGROUP", "NIMLOC"),
        ("WORKGROUP", "NBSTAT"),
    ]


def test_other_operations_are_left_out_as_in_zeek(opened: Open) -> None:
    dns, wire = opened()
    dns.feed(True, query(opcode=5), 1.0)
    dns.finish(2.0)
    assert wire.events == []


def test_answers_are_written_as_zeek_does(opened: Open) -> None:
    name = b"\x02ns\xc0\x10"
    assert answers_of(opened, record(16, b"\x05hello\x03a b")) == ["TXT 5 hello TXT 3 a b"]
    assert answers_of(opened, record(99, b"\x06v=spf1")) == ["SPF 6 v=spf1"]
    assert answers_of(opened, record(28, bytes(15) + b"\x01")) == ["::1"]
    assert answers_of(opened, record(2, name), record(12, name)) == ["ns.example.com"] * 2
    assert answers_of(opened, record(15, b"\x00\x0a" + name)) == ["ns.example.com"]
    assert answers_of(opened, record(33, b"\x00\x01\x00\x02\x01\xbb" + name)) == ["ns.example.com"]
    assert answers_of(opened, record(6, name + b"\x00" + bytes(20))) == ["ns.example.com"]
    assert answers_of(opened, record(257, b"\x00\x05issueca.example")) == ["CAA 0 issue ca.example"]
    assert answers_of(opened, record(13, b"\x03x86\x05Linux")) == ["HINFO x86 Linux"]
    assert answers_of(opened, record(46, b"\x00\x01" + bytes(16) + b"\x00")) == ["RRSIG 1 <Root>"]
    assert answers_of(opened, record(47, name)) == ["NSEC www.example.com ns.example.com"]
    assert answers_of(opened, record(43, b"\x00\x01\x08\x02" + bytes(32))) == ["DS 8 2"]
    assert answers_of(opened, record(48, b"\x01\x01\x03\x08key")) == ["DNSKEY 8"]
    assert answers_of(opened, record(44, b"\x01\x01\xab\xcd")) == ["SSHFP: abcd"]
    assert answers_of(opened, record(62000, b"?")) == ["<unknown type=62000>"]
    assert answers_of(opened, record(65, b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3")) == [
        "HTTPS 1 . alpn=h2,h3"
    ]
    naptr = b"\x00\x01\x00\x02\x01u\x07E2U+sip\x05!^.*!\x00"
    assert answers_of(opened, record(35, naptr)) == ["NAPTR 1 2 u E2U+sip !^.*!"]
    assert answers_of(opened, record(11, b"\x01\x02\x03\x04\x06")) is None


def test_names_that_are_not_text_are_escaped(opened: Open) -> None:
    dns, wire = opened()
    header = struct.pack(">6H", 1, 0, 1, 0, 0, 0)
    dns.feed(True, header + b"\x03a\xff\x00\x03\xe4\xb8\xad\x00\x00\x01\x00\x01", 1.0)
    dns.finish(2.0)
    assert wire.of("dns")[0].query == "a\\xff\x00.中"


def test_scapy_agrees_on_a_large_response(opened: Open) -> None:
    answers = [DNSRR(rrname="www.example.com", rdata=f"192.0.2.{n}", ttl=n) for n in range(1, 60)]
    answers.append(DNSRRMX(rrname="www.example.com", exchange="mx.example.com"))
    dns, wire = opened()
    dns.feed(True, query(), 1.0)
    dns.feed(False, response(answers), 1.1)
    (event,) = wire.of("dns")
    assert event.answers == [*(f"192.0.2.{n}" for n in range(1, 60)), "mx.example.com"]


@pytest.mark.parametrize(
    ("data", "weird"),
    [
        (b"\x00\x07\x81\x80\x00\x01", "DNS_truncated_len_lt_hdr_len"),
        (struct.pack(">6H", 7, 0x8180, 9999, 0, 0, 0), "DNS_Conn_count_too_large"),
        (raw_response(record(5, b"\xc0\x2d")), "DNS_label_forward_compress_offset"),
        (raw_response(record(5, b"\x80abc")), "DNS_label_too_long"),
        (raw_response(record(1, b"\x01\x02")), "DNS_RR_bad_length"),
        (raw_response(record(16, b"\x09short")), "DNS_TXT_char_str_past_rdlen"),
        (raw_response(record(1, b"\x01\x02\x03\x04"))[:-2], "DNS_truncated_RR_rdlength_lt_len"),
        (raw_response(record(5, b"\x3f" + b"a" * 63) * 1)[:-40], "DNS_truncated_RR_rdlength_lt_len"),
    ],
)
def test_broken_messages_are_weird_and_nothing_worse(opened: Open, data: bytes, weird: str) -> None:
    dns, wire = opened()
    dns.feed(True, query(), 1.0)
    dns.feed(False, data, 1.1)
    dns.finish(2.0)
    assert list(wire.weirds) == [weird]
    assert len(wire.of("dns")) == 1


def test_compression_cannot_loop_or_grow(opened: Open) -> None:
    # each name is a pointer to the one before: a chain as long as the message
    chain = b"".join(struct.pack(">H", 0xC000 | 12 + 2 * n) for n in range(5000))
    data = struct.pack(">6H", 7, 0x8180, 0, 1, 0, 0) + b"\x00\x00" + chain
    dns, wire = opened()
    dns.feed(False, data + record(5, struct.pack(">H", 0xC000 | (12 + 8000))), 1.0)
    long_name = b"".join(b"\x3f" + b"x" * 63 for _ in range(200)) + b"\x00"
    dns.feed(True, struct.pack(">6H", 8, 0, 1, 0, 0, 0) + long_name + b"\x00\x01\x00\x01", 1.0)
    dns.finish(2.0)
    assert "DNS_NAME_too_long" in wire.weirds


def test_pending_queries_are_bounded(opened: Open) -> None:
    dns, wire = opened()
    for ident in range(1000):
        dns.feed(True, query(ident=ident), 1.0)
    for _ in range(1000):
        dns.feed(True, query(ident=5), 1.0)
    assert len(wire.of("dns")) > 1800
    dns.finish(2.0)
    assert len(wire.of("dns")) == 2000


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


def test_stream_gives_the_same_events_however_it_is_cut(opened: Open) -> None:
    ask = framed(query(), query("mail.example.com", "MX", ident=9))
    told = framed(
        response([DNSRR(rrname="www.example.com", rdata="192.0.2.1", ttl=5)]),
        response([DNSRRMX(rrname="mail.example.com", exchange="mx.example.com")], kind="MX", id=9),
    )
    dns, whole = opened("tcp")
    dns.feed(True, ask, 1.0)
    dns.feed(False, told, 2.0)
    dns.finish(3.0)
    assert [event.answers for event in whole.of("dns")] == [["192.0.2.1"], ["mx.example.com"]]
    for cut in range(1, max(len(ask), len(told))):
        dns, wire = opened("tcp")
        for is_orig, data, ts in ((True, ask, 1.0), (False, told, 2.0)):
            for piece in (data[:cut], data[cut:]):
                if piece:
                    dns.feed(is_orig, piece, ts)
        dns.finish(3.0)
        assert wire.events == whole.events, cut


def test_a_gap_ends_a_stream(opened: Open) -> None:
    dns, wire = opened("tcp")
    dns.feed(True, framed(query()), 1.0)
    dns.gap(False, 100, 2.0)
    assert dns.done
    assert len(wire.of("dns")) == 1


@pytest.mark.parametrize(
    ("data", "transport", "answer"),
    [
        (query(), "udp", True),
        (response([DNSRR(rrname="www.example.com", rdata="192.0.2.1")]), "udp", True),
        (struct.pack(">6H", 1, 0x8185, 0, 0, 0, 0), "udp", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "udp", False),
        (bytes(64), "udp", False),
        (b"\x80\x60" + bytes(range(160)), "udp", False),
        (framed(query()), "tcp", True),
        (framed(query())[:1], "tcp", None),
        (framed(query())[:20], "tcp", None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "tcp", False),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "tcp", False),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), "tcp", False),
    ],
)
def test_recognised_by_content(data: bytes, transport: str, answer: bool | None) -> None:
    assert DnsAnalyzer.recognise(data, True, transport) is answer


@relaxed
@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), max_size=8), st.sampled_from(["udp", "tcp"])
)
def test_garbage_never_raises(opened: Open, pieces: list[tuple[bool, bytes]], proto: str) -> None:
    dns, _ = opened(proto)
    for is_orig, data in pieces:
        DnsAnalyzer.recognise(data, is_orig, proto)
        dns.feed(is_orig, data, 1.0)
    dns.finish(2.0)


@relaxed
@given(st.data())
def test_damaged_messages_never_raise(opened: Open, data: st.DataObject) -> None:
    message = bytearray(
        response([DNSRRSRV(rrname="a.b", target="c.d", port=1), DNSRR(rrname="e", type="TXT", rdata="text")])
    )
    for _ in range(data.draw(st.integers(1, 6))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    dns, wire = opened()
    dns.feed(False, bytes(message[: data.draw(st.integers(0, len(message)))]), 1.0)
    dns.finish(2.0)
    assert len(wire.of("dns")) <= 1
