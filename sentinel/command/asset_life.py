"""The verbs of `sentinel assets` that move an asset on its way: claim, register, change, retire; its locks and history."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.command.acting import Action, actor, local_time
from sentinel.config import Config
from sentinel.ledger import LedgerError, LedgerStore, Registered
from sentinel.ledger.asset import FIELDS
from sentinel.ledger.form import Headings
from sentinel.ledger.life import Registrar, read_values
from sentinel.store.audit import append
from sentinel.store.session import in_transaction, reading
from sentinel.text import Message, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LIFE"]


def _claim(config: Config, options: argparse.Namespace) -> int:
    values = _values(config, options)
    return _done(config, options, lambda store, by: by.claim(options.address, options.zone, values))


def _register(config: Config, options: argparse.Namespace) -> int:
    values = _values(config, options)
    return _done(config, options, lambda store, by: by.register(options.address, options.zone, values))


def _change(config: Config, options: argparse.Namespace) -> int:
    def change(store: LedgerStore, by: Registrar) -> int:
        row = _chosen(store, options)
        by.change(row, _values(config, options, row.asset.addresses[0][0]))
        return row.id

    return _done(config, options, change)


def _retire(config: Config, options: argparse.Namespace) -> int:
    def retire(store: LedgerStore, by: Registrar) -> int:
        row = _chosen(store, options)
        by.retire(row, options.reason)
        return row.id

    return _done(config, options, retire)


def _lock(config: Config, options: argparse.Namespace) -> int:
    headings = Headings(config.ledger.headings)
    fields = [said if said in FIELDS else headings.field(said) for said in options.fields]
    if None in fields:
        wrong = options.fields[fields.index(None)]
        raise LedgerError(Message("asset.life.no-field", said=wrong))
    names = [field for field in fields if field is not None]

    def lock(store: LedgerStore, by: Registrar) -> int:
        row = _chosen(store, options)
        by.lock(row, names, unlock=options.action == "unlock")
        return row.id

    return _done(config, options, lock)


def _history(config: Config, options: argparse.Namespace) -> int:
    headings = Headings(config.ledger.headings)

    def work(database: Database) -> tuple[Registered, list[tuple[float, str, str, str]]]:
        store = LedgerStore(database.conn)
        row = _chosen(store, options)
        return row, store.history(row.id)

    row, entries = reading(Path(config.store.path), work)
    for ts, by, action, changes in entries:
        if options.json:
            document = {"ts": ts, "actor": by, "action": action, "changes": json.loads(changes)}
            print(json.dumps(document, ensure_ascii=False))
            continue
        what = _in_words(action, json.loads(changes), headings)
        verb = text(f"asset.life.{action}")
        print(text("asset.life.entry", time=local_time(ts), id=row.id, actor=by, action=verb, what=what))
    return 0


def _in_words(action: str, changes: Mapping[str, Any], headings: Headings) -> str:
    """The changes of one entry as a person reads them."""
    if "document" in changes:
        document = changes["document"]
        addresses = ", ".join(address for _, address in document["addresses"])
        return f"{document['department']} {document['name']} {addresses}"
    if action in ("locked", "unlocked"):
        return ", ".join(headings.heading(field) for field in changes["locked"]) or "-"
    if "reason" in changes:
        return str(changes["reason"])
    told = (
        text("asset.life.pair", field=headings.heading(field), before=_shown(pair[0]), after=_shown(pair[1]))
        for field, pair in changes.items()
    )
    return text("asset.life.comma").join(told)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(address for _, address in value)
    return str(value) if value not in ("", None) else "-"


def _values(config: Config, options: argparse.Namespace, zone: str = "") -> dict[str, object]:
    """What was said; addresses without a zone are of the one that was named, or of `zone`."""
    return read_values(options.values, Headings(config.ledger.headings), options.zone or zone)


def _chosen(store: LedgerStore, options: argparse.Namespace) -> Registered:
    """The asset that was named by its number or its address."""
    word = options.asset
    if word.isdecimal():
        rows = [row] if (row := store.asset(int(word))) else []
    else:
        rows = store.at(word, options.zone)
    if not rows:
        raise LedgerError(Message("asset.life.unknown", asset=word))
    if len(rows) > 1:
        zones = ", ".join(
            zone or "-" for row in rows for zone, address in row.asset.addresses if address == word
        )
        raise LedgerError(Message("asset.life.which-zone", zones=zones))
    return rows[0]


def _done(config: Config, options: argparse.Namespace, verb: Callable[[LedgerStore, Registrar], int]) -> int:
    person, now = actor(options), time.time()
    headings = Headings(config.ledger.headings)

    def work(database: Database) -> Registered:
        store = LedgerStore(database.conn)
        id = verb(store, Registrar(store, headings, person, now))
        *_, (_, _, _, changes) = store.history(id)
        append(
            database,
            ts=now,
            actor=person,
            action=f"asset.{options.action}",
            subject=f"asset:{id}",
            detail=json.loads(changes),
        )
        row = store.asset(id)
        assert row is not None
        return row

    row = in_transaction(Path(config.store.path), work)
    addresses = " ".join(address for _, address in row.asset.addresses)
    life = text(f"asset.life.{row.life}")
    print(text("asset.life.done", id=row.id, name=row.asset.name, addresses=addresses, life=life))
    return 0


LIFE: Mapping[str, Action] = {
    "change": _change,
    "claim": _claim,
    "history": _history,
    "lock": _lock,
    "register": _register,
    "retire": _retire,
    "unlock": _lock,
}
