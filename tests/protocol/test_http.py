from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.http import HttpAnalyzer
from sentinel.protocol.settings import ProtocolSettings

Talk = list[tuple[bool, bytes]]
Spoken = Callable[..., Any]
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

GET = b"GET /index.html?a=1 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8\r\n\r\n"


def reply(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK", length: bool = True) -> bytes:
    lines = [b"HTTP/1.1 " + status, *headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def post(body: bytes, *headers: bytes, uri: bytes = b"/in.php") -> bytes:
    lines = [b"POST " + uri + b" HTTP/1.1", b"Host: h", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return body + b"0\r\n" + trailer + b"\r\n"


@pytest.fixture
def spoken(wire: Any) -> Spoken:
    """Feed a talk to a new analyzer; returns its wire, with the analyzer beside."""

    def run(talk: Iterable[tuple[bool, bytes]], finish: bool = True, **options: Any) -> Any:
        fresh = type(wire)(resp_p=80)
        http = HttpAnalyzer(fresh, fresh.events.append, ProtocolSettings(**options))
        for is_orig, data in talk:
            if not http.done:
                http.feed(is_orig, data, 1.0)
        if finish:
            http.finish(2.0)
            http.finish(2.0)
        fresh.http = http
        return fresh

    return run


def test_a_request_and_its_response_are_one_event(spoken: Spoken) -> None:
    ask = (
        b"GET /a%20b?q=%27 HTTP/1.1\r\nHost: www.example.com:8080\r\nUser-Agent: curl/8\r\nReferer: http://r/\r\n"
        b"Origin: http://o\r\nCookie: a=1\r\nCookie: b=2\r\nAccept: */*\r\nX-Forwarded-For: 203.0.113.9\r\n"
        b"Via: 1.1 proxy\r\n\r\n"
    )
    told = reply(
        b"<html><body>hi</body></html>",
        b"Content-Type: text/html",
        b"Set-Cookie: rememberMe=deleteMe",
        b"Server: nginx",
        b"Location: /there",
    )
    (event,) = spoken([(True, ask), (False, told)], finish=False).of("http")
    assert (event.trans_depth, event.method, event.version) == (1, "GET", "1.1")
    assert (event.uri, event.original_uri) == ("/a b?q='", "/a%20b?q=%27")
    assert (event.host, event.user_agent) == ("www.example.com:8080", "curl/8")
    assert (event.referrer, event.origin, event.accept) == ("http://r/", "http://o", "*/*")
    assert event.cookie == "a=1; b=2"
    assert event.x_forwarded_for == "203.0.113.9"
    assert event.proxied == ["X-FORWARDED-FOR -> 203.0.113.9", "VIA -> 1.1 proxy"]
    assert (event.status_code, event.status_msg) == (200, "OK")
    assert (event.request_body_len, event.response_body_len) == (0, 28)
    assert event.resp_mime_types == ["text/html"]
    assert event.server_body == "<html><body>hi</body></html>"
    assert (event.resp_content_type, event.set_cookie) == ("text/html", "rememberMe=deleteMe")
    assert (event.server, event.location) == ("nginx", "/there")
    assert event.client_header_names[:3] == ["HOST", "USER-AGENT", "REFERER"]
    assert event.server_header_names[-1] == "CONTENT-LENGTH"
    assert event.tags == []


def test_bodies_are_for_rules_and_not_written(spoken: Spoken) -> None:
    (event,) = spoken([(True, post(b"cmd=whoami")), (False, reply(b"root"))]).of("http")
    assert (event.client_body, event.request_body_len) == ("cmd=whoami", 10)
    assert type(event).unwritten == {"client_body", "server_body"}


def test_pipelined_requests_are_answered_in_turn(spoken: Spoken) -> None:
    ask = GET + post(b"x=1") + b"HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n" + GET
    told = reply(b"one") + reply(b"two") + reply(b"", b"Content-Length: 99", length=False)
    events = spoken([(True, ask), (False, told)]).of("http")
    assert [(e.trans_depth, e.method, e.status_code, e.server_body) for e in events] == [
        (1, "GET", 200, "one"),
        (2, "POST", 200, "two"),
        (3, "HEAD", 200, None),
        (4, "GET", None, None),
    ]


def test_informational_status_goes_before_the_final_one(spoken: Spoken) -> None:
    told = b"HTTP/1.1 100 Continue\r\n\r\n" + reply(status=b"204 No Content", length=False) + reply(b"x")
    events = spoken([(True, post(b"a") + GET), (False, told)]).of("http")
    assert [(e.info_code, e.info_msg, e.status_code) for e in events] == [
        (100, "Continue", 204),
        (None, None, 200),
    ]


def test_not_modified_has_no_body_whatever_its_length_says(spoken: Spoken) -> None:
    told = reply(b"", b"Content-Length: 500", status=b"304 Not Modified", length=False) + reply(b"next")
    events = spoken([(True, GET + GET), (False, told)]).of("http")
    assert [(e.status_code, e.response_body_len) for e in events] == [(304, 0), (200, 4)]


def test_chunks_extensions_and_trailers(spoken: Spoken) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    told = head + chunked(b"Hello, ", b"world", trailer=b"X-Sum: 1\r\n") + reply(b"next")
    events = spoken([(True, GET + GET), (False, told)]).of("http")
    assert [(e.server_body, e.response_body_len) for e in events] == [("Hello, world", 12), ("next", 4)]


@pytest.mark.parametrize("how", ["gzip", "deflate", "raw deflate", "not packed"])
def test_packed_bodies_are_unpacked(spoken: Spoken, how: str) -> None:
    text = b'{"@type":"com.sun.rowset.JdbcRowSetImpl"}' * 100
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text, mtime=0),
        "deflate": zlib.compress(text),
        "raw deflate": raw.compress(text) + raw.flush(),
        "not packed": text,
    }[how]
    coding = b"deflate" if "deflate" in how else b"gzip"
    body = post(packed, b"Content-Encoding: " + coding)
    wire = spoken([(True, body), (False, reply(b""))])
    (event,) = wire.of("http")
    assert event.request_body_len == len(text)
    assert event.client_body == text.decode()
    assert event.orig_mime_types == ["application/json"]
    assert list(wire.weirds) == (["inflate_failed"] if how == "not packed" else [])


def test_a_bomb_is_not_unpacked_to_its_end(spoken: Spoken) -> None:
    bomb = gzip.compress(bytes(200 << 20), compresslevel=1, mtime=0)
    wire = spoken([(True, GET), (False, reply(bomb, b"Content-Encoding: gzip") + reply(b"x"))])
    (event,) = wire.of("http")[:1]
    assert "HTTP_excessive_compression" in wire.weirds
    assert event.response_body_len < 64 << 20
    assert len(event.server_body) == 16384


def test_only_the_beginning_of_a_body_is_kept(spoken: Spoken) -> None:
    wire = spoken([(True, GET), (False, reply(b"a" * 5000))], http_body_bytes=1000)
    (event,) = wire.of("http")
    assert (len(event.server_body), event.response_body_len) == (1000, 5000)


def test_text_of_bodies(spoken: Spoken) -> None:
    def body(data: bytes, kind: bytes = b"text/html") -> str:
        (event,) = spoken([(True, GET), (False, reply(data, b"Content-Type: " + kind))]).of("http")
        return str(event.server_body)

    assert body("湛江".encode()) == "湛江"
    assert body("湛江".encode()[:-1]) == "湛"
    assert body("湛江".encode("gbk"), b"text/html; charset=GBK") == "湛江"
    assert body(b"\xac\xed\x00\x05") == "\xac\xed\x00\x05"


def test_body_without_length_ends_with_its_direction(wire: Any) -> None:
    http = HttpAnalyzer(wire, wire.events.append, ProtocolSettings())
    http.feed(True, GET, 1.0)
    http.feed(False, reply(b"some", length=False), 2.0)
    http.feed(False, b" more", 3.0)
    assert wire.events == []
    http.closed(False, 4.0)
    (event,) = wire.of("http")
    assert (event.response_body_len, event.server_body) == (9, "some more")
    http.finish(5.0)
    assert len(wire.events) == 1


def test_response_before_the_request_is_whole(spoken: Spoken) -> None:
    half = post(b"x" * 100)[:-60]
    told = reply(b"too large", status=b"413 Payload Too Large")
    events = spoken([(True, half), (False, told), (True, b"x" * 60 + GET), (False, reply(b"ok"))]).of("http")
    assert [(e.method, e.status_code, e.request_body_len) for e in events] == [
        ("POST", 413, 40),
        ("GET", 200, 0),
    ]


def test_basic_authentication(spoken: Spoken) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YWRtaW46MTIzNDU2\r\n\r\n"
    (event,) = spoken([(True, ask)]).of("http")
    assert (event.authorization, event.username, event.password) == ("Basic", "admin", "<hidden>")
    (event,) = spoken([(True, ask)], mask_passwords=False).of("http")
    assert event.password == "123456"
    ask = b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n"
    (event,) = spoken([(True, ask)]).of("http")
    assert (event.authorization, event.username) == ("Bearer", None)


@pytest.mark.parametrize(
    ("headers", "tags", "weird"),
    [
        (
            b"Content-Length: 3\r\nContent-Length: 4",
            ["CONFLICTING_CONTENT_LENGTH"],
            "HTTP_conflicting_content_length",
        ),
        (b"Content-Length: 3, 4", ["CONFLICTING_CONTENT_LENGTH"], "HTTP_conflicting_content_length"),
        (b"Content-Length: +4", ["BAD_CONTENT_LENGTH"], "HTTP_bad_content_length"),
        (
            b"Content-Length: 4\r\nTransfer-Encoding: chunked",
            ["CONTENT_LENGTH_AND_TRANSFER_ENCODING"],
            "HTTP_content_length_and_transfer_encoding",
        ),
        (b"Transfer-Encoding: xchunked", ["UNKNOWN_TRANSFER_ENCODING"], "HTTP_unknown_transfer_encoding"),
        (b"X-A: 1\r\n folded", ["OBS_FOLD"], "HTTP_folded_header"),
        (b"Host: other", ["DUPLICATE_HOST"], "HTTP_duplicate_host"),
        (b"Transfer-Encoding : chunked", ["SPACE_BEFORE_COLON"], "HTTP_space_before_colon"),
        (b"X-A: 1\rX-B: 2", ["BARE_CR"], "line_terminated_with_single_CR"),
        (b"X-A: 1\nX-B: 2", ["BARE_LF"], "line_terminated_with_single_LF"),
        (b"no colon here", ["HEADER_WITHOUT_COLON"], "HTTP_header_without_colon"),
    ],
)
def test_signs_of_smuggling(spoken: Spoken, headers: bytes, tags: list[str], weird: str) -> None:
    wire = spoken([(True, b"POST / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n\r\n0\r\n\r\n")])
    assert wire.of("http")[0].tags == ["HTTP::" + tag for tag in tags]
    assert weird in wire.weirds


def test_a_length_behind_many_zeros_is_that_length(spoken: Spoken) -> None:
    """Whoever takes it for no length at all reads the body as the next request."""
    ask = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"0" * 30 + b"5\r\n\r\ninner" + GET
    first, second = spoken([(True, ask)]).of("http")
    assert (first.method, first.request_body_len, first.tags) == ("POST", 5, ["HTTP::BAD_CONTENT_LENGTH"])
    assert second.method == "GET"


def test_the_hidden_header_is_read_as_a_lenient_server_reads_it(spoken: Spoken) -> None:
    ask = b"POST / HTTP/1.1\nHost: h\nTransfer-Encoding : chunked\n\n" + chunked(b"inner") + GET
    events = spoken([(True, ask)]).of("http")
    assert [(e.method, e.client_body) for e in events] == [("POST", "inner"), ("GET", None)]


def test_bad_chunk_sizes_are_weird(spoken: Spoken) -> None:
    for size in (b"zz", b"0x3", b"-1", b"1_0", b""):
        ask = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nabc\r\n"
        wire = spoken([(True, ask)])
        assert "HTTP_bad_chunk_size" in wire.weirds, size
        assert wire.of("http")[0].tags == ["HTTP::BAD_CHUNK_SIZE"]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
        (
            b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
        ),
    ],
)
def test_a_flow_that_turns_into_something_else(spoken: Spoken, ask: bytes, told: bytes) -> None:
    wire = spoken([(True, ask), (False, told)], finish=False)
    assert wire.http.upgraded and wire.http.done
    assert len(wire.of("http")) == 1


