"""Web content scans (dirb, gobuster, nikto): many different pages asked for that are not there or not allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.sliding import Sliding
from sentinel.detect.targets import Targets
from sentinel.event import Http, Notice
from sentinel.text import text

__all__ = ["ContentScan"]

_REFUSED = frozenset({400, 401, 403, 404, 405, 501})


class _Site(Targets):
    """One host's requests to one web site: pages that were refused, and how many were not."""

    __slots__ = ("served",)

    def __init__(self, window: float) -> None:
        super().__init__()
        self.served = Sliding(window)


class ContentScan(Detector):
    """`HTTP::Content_Scan` past a number of different pages refused, where they are most of what was asked."""

    name: ClassVar[str] = "content_scan"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        window = self.settings.content_scan.window
        self._sites = self.table(lambda: _Site(window), 0.25)
        self.reads = {"http": self._see}

    def _see(self, events: Sequence[Http]) -> Iterator[Notice]:
        for event in events:
            key = (event.orig_h, event.resp_h, event.resp_p)
            if event.status_code not in _REFUSED:
                site = self._sites.find(key)
                if site is not None:
                    site.served.add(event.ts)
            elif event.uri is not None and event.orig_h not in self.scene.excused:
                yield from self._refuse(event, self._sites.at(key))

    def _refuse(self, event: Http, site: _Site) -> Iterator[Notice]:
        scan, ts = self.settings.content_scan, event.ts
        page = (event.uri or "").partition("?")[0][:256]
        if not site.add(page, ts, scan.pages, scan.window) or ts < site.quiet_until:
            return
        refused = site.reached(scan.pages, ts, scan.window)
        ratio = refused / (refused + site.served.total) if refused else 0.0
        if not refused or ratio < scan.refused_ratio:
            return
        site.quiet_until = ts + self.settings.quiet
        values = {"src": event.orig_h, "host": event.host or event.resp_h, "number": refused}
        yield self.notice(
            "HTTP::Content_Scan",
            ts,
            msg=text(
                "detect.content-scan", minutes=round(scan.window / 60), percent=round(100 * ratio), **values
            ),
            sub=event.user_agent,
            uid=event.uid,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=refused,
            figures={
                "pages": refused,
                "threshold": scan.pages,
                "refused_ratio": round(ratio, 3),
                "threshold_ratio": scan.refused_ratio,
                "window_seconds": scan.window,
            },
        )
