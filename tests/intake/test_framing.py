"""Messages come whole out of a stream, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.intake.framing import Framing, FramingError

MESSAGES = [b"<13>one", "<13>两 2".encode(), b"<14>3 <x>", b"plain text", b"<15>with 5 <numbers"]


def counted(message: bytes) -> bytes:
    return str(len(message)).encode() + b" " + message


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(MESSAGES), st.sampled_from([b"\n", b"\r\n", b"\0", b"counted"])), max_size=8
    ),
    st.lists(st.integers(1, 30), min_size=1, max_size=20),
)
def test_any_mixture_of_framings_cut_anywhere(messages: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(
        counted(message)
        if end == b"counted" and message.startswith(b"<")
        else message + end.replace(b"counted", b"\n")
        for message, end in messages
    )
    framing = Framing()
    found: list[bytes] = []
    at = number = 0
    while at < len(stream):
        size = cuts[number % len(cuts)]
        found += framing.feed(stream[at : at + size])
        at, number = at + size, number + 1
    assert found + framing.finish() == [message for message, _ in messages]


def test_counted_octets_may_hold_line_feeds() -> None:
    assert Framing().feed(counted(b"<13>a\nb") + b"<13>c\n") == [b"<13>a\nb", b"<13>c"]


def test_a_message_without_an_end_is_cut() -> None:
    framing = Framing(longest=10)
    assert framing.feed(b"x" * 8) == []
    assert framing.feed(b"x" * 8) == [b"x" * 16]
    assert framing.cut == 1 and framing.finish() == []


def test_a_count_past_all_measure_is_an_error() -> None:
    with pytest.raises(FramingError, match="2000000"):
        Framing().feed(b"2000000 <13>x")
