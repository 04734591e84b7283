"""Messages with lengths: cut anywhere, too long, broken, with holes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentinel.protocol.messages import BROKEN, MORE, Messages


def measure(data: bytes, at: int) -> int:
    """Two bytes: how many follow."""
    if data[at] == 0xFF:
        return BROKEN
    return 2 + (data[at] << 8 | data[at + 1]) if at + 2 <= len(data) else MORE


def push(messages: Messages, data: bytes) -> list[bytes]:
    messages.push(data)
    return list(iter(messages.pop, None))


def message(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(1, 30), min_size=1))
def test_cut_anywhere(bodies, cuts):
    stream = b"".join(map(message, bodies))
    messages, found, at = Messages(measure, 12), [], 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        found += push(messages, stream[at : at + size])
        at += size
    assert found == [message(body)[:12] for body in bodies]


def test_broken_takes_nothing_more():
    messages = Messages(measure, 100)
    assert push(messages, message(b"a") + b"\xff") == [message(b"a")]
    assert messages.broken and push(messages, message(b"b")) == []


def test_a_hole_in_what_is_skipped_does_no_harm():
    messages = Messages(measure, 10)
    assert push(messages, message(bytes(100))[:20]) == [message(bytes(100))[:10]]
    assert messages.lost(50)
    assert push(messages, bytes(32) + message(b"next")) == [message(b"next")]
    assert not messages.lost(1)


def test_held_bytes_can_be_taken():
    messages = Messages(measure, 10)
    assert push(messages, b"\x00") == []
    assert messages.take() == b"\x00" and messages.take() == b""


def test_another_measure_between_two_messages():
    messages = Messages(measure, 10)
    messages.push(message(b"a") + b"xyz")
    assert messages.pop() == message(b"a")
    messages.measure = lambda data, at: 1
    assert list(iter(messages.pop, None)) == [b"x", b"y", b"z"]
    messages.push(message(b"b") + b"rest")
    messages.measure = measure
    assert messages.pop() == message(b"b") and messages.take() == b"rest"
