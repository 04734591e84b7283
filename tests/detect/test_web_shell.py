"""Weak signs of web shells: enough of them together, and no single one."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.detect.web_shell import WebShell
from sentinel.event import Http

from .conftest import detector, feed, flow_event, notes

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
PAGE = {"resp_content_type": "text/html", "resp_mime_types": ["text/html"], "response_body_len": 300}
CIPHER = {"resp_content_type": "text/html", "resp_mime_types": None, "response_body_len": 300}


def posts(number: int = 6, path: str = "/app/view.php", src: str = "198.51.100.7", **more: Any) -> list[Http]:
    given: dict[str, Any] = {
        "method": "POST", "status_code": 200, "user_agent": BROWSER, "request_body_len": 900, **PAGE, **more,
    }  # fmt: skip
    return [
        flow_event("http", float(n), src, "10.0.0.80", 80, trans_depth=n + 1, uri=f"{path}?a={n}", **given)
        for n in range(number)
    ]


def drifting(**more: Any) -> list[Http]:
    return [event for n in range(6) for event in posts(1, user_agent=f"{BROWSER} {n}", **more)]


@pytest.mark.parametrize(
    "events",
    [
        posts(content_type="application/octet-stream"),
        posts(accept="text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
        posts(cookie="PHPSESSID=1;"),
        posts(path="/uploads/2026/a.jsp"),
        posts(path="/static/a.aspx;x"),
        drifting(**CIPHER),
    ],
)
def test_signs_together(events: list[Http]) -> None:
    [notice] = feed(detector(WebShell), events)
    assert notice.note == "WebShell::Weak_Signs" and notice.dst == "10.0.0.80"
    figures = notice.figures
    signs = ("left_by_a_tool", "posts_alone", "rarely_visited", "changing_agents", "opaque")
    assert figures["score"] == sum(figures[sign] for sign in signs) >= 60
    assert str(figures["score"]) in notice.msg


@pytest.mark.parametrize(
    "events",
    [
        posts(),
        posts(**CIPHER),
        drifting(),
        posts(4, content_type="application/octet-stream"),
        posts(content_type="application/octet-stream", status_code=404),
        posts(path="/api/report", content_type="application/octet-stream"),
        posts(content_type="application/octet-stream", user_agent="device/1.0"),
        posts(accept="application/json, text/javascript, */*; q=0.01", referrer="http://10.0.0.80/"),
        posts(path="/uploads/a.php", referrer="http://10.0.0.80/", resp_mime_types=["application/json"])
        + [event for n in range(9) for event in posts(1, "/uploads/a.php", f"198.51.100.{n}")],
    ],
)
def test_too_few_of_them(events: list[Http]) -> None:
    assert notes(feed(detector(WebShell), events)) == []


def test_what_many_visit_needs_more() -> None:
    public = [event for n in range(20, 40) for event in posts(1, "/app/view.php", f"198.51.100.{n}")]
    watched = detector(WebShell)
    feed(watched, public)
    [notice] = feed(watched, posts(content_type="application/octet-stream"))
    assert notice.figures["rarely_visited"] == 0 and notice.figures["score"] == 60


def test_told_once_in_a_while_and_scanners_are_excused() -> None:
    many = posts(60, content_type="application/octet-stream")
    assert len(feed(detector(WebShell), many)) == 1
    assert feed(detector(WebShell, authorised_scanners=("198.51.100.0/24",)), many) == []


def test_a_window_ends() -> None:
    slow = posts(6, content_type="application/octet-stream")
    for n, event in enumerate(slow):
        event.ts = n * 1000.0
    assert feed(detector(WebShell), slow) == []