def test_websocket_is_told_with_what_both_sides_offer(spoken: Spoken) -> None:
    ask = (
        b"GET /chat HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: v2, v1\r\nSec-WebSocket-Extensions: permessage-deflate; a\r\n\r\n"
    )
    told = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: v1\r\n\r\n"
    (event,) = spoken([(True, ask), (False, told)]).of("websocket")
    assert (event.host, event.uri, event.user_agent, event.subprotocol) == ("h", "/chat", "u", "v1")
    assert (event.client_protocols, event.client_extensions) == (["v2", "v1"], ["permessage-deflate; a"])
    assert event.server_extensions is None
    other = told.replace(b"WebSocket\r", b"h2c\r")
    assert spoken([(True, ask), (False, other)]).of("websocket") == []


def test_what_is_said_through_a_proxy_goes_to_whoever_knows_it(spoken: Spoken) -> None:
    ask = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    wire = spoken([(True, ask + b"early"), (False, b"HTTP/1.1 200 OK\r\n\r\nthen")], finish=False)
    assert wire.http.successor is Analyzer
    assert [piece for piece in wire.http.unread if piece[1]] == [(True, b"early"), (False, b"then")]
    (tunnel,) = wire.of("tunnel")
    assert (tunnel.tunnel_type, tunnel.action, tunnel.orig_p) == ("Tunnel::HTTP", "Tunnel::DISCOVER", 0)


