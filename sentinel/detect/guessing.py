"""Guessed passwords: many failures from one host on another, and the log-in that works after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.login import LOGINS, Login
from sentinel.detect.targets import Targets
from sentinel.event import Notice
from sentinel.text import text

__all__ = ["Guessing"]

_MOST_USERS = 64
_TRIES_A_USER = 3
"""More failures a user than this are guessing, not spraying."""
_NAMES = {"FTP": "FTP::Bruteforcing"}
"""Zeek's own names where they are not `<service>::Password_Guessing`."""


class _Pair:
    """One host's failures on another's service."""

    __slots__ = ("failed", "quiet_until", "times", "told", "users")

    def __init__(self) -> None:
        self.times: list[float] = []
        """The latest failures."""
        self.failed = 0
        self.users: set[str] = set()
        self.quiet_until = 0.0
        self.told = 0.0
        """When guessing was last established; 0 for never."""

    @property
    def weight(self) -> int:
        return len(self.times)


class _Sprayer(Targets):
    """One host's failures on a service, wherever it runs: user names tried."""

    __slots__ = ("failed", "hosts", "told")

    def __init__(self) -> None:
        super().__init__()
        self.failed = 0
        self.hosts: set[str] = set()
        self.told = float("-inf")


class Guessing(Detector):
    """`<service>::Password_Guessing` past a number of failures in a window (a short one, and a long one for
    the patient); `<service>::Password_Spraying` past a number of users tried a few times each;
    `<service>::Login_After_Guessing` when the same host then gets in.
    """

    name: ClassVar[str] = "guessing"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        guessing = self.settings.guessing
        self._kept = max(guessing.failures, guessing.slow_failures)
        self._pairs = self.table(_Pair)
        self._sprayers = self.table(_Sprayer, 0.25)
        self.reads = {kind: partial(self._see, login) for kind, login in LOGINS.items()}

    def _see(self, login_of: Callable[[Any], Login | None], events: Sequence[Any]) -> Iterator[Notice]:
        excused = self.scene.excused
        for event in events:
            login = login_of(event)
            if login is None or login.src in excused:
                continue
            key = (login.src, login.dst, login.service)
            if login.failures and login.user:
                yield from self._spray(event, login)
            if login.failures:
                pair = self._pairs.at(key)
                self._fail(pair, login, event.ts)
                window = self._past(pair, event.ts)
                if window and event.ts >= pair.quiet_until:
                    pair.quiet_until = event.ts + self.settings.quiet
                    yield self._guessing(event, login, pair, window)
            if login.success:
                known = self._pairs.find(key)
                if known is not None and known.told:
                    if event.ts <= known.told + self.settings.guessing.success_within:
                        yield self._success(event, login, known)
                    self._pairs.drop(key)
                elif (sprayer := self._sprayers.find((login.src, login.service))) is not None:
                    yield from self._sprayed(event, login, sprayer)

    def _fail(self, pair: _Pair, login: Login, ts: float) -> None:
        pair.failed += login.failures
        pair.times.extend([ts] * min(login.failures, self._kept))
        if len(pair.times) > self._kept:
            del pair.times[: -self._kept]
        if login.user and len(pair.users) < _MOST_USERS:
            pair.users.add(login.user)

    def _spray(self, event: Any, login: Login) -> Iterator[Notice]:
        guessing, ts = self.settings.guessing, event.ts
        if login.src in self.scene.shared:
            return
        sprayer = self._sprayers.at((login.src, login.service))
        sprayer.failed += login.failures
        if len(sprayer.hosts) < _MOST_USERS:
            sprayer.hosts.add(login.dst)
        sprayer.add(login.user, ts, guessing.spray_users, guessing.slow_window)
        users = sprayer.reached(guessing.spray_users, ts, guessing.slow_window)
        if not users or sprayer.failed > _TRIES_A_USER * sprayer.total:
            return
        sprayer.told = ts
        if ts >= sprayer.quiet_until:
            sprayer.quiet_until = ts + self.settings.quiet
            msg = text(
                "detect.spraying",
                service=login.service,
                src=login.src,
                users=sprayer.total,
                number=sprayer.failed,
            )
            yield self._of_sprayer(f"{login.service}::Password_Spraying", msg, event, login, sprayer)

    def _sprayed(self, event: Any, login: Login, sprayer: _Sprayer) -> Iterator[Notice]:
        """Somebody got in while spraying: as one of those whom it was tried with, or after them all."""
        if 0 <= event.ts - sprayer.told <= self.settings.guessing.success_within:
            sprayer.told = float("-inf")
            msg = text(
                "detect.guessed",
                service=login.service,
                src=login.src,
                dst=login.dst,
                number=sprayer.failed,
                user=login.user or "-",
            )
            yield self._of_sprayer(f"{login.service}::Login_After_Guessing", msg, event, login, sprayer)

    def _of_sprayer(self, note: str, msg: str, event: Any, login: Login, sprayer: _Sprayer) -> Notice:
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=login.user if note.endswith("Login_After_Guessing") else sprayer.shown(),
            uid=getattr(event, "uid", None),
            src=login.src,
            dst=login.dst,
            p=login.port,
            n=sprayer.total,
            figures={
                "users": sprayer.total,
                "threshold": self.settings.guessing.spray_users,
                "failures": sprayer.failed,
                "hosts": len(sprayer.hosts),
                "window_seconds": self.settings.guessing.slow_window,
            },
        )

    def _past(self, pair: _Pair, ts: float) -> float:
        """The window whose number of failures is reached at `ts`; 0 for none."""
        guessing = self.settings.guessing
        for number, window in (
            (guessing.failures, guessing.window),
            (guessing.slow_failures, guessing.slow_window),
        ):
            if len(pair.times) >= number and ts - pair.times[-number] <= window:
                pair.told = ts
                return window
        return 0.0

    def _guessing(self, event: Any, login: Login, pair: _Pair, window: float) -> Notice:
        note = _NAMES.get(login.service, f"{login.service}::Password_Guessing")
        values: dict[str, object] = {"service": login.service, "src": login.src, "dst": login.dst}
        values |= {"number": pair.failed, "users": len(pair.users)}
        msg = text("detect.guessing", **values) if login.seen else text("detect.trying", **values)
        return self._told(note, msg, event, login, pair, window_seconds=window)

    def _success(self, event: Any, login: Login, pair: _Pair) -> Notice:
        msg = text(
            "detect.guessed",
            service=login.service,
            src=login.src,
            dst=login.dst,
            number=pair.failed,
            user=login.user or "-",
        )
        note = f"{login.service}::Login_After_Guessing"
        return self._told(note, msg, event, login, pair, seconds_after=round(event.ts - pair.told, 3))

    def _told(self, note: str, msg: str, event: Any, login: Login, pair: _Pair, **figures: float) -> Notice:
        guessing = self.settings.guessing
        return self.notice(
            note,
            event.ts,
            msg=msg,
            sub=login.user,
            uid=getattr(event, "uid", None),
            src=login.src,
            dst=login.dst,
            p=login.port,
            n=pair.failed,
            figures={
                "failures": pair.failed,
                "users": len(pair.users),
                "outcome_seen": login.seen,
                **figures,
                "threshold": guessing.failures,
                "threshold_slow": guessing.slow_failures,
            },
        )
