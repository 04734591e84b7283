"""`sentinel notify`: what waits in the outbox, what became of it, a test of the channels."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.notify import DeliveryError
from sentinel.notify.send import send
from sentinel.store import StoreError
from sentinel.store.outbox import OutboxStore
from sentinel.store.session import in_transaction
from sentinel.text import text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it was done, 1 where a channel did not take the test, 2 where nothing could be done."""
    try:
        config = chosen_config(options)
    except ConfigError as error:
        return complain(error)
    try:
        return {"list": _list, "retry": _retry, "test": _test}[options.action](config, options)
    except StoreError as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2


def _list(config: Config, options: argparse.Namespace) -> int:
    number = max(1, options.limit)
    rows = in_transaction(Path(config.store.path), lambda database: OutboxStore(database).latest(number))
    for row in rows:
        content = json.loads(row.pop("content"))
        if options.json:
            print(json.dumps(row | {"content": content}, ensure_ascii=False))
            continue
        made = datetime.fromtimestamp(row["made_at"]).astimezone()
        print(
            text(
                "notify.line",
                time=f"{made:%Y-%m-%d %H:%M:%S}",
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
        empty = dict.fromkeys(("number", "kind", "level", "department", "alerts"), "-")
        drill = text("notify.drill") if known[name].drill else ""
        fields = {**empty, "id": str(uuid.uuid4()), "title": said, "text": said, "drill": drill}
        try:
            send(known[name], fields)
        except DeliveryError as error:
            failed = True
            print(text("notify.test-failed", channel=name, reason=error))
        else:
            print(text("notify.test-delivered", channel=name))
    return 1 if failed else 0