def test_refused_tunnel_goes_on_as_http(spoken: Spoken) -> None:
    ask = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    wire = spoken([(True, ask + GET), (False, reply(b"no", status=b"403 Forbidden") + reply(b"ok"))])
    assert [event.status_code for event in wire.of("http")] == [403, 200]
    assert not wire.http.upgraded


def test_capture_from_the_middle(spoken: Spoken) -> None:
    events = spoken([(False, reply(b"late")), (True, GET), (False, reply(b"next"))]).of("http")
    assert [(e.method, e.server_body) for e in events] == [(None, "late"), ("GET", "next")]


def test_roles_are_found_when_the_flow_has_them_reversed(spoken: Spoken) -> None:
    events = spoken([(True, reply(b"late")), (False, GET), (True, reply(b"next"))]).of("http")
    assert [(e.method, e.server_body) for e in events] == [(None, "late"), ("GET", "next")]
    events = spoken([(False, GET), (True, reply(b"first"))]).of("http")
    assert [(e.method, e.server_body) for e in events] == [("GET", "first")]


def test_a_gap_within_a_body_is_counted_and_skipped(wire: Any) -> None:
    http = HttpAnalyzer(wire, wire.events.append, ProtocolSettings())
    http.feed(True, GET + GET, 1.0)
    http.feed(False, reply(b"a" * 100)[:-90], 1.1)
    http.gap(False, 80, 1.2)
    http.feed(False, b"a" * 10 + reply(b"next"), 1.3)
    assert [(e.response_body_len, e.server_body) for e in wire.of("http")] == [(100, "a" * 10), (4, "next")]


