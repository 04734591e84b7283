"""The bar appears on a terminal only, after a moment, and goes away without a trace."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest

from sentinel.command.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("sentinel.command.progress.time.monotonic", lambda: now[0])
    return now


@contextlib.contextmanager
def at_a_terminal() -> Iterator[Terminal]:
    """Entered in a test's body: between fixtures and body pytest puts its own stream back."""
    screen = Terminal()
    with contextlib.redirect_stderr(screen):
        yield screen


def test_nothing_is_drawn_for_what_is_soon_done(clock: list[float]) -> None:
    with at_a_terminal() as terminal:
        progress = Progress(1000)
        clock[0] += 0.9
        progress.show(900, 10)
        progress.clear()
        assert terminal.getvalue() == ""


def test_the_bar_shows_share_and_packets_and_is_cleared(clock: list[float]) -> None:
    with at_a_terminal() as terminal:
        progress = Progress(1000)
        clock[0] += 1.1
        progress.show(500, 12345)
        assert terminal.getvalue() == "\r" + "█" * 15 + "░" * 15 + "  50% 12,345"
        progress.clear()
        assert terminal.getvalue().endswith("\r\x1b[K")


def test_it_is_drawn_a_few_times_a_second_at_most(clock: list[float]) -> None:
    with at_a_terminal() as terminal:
        progress = Progress(1000)
        clock[0] += 1.1
        for done in range(100):
            progress.show(done, done)
        assert terminal.getvalue().count("\r") == 1
        clock[0] += 0.3
        progress.show(1000, 1)
        assert terminal.getvalue().count("\r") == 2


def test_more_bytes_than_promised_stay_at_the_end(clock: list[float]) -> None:
    with at_a_terminal() as terminal:
        progress = Progress(10)
        clock[0] += 2
        progress.show(1 << 40, 1)
        assert "100%" in terminal.getvalue()


def test_no_terminal_no_bar(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    progress = Progress(1000)
    clock[0] += 5
    progress.show(500, 1)
    progress.clear()
    assert file.getvalue() == ""
