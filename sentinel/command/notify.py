"""`sentinel notify`: what waits in the outbox, what became of it, a test of the channels."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from pathlib import Path

from sentinel.command.acting import act, local_time
from sentinel.config import Config
from sentinel.notify import DeliveryError, Notice
from sentinel.notify.send import send
from sentinel.store.outbox import OutboxStore
from sentinel.store.session import in_transaction, reading
from sentinel.text import text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it was done, 1 where a channel did not take the test, 2 where nothing could be done."""
    return act(options, {"list": _list, "retry": _retry, "test": _test})


def _list(config: Config, options: argparse.Namespace) -> int:
    number = max(1, options.limit)
    rows = reading(Path(config.store.path), lambda database: OutboxStore(database).latest(number))
    for row in rows:
        content = json.loads(row.pop("content"))
        if options.json:
            print(json.dumps(row | {"content": content}, ensure_ascii=False))
            continue
        print(
            text(
                "notify.line",
                time=local_time(row["made_at"]),
                channel=row["channel"],
                state=text(f"notify.state.{row['state']}"),
                attempts=row["attempts"],
                text=content.get("text", ""),
                error=row["error"],
            ).rstrip()
        )
    return 0


def _retry(config: Config, options: argparse.Namespace) -> int:
    number = in_transaction(
        Path(config.store.path), lambda database: OutboxStore(database).retry(time.time())
    )
    print(text("notify.again-queued", number=number))
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
    failed = False
    for name in chosen:
        said = text("notify.test-text")
        notice = Notice(title=said, drill=text("notify.drill") if known[name].drill else "")
        try:
            send(known[name], {**notice.fields(), "id": str(uuid.uuid4()), "text": said})
        except DeliveryError as error:
            failed = True
            print(text("notify.test-failed", channel=name, reason=error))
        else:
            print(text("notify.test-delivered", channel=name))
    return 1 if failed else 0