def test_after_a_gap_in_a_head_reading_goes_on_at_the_next(wire: Any) -> None:
    http = HttpAnalyzer(wire, wire.events.append, ProtocolSettings())
    http.feed(True, GET + b"GET /second HTTP/1.1\r\nHos", 1.0)
    http.gap(True, 50, 1.1)
    assert [e.uri for e in wire.of("http")] == ["/index.html?a=1", "/second"]
    http.feed(True, b"Accept: x\r\n\r\n", 1.2)
    http.feed(True, GET, 1.3)
    http.finish(2.0)
    assert [e.trans_depth for e in wire.of("http")] == [1, 2, 3]


def test_a_head_cut_off_by_the_end_is_still_seen(spoken: Spoken) -> None:
    (event,) = spoken([(True, GET[:-2] + b"Accept: te")]).of("http")
    assert (event.uri, event.user_agent, event.accept) == ("/index.html?a=1", "curl/8", None)
    assert spoken([(True, b"GET /inde")]).of("http") == []


def test_a_huge_head_is_cut_and_the_flow_given_up(spoken: Spoken) -> None:
    huge = b"GET /evil HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 70000 + b"\r\n\r\n"
    for talk in ([(True, huge)], [(True, huge[n : n + 1000]) for n in range(0, len(huge), 1000)]):
        wire = spoken(talk, finish=False)
        assert "HTTP_header_too_long" in wire.weirds
        assert wire.http.done
        (event,) = wire.of("http")
        assert (event.uri, event.host, event.tags) == ("/evil", "h", ["HTTP::HEADER_TOO_LONG"])


