"""Passwords guessed at a web page's form: the same page posted to again and again, with the same answer."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.event import Http, Notice
from sentinel.text import text

__all__ = ["FormLogin"]

_PAGE = re.compile(
    r"log[-_]?[io]n|sign[-_]?in|passw|/auth(?:[^a-z]|$|enticat)|j_security_check|session/new|account/verify",
    re.I,
)
"""Paths at which people log in."""
_SAME = 0.8
"""Share of the answers that are alike while none is right."""
_KINDS = 16
"""Answers told apart for one page."""


class _Page:
    """One host's posts to one page of another."""

    __slots__ = ("answers", "posts", "quiet_until", "told")

    def __init__(self) -> None:
        self.posts: deque[float] = deque(maxlen=256)
        self.answers: Counter[tuple[int, int]] = Counter()
        """By status and length of the body, in steps of 64 bytes."""
        self.told = float("-inf")
        self.quiet_until = float("-inf")

    @property
    def weight(self) -> int:
        return len(self.posts)


class FormLogin(Detector):
    """`HTTP::Form_Guessing` past a number of posts that are answered alike; `HTTP::Form_Login_After_Guessing`
    where a post is then answered otherwise, with a redirection or a new cookie.
    """

    name: ClassVar[str] = "form_login"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._pages = self.table(_Page, 0.5)
        self.reads = {"http": self._see}

    def _see(self, events: Sequence[Http]) -> Iterator[Notice]:
        for event in events:
            if event.method != "POST" or event.uri is None or event.status_code is None:
                continue
            path = event.uri.partition("?")[0]
            if _PAGE.search(path) and event.orig_h not in self.scene.excused:
                yield from self._post(event, path[:256])

    def _post(self, event: Http, path: str) -> Iterator[Notice]:
        settings, ts = self.settings.form_login, event.ts
        page = self._pages.at((event.orig_h, event.resp_h, event.host, path))
        answer = (event.status_code or 0, event.response_body_len // 64)
        usual, alike = page.answers.most_common(1)[0] if page.answers else (answer, 0)
        if page.told > float("-inf") and answer != usual and _lets_in(event, usual[0]):
            if ts - page.told <= self.settings.guessing.success_within:
                yield self._told(event, path, page, "Form_Login_After_Guessing", alike)
            page.told = float("-inf")
        page.posts.append(ts)
        if answer in page.answers or len(page.answers) < _KINDS:
            page.answers[answer] += 1
        recent = sum(when >= ts - settings.window for when in page.posts)
        usual, alike = page.answers.most_common(1)[0]
        if recent < settings.posts or alike < _SAME * page.answers.total() or usual[0] in (304, 502, 503):
            return
        page.told = ts
        if ts >= page.quiet_until:
            page.quiet_until = ts + self.settings.quiet
            yield self._told(event, path, page, "Form_Guessing", recent)

    def _told(self, event: Http, path: str, page: _Page, note: str, number: int) -> Notice:
        values = {"src": event.orig_h, "host": event.host or event.resp_h, "path": path, "number": number}
        if note == "Form_Guessing":
            msg = text("detect.form-guessing", **values)
        else:
            msg = text("detect.form-guessed", **values)
        return self.notice(
            f"HTTP::{note}",
            event.ts,
            msg=msg,
            sub=f"{event.host or event.resp_h}{path}",
            uid=event.uid,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=number,
            figures={
                "posts": number,
                "threshold": self.settings.form_login.posts,
                "window_seconds": self.settings.form_login.window,
                "status": event.status_code,
                "answers": len(page.answers),
            },
        )


def _lets_in(event: Http, usual: int) -> bool:
    """Does this answer look like a door that opened?"""
    status = event.status_code or 0
    if status >= 400:
        return False
    return (status in (301, 302, 303) and usual not in (301, 302, 303)) or (
        bool(event.set_cookie) and usual >= 400
    )
