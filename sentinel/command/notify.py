"""`sentinel notify`: what waits in the outbox, what became of it, a test of the channels."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.command.acting import act, actor, local_time, logged_in
from sentinel.config import Config
from sentinel.notify import DeliveryError, Notice
from sentinel.notify.send import send
from sentinel.store import audit
from sentinel.store.outbox import OutboxStore
from sentinel.store.session import in_transaction, reading
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it was done, 1 where a channel did not take the test or none is meant, 2 where nothing could be done."""
    return act(options, {"list": _list, "show": _show, "retry": _retry, "test": _test})


def _list(config: Config, options: argparse.Namespace) -> int:
    number = max(1, options.limit)
    rows = reading(
        Path(config.store.path),
        lambda database: OutboxStore(database).latest(number, channel=options.channel, state=options.state),
    )
    for row in rows:
        content = json.loads(row.pop("content"))
        print(_as_json(row, content) if options.json else _line(row, content))
    if not rows and not options.json:
        chosen = options.channel or options.state
        print(text("notify.none-such" if chosen else "notify.none"))
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    rows = reading(Path(config.store.path), lambda database: OutboxStore(database).find(options.message))
    for row in rows:
        content = json.loads(row.pop("content"))
        if options.json:
            print(_as_json(row, content))
            continue
        print(_line(row, content))
        print(text("notify.show.id", id=row["id"]))
        if row["attempted_at"] is not None:
            print(text("notify.show.attempted", time=local_time(row["attempted_at"])))
        if row["state"] == "waiting":
            print(text("notify.show.next", time=local_time(row["next_at"])))
        if row["within"] is not None:
            print(text("notify.show.within", seq=row["within"]))
        for name in sorted(content.keys() - {"text"}):
            if content[name] not in ("", "-"):
                print(f"  {name}: {content[name]}")
    if not rows:
        print(text("notify.show.none", asked=options.message), file=sys.stderr)
    return 0 if rows else 1


def _as_json(row: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return json.dumps({**row, "content": content}, ensure_ascii=False)


def _line(row: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return text(
        "notify.line",
        seq=row["seq"],
        time=local_time(row["made_at"]),
        channel=row["channel"],
        state=text(f"notify.state.{row['state']}"),
        attempts=row["attempts"],
        text=content.get("text", ""),
        error=row["error"],
    ).rstrip()


def _retry(config: Config, options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        now = time.time()
        number = OutboxStore(database).retry(now)
        _audit(database, options, now, "notify.retry", "outbox", {"number": number})
        return number

    print(text("notify.again-queued", number=in_transaction(Path(config.store.path), work)))
    return 0


def _test(config: Config, options: argparse.Namespace) -> int:
    known = {channel.name: channel for channel in config.notify.channels}
    chosen = options.channels or list(known)
    if unknown := [name for name in chosen if name not in known]:
        message = text("notify.unknown-channel", name=unknown[0], known=", ".join(known) or "-")
        print(text("cli.error", message=message), file=sys.stderr)
        return 2
    if not chosen:
        print(text("notify.no-channel"), file=sys.stderr)
        return 2
    outcomes: dict[str, str] = {}
    for name in chosen:
        said = text("notify.test-text")
        notice = Notice(title=said, drill=text("notify.drill") if known[name].drill else "")
        try:
            send(known[name], {**notice.fields(), "id": str(uuid.uuid4()), "text": said})
        except DeliveryError as error:
            outcomes[name] = str(error)
            print(text("notify.test-failed", channel=name, reason=error))
        else:
            outcomes[name] = ""
            print(text("notify.test-delivered", channel=name))

    def work(database: Database) -> None:
        for name, error in outcomes.items():
            detail = {"delivered": not error, "reason": error}
            _audit(database, options, time.time(), "notify.test", name, detail)

    in_transaction(Path(config.store.path), work)
    return 1 if any(outcomes.values()) else 0


def _audit(
    database: Database, options: argparse.Namespace, now: float, action: str, subject: str, detail: dict[str, Any]
) -> None:  # fmt: skip
    with_user = {**detail, "user": logged_in()}
    audit.append(database, ts=now, actor=actor(options), action=action, subject=subject, detail=with_user)