def test_what_a_stranger_can_grow_is_bounded(spoken: Spoken) -> None:
    wire = spoken([(True, GET * 1000)], finish=False)
    assert "HTTP_excessive_pipelining" in wire.weirds
    assert len(wire.http._pending) <= 100
    many = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n"
    wire = spoken([(True, many)])
    assert "HTTP_too_many_headers" in wire.weirds
    assert len(wire.of("http")[0].client_header_names) <= 256


def test_unknown_method_and_what_is_no_request(spoken: Spoken) -> None:
    wire = spoken([(True, b"BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n")])
    assert wire.weirds == {"unknown_HTTP_method": "BREW"}
    assert wire.of("http")[0].method == "BREW"
    wire = spoken([(True, GET + b"nonsense here\r\n\r\n" + GET)])
    assert "HTTP_not_a_request_line" in wire.weirds


TALKS: dict[str, Talk] = {
    "get": [(True, GET), (False, reply(b"<html>x</html>", b"Content-Type: text/html"))],
    "pipelined": [(True, GET + post(b"a=1") + GET), (False, reply(b"1") + reply(b"") + reply(b"3"))],
    "chunked": [
        (True, b"\r\n" + GET),
        (
            False,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunked(b"ab", b"c", trailer=b"X: 1\r\n"),
        ),
    ],
    "gzip": [(True, GET), (False, reply(gzip.compress(b"hello" * 50, mtime=0), b"Content-Encoding: gzip"))],
    "raw deflate": [(True, post(zlib.compress(b"hello" * 50)[2:-4], b"Content-Encoding: deflate"))],
    "bare": [
        (True, b"GET / HTTP/1.1\nHost : h\n\nGET /2 HTTP/1.0\r\n\n"),
        (False, b"HTTP/1.0 200 OK\n\nrest"),
    ],
    "continue": [(True, post(b"x")), (False, b"HTTP/1.1 100 Continue\r\n\r\n" + reply(b"y"))],
    "cut": [(True, GET[:-2] + b"Accept: te"), (False, reply(b"abcdef")[:-2])],
    "upgrade": [(True, GET), (False, b"HTTP/1.1 101 Switching\r\n\r\n\x81\x01a")],
}


