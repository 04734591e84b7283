"""Web shells by signs that say little each: scored together for one client and one script of a site."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from sentinel.detect.detector import Detector, Scene
from sentinel.event import Http, Notice
from sentinel.text import text

__all__ = ["WebShell"]

_SCRIPT: Final = re.compile(r"\.(?:php[3457]?|phtml|jspx?|aspx?|ashx|asmx|cfm)(?=$|[/;])", re.IGNORECASE)
_STORE: Final = re.compile(
    r"/(?:upload\w*|attach\w*|userfiles?|files?|images?|img|pic\w*|css|js|static|fonts?|media|te?mp)/",
    re.IGNORECASE,
)
"""Folders that hold what is served or was uploaded, not programs."""
_TOOL_ACCEPTS: Final = frozenset(
    {
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",  # Java's own, as Godzilla sends it
        "application/json, text/javascript, */*; q=0.01",  # Behinder 4
    }
)
_LONGEST_PATH: Final = 256
_VISITORS: Final = 16
_AGENTS: Final = 8


class _Script:
    """Who ever got an answer from a script."""

    __slots__ = ("visitors",)

    def __init__(self) -> None:
        self.visitors: set[str] = set()

    @property
    def weight(self) -> int:
        return len(self.visitors)


class _Talk:
    """What one client said to one script, and how that answered."""

    __slots__ = (
        "agents",
        "answers",
        "begun",
        "opaque",
        "others",
        "posts",
        "quiet_until",
        "referred",
        "static",
    )

    def __init__(self) -> None:
        self.quiet_until = float("-inf")
        self.begin(float("-inf"))

    def begin(self, ts: float) -> None:
        self.begun = ts
        self.posts = self.others = self.referred = self.static = self.answers = self.opaque = 0
        self.agents: set[str] = set()

    @property
    def weight(self) -> int:
        return self.posts


class WebShell(Detector):
    """`WebShell::Weak_Signs` where the signs of one client's posts to one script add up to `score` of 100:
    what tools leave in a request or where the script lies (40), posts alone and none with a referrer (20), a script
    that next to nobody visits (20), user agents that change (10), answers that no reader would understand (10).
    """

    name: ClassVar[str] = "web_shell"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scripts = self.table(_Script, 0.5)
        self._talks = self.table(_Talk, 0.5)
        self.reads = {"http": self._see}

    def _see(self, events: Sequence[Http]) -> Iterator[Notice]:
        for event in events:
            if event.uri is None or event.status_code is None or event.status_code >= 400:
                continue
            path = event.uri.partition("?")[0][:_LONGEST_PATH]
            if _SCRIPT.search(path):
                yield from self._request(event, path)

    def _request(self, event: Http, path: str) -> Iterator[Notice]:
        script = (event.resp_h, event.resp_p, path)
        visited = self._scripts.at(script)
        if len(visited.visitors) < _VISITORS:
            visited.visitors.add(event.orig_h)
        talk = self._talks.at((*script, event.orig_h))
        settings = self.settings.web_shell
        if event.ts - talk.begun > settings.window:
            talk.begin(event.ts)
        if event.method != "POST":
            talk.others += 1
            return
        _count(talk, event, path)
        if talk.posts < settings.posts or event.ts < talk.quiet_until or event.orig_h in self.scene.excused:
            return
        signs = _signs(talk, len(visited.visitors))
        score = sum(signs.values())
        if score >= settings.score:
            talk.quiet_until = event.ts + self.settings.quiet
            yield self._told(event, path, talk, signs, score, len(visited.visitors))

    def _told(
        self, event: Http, path: str, talk: _Talk, signs: dict[str, int], score: int, visitors: int
    ) -> Notice:
        values = {"src": event.orig_h, "host": event.host or event.resp_h, "path": path}
        return self.notice(
            "WebShell::Weak_Signs",
            event.ts,
            msg=text("detect.web-shell", number=talk.posts, score=score, **values),
            sub=f"{event.host or event.resp_h}{path}",
            uid=event.uid,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=talk.posts,
            figures={
                **signs,
                "score": score,
                "threshold": self.settings.web_shell.score,
                "posts": talk.posts,
                "user_agents": len(talk.agents),
                "visitors": visitors,
                "opaque_answers": talk.opaque,
            },
        )


def _count(talk: _Talk, event: Http, path: str) -> None:
    talk.posts += 1
    talk.referred += event.referrer is not None
    if event.user_agent and len(talk.agents) < _AGENTS:
        talk.agents.add(event.user_agent)
    talk.static += _left_by_a_tool(event, path)
    if event.response_body_len:
        talk.answers += 1
        talk.opaque += _opaque(event)


def _signs(talk: _Talk, visitors: int) -> dict[str, int]:
    """What each sign adds to the score."""
    most = talk.posts * 0.8
    return {
        "left_by_a_tool": 40 * (talk.static >= most),
        "posts_alone": 20 * (not talk.others and not talk.referred),
        "rarely_visited": 20 * (visitors <= 2),
        "changing_agents": 10 * (len(talk.agents) >= 3),
        "opaque": 10 * (talk.answers >= 3 and talk.opaque >= 0.8 * talk.answers),
    }


def _left_by_a_tool(event: Http, path: str) -> bool:
    """What no page of a site makes a browser send, from something that says it is a browser.

    Pages that send such things themselves are named as referrer.
    """
    if event.referrer is not None or not (event.user_agent or "").startswith("Mozilla/"):
        return False
    content_type = (event.content_type or "").partition(";")[0].strip().lower()
    return (
        content_type == "application/octet-stream"
        or event.accept in _TOOL_ACCEPTS
        or (event.cookie or "").rstrip().endswith(";")
        or _STORE.search(path) is not None
    )


def _opaque(event: Http) -> bool:
    """Called a page, and by its first bytes none."""
    declared = (event.resp_content_type or "text/html").partition(";")[0].strip().lower()
    found = event.resp_mime_types or ()
    return declared in ("text/html", "application/octet-stream") and not any(
        mime in ("text/html", "text/xml", "application/json", "application/xml") for mime in found
    )
