"""Web content scans."""

from __future__ import annotations

from sentinel.detect.content_scan import ContentScan
from sentinel.event import Http

from .conftest import detector, feed, flow_event


def get(ts: float, status: int, uri: str) -> Http:
    given = {"trans_depth": 1, "method": "GET", "request_body_len": 0, "response_body_len": 0}
    event: Http = flow_event("http", ts, "192.0.2.7", "10.1.0.1", 80, uri=uri, status_code=status, **given)
    return event


def test_many_pages_that_are_not_there() -> None:
    [notice] = feed(detector(ContentScan), [get(number, 404, f"/{number}?a=1") for number in range(100)])
    assert (notice.note, notice.n) == ("HTTP::Content_Scan", 60)


def test_the_same_page_or_a_site_with_dead_links_is_no_scan() -> None:
    assert not feed(
        detector(ContentScan), [get(number, 404, f"/favicon.ico?{number}") for number in range(100)]
    )
    crawl = [get(number, 404 if number % 3 == 0 else 200, f"/{number}") for number in range(300)]
    assert not feed(detector(ContentScan), crawl)