@pytest.mark.parametrize("name", TALKS)
def test_the_same_events_however_the_streams_are_cut(spoken: Spoken, name: str) -> None:
    talk = TALKS[name]
    whole = spoken(talk)
    assert whole.events
    for cut in range(1, max(len(data) for _, data in talk)):
        pieces = [(side, piece) for side, data in talk for piece in (data[:cut], data[cut:]) if piece]
        wire = spoken(pieces)
        assert wire.events == whole.events, cut
        assert wire.weirds == whole.weirds, cut
    bytewise = spoken((side, data[at : at + 1]) for side, data in talk for at in range(len(data)))
    assert bytewise.events == whole.events


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (GET, True),
        (b"\r\n" + GET, True),
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1", None),
        (b"GE", None),
        (b"GET /index", None),
        (b"GET /" + b"a" * 1500, True),
        (b"BREW /pot HTTP/1.1\r\n", True),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", False),
        (b"OPTIONS rtsp://h/ RTSP/1.0\r\n", False),
        (b"REGISTER sip:h SIP/2.0\r\n", False),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", False),
        (b"EHLO mail.example.com\r\n", False),
        (b"\x16\x03\x01\x02\x00", False),
    ],
)
def test_recognised_by_content(data: bytes, answer: bool | None) -> None:
    assert HttpAnalyzer.recognise(data, True, "tcp") is answer


words = st.sampled_from(
    [
        GET,
        b"\r\n",
        b"\n",
        b"\r",
        b"POST / HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"\x1f\x8b\x08\x00",
        b"HTTP/1.1 100 C\r\n\r\n",
        b"HTTP/1.1 99999999999999999999 \r\n",
    ]
)


@relaxed
@given(st.lists(st.tuples(st.booleans(), st.one_of(words, st.binary(max_size=40))), max_size=20), st.data())
def test_garbage_never_raises(wire: Any, pieces: Talk, data: st.DataObject) -> None:
    fresh = type(wire)()
    http = HttpAnalyzer(fresh, fresh.events.append, ProtocolSettings())
    for is_orig, piece in pieces:
        HttpAnalyzer.recognise(piece, is_orig, "tcp")
        if data.draw(st.integers(0, 9)) == 0:
            http.gap(is_orig, data.draw(st.integers(1, 100)), 1.0)
        http.feed(is_orig, piece, 1.0)
    http.closed(True, 2.0)
    http.finish(2.0)
    assert all(event.kind == "http" for event in fresh.events)


@pytest.mark.parametrize("closing", [True, False])
def test_the_rest_of_a_long_body_may_pass_unseen(wire: Any, closing: bool) -> None:
    http = HttpAnalyzer(wire, wire.events.append, ProtocolSettings(http_body_bytes=100))
    http.feed(True, GET, 1.0)
    head = b"HTTP/1.1 200 OK\r\nServer: s\r\n" + (b"" if closing else b"Content-Length: 100000\r\n") + b"\r\n"
    http.feed(False, head + b"x" * 50, 1.1)
    assert not http.sated and not http.unwanted(False)
    http.feed(False, b"x" * 950, 1.2)
    assert http.sated and http.unwanted(False) == (1 << 62 if closing else 98_999)
    http.skipped(False, 98_999, 1.3)
    http.feed(False, b"y", 1.4)
    http.closed(False, 1.5)
    (event,) = wire.of("http")
    assert event.response_body_len == 100_000
    assert event.server_body == "x" * 100


def test_a_packed_body_is_wanted_to_its_end(wire: Any) -> None:
    http = HttpAnalyzer(wire, wire.events.append, ProtocolSettings(http_body_bytes=100))
    http.feed(True, GET, 1.0)
    packed = gzip.compress(bytes(range(256)) * 4000, 0)
    http.feed(False, reply(packed, b"Content-Encoding: gzip")[:60_000], 1.1)
    assert not http.sated and not http.unwanted(False)
