"""`sentinel assets`: the device ledger. The daemon may run or not."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.ledger import Device, LedgerStore
from sentinel.store import StoreError
from sentinel.store.session import in_transaction
from sentinel.text import text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it is done, 1 where there is nothing of that kind, 2 where it could not be done."""
    try:
        return _ACTIONS[options.action](chosen_config(options), options)
    except ConfigError as error:
        return complain(error)
    except StoreError as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2


def _list(config: Config, options: argparse.Namespace) -> int:
    devices = _with(config, lambda store: store.devices(options.zone))
    for device in reversed(devices[-options.limit :] if options.limit else devices):
        print(msgspec.json.encode(device).decode() if options.json else _line(device))
    print(text("asset.total", number=len(devices)), file=sys.stderr)
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    devices = _with(config, lambda store: store.devices(options.zone, options.address))
    if not devices:
        print(text("cli.error", message=text("asset.unknown", address=options.address)), file=sys.stderr)
        return 1
    for device in devices:
        if options.json:
            print(msgspec.json.encode(device).decode())
            continue
        print(_line(device))
        for fact in sorted(device.facts, key=lambda fact: (fact.field, -fact.confidence)):
            print(
                text(
                    "asset.fact",
                    field=text(f"asset.field.{fact.field}"),
                    value=fact.value,
                    source=fact.source,
                    confidence=fact.confidence,
                    first=_moment(fact.first_seen),
                    last=_moment(fact.last_seen),
                )
            )
    return 0


def _line(device: Device) -> str:
    best = {field: device.best(field) for field in ("name", "mac", "vendor")}
    shown = {field: fact.value if fact else "-" for field, fact in best.items()}
    return text(
        "asset.line",
        address=device.address,
        zone=device.zone or "-",
        services=" ".join(sorted(fact.value.partition(" ")[0] for fact in device.of("service"))) or "-",
        last=_moment(device.last_seen),
        **shown,
    )


def _moment(ts: float) -> str:
    return datetime.datetime.fromtimestamp(ts).astimezone().strftime("%Y-%m-%d %H:%M:%S%z")


def _with(config: Config, work: Callable[[LedgerStore], Any]) -> Any:
    return in_transaction(Path(config.store.path), lambda database: work(LedgerStore(database.conn)))


_ACTIONS: dict[str, Callable[[Config, argparse.Namespace], int]] = {"list": _list, "show": _show}
