"""`sentinel assets`: the device ledger. The daemon may run or not."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.command.acting import Action, act, actor
from sentinel.command.asset_life import LIFE
from sentinel.command.asset_sweep import SWEEP
from sentinel.command.asset_views import VIEWS
from sentinel.config import Config
from sentinel.ledger import LedgerStore
from sentinel.ledger.export import write_register
from sentinel.ledger.form import Headings
from sentinel.ledger.intake import Plan, Refusal, plan
from sentinel.ledger.sheet import read_sheets
from sentinel.store.audit import append
from sentinel.store.session import in_transaction
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it is done, 1 where there is nothing of that kind, 2 where it could not be done."""
    return act(options, _ACTIONS)


def _import(config: Config, options: argparse.Namespace) -> int:
    sheets = read_sheets(options.file)
    person = actor(options)
    headings = Headings(config.ledger.headings)

    def work(database: Database) -> Plan:
        store = LedgerStore(database.conn)
        planned = plan(sheets, store.assets(), headings)
        if not options.dry_run:
            now = time.time()
            store.apply(planned, actor=person, ts=now)
            detail = {
                "added": len(planned.adds),
                "changed": len(planned.changes),
                "refused": _refused(planned),
            }
            append(
                database,
                ts=now,
                actor=person,
                action="asset.import",
                subject=options.file.name,
                detail=detail,
            )
        return planned

    planned = in_transaction(Path(config.store.path), work)
    if options.json:
        print(json.dumps(_document(planned), ensure_ascii=False))
        return 1 if _refused(planned) else 0
    for sheet, heading in planned.ignored:
        word = "column" if heading else "sheet"
        print(text("asset.import.ignored", what=text(f"asset.import.{word}", sheet=sheet, heading=heading)))
    for asset in planned.adds:
        print(text("asset.import.add", name=asset.name, address=asset.addresses[0][1]))
    for change in planned.changes:
        print(
            text(
                "asset.import.change",
                id=change.id,
                name=change.asset.name,
                fields=", ".join(map(headings.heading, change.fields)),
            )
        )
    for kind, refusals in (("conflict", planned.conflicts), ("bad", planned.bad)):
        for one in refusals:
            print(
                text(
                    "asset.import.refused",
                    kind=text(f"asset.import.{kind}"),
                    place=f"{one.sheet}!{one.cell}",
                    value=one.value or "-",
                    reason=one.reason,
                )
            )
    numbers = {"added": len(planned.adds), "changed": len(planned.changes), "unchanged": planned.unchanged}
    refused = {"conflicts": len(planned.conflicts), "bad": len(planned.bad)}
    how = "dry" if options.dry_run else "done"
    print(text("asset.import.total", how=text(f"asset.import.{how}"), **numbers, **refused))
    return 1 if _refused(planned) else 0


def _export(config: Config, options: argparse.Namespace) -> int:
    person = actor(options)
    headings = Headings(config.ledger.headings)

    def work(database: Database) -> int:
        rows = LedgerStore(database.conn).assets()
        chosen = [row.asset for row in rows if options.department in (None, row.asset.department)]
        write_register(options.file, chosen, headings)
        detail = {"assets": len(chosen), "department": options.department or ""}
        append(
            database,
            ts=time.time(),
            actor=person,
            action="asset.export",
            subject=options.file.name,
            detail=detail,
        )
        return len(chosen)

    number = in_transaction(Path(config.store.path), work)
    print(text("asset.exported", number=number, path=options.file), file=sys.stderr)
    return 0 if number else 1


def _refused(planned: Plan) -> int:
    return len(planned.bad) + len(planned.conflicts)


def _document(planned: Plan) -> dict[str, Any]:
    def told(refusals: list[Refusal]) -> list[dict[str, str]]:
        return [
            {"sheet": one.sheet, "cell": one.cell, "value": one.value, "reason": str(one.reason)}
            for one in refusals
        ]

    return {
        "adds": msgspec.to_builtins(planned.adds),
        "changes": [{"id": change.id, "fields": change.fields} for change in planned.changes],
        "unchanged": planned.unchanged,
        "conflicts": told(planned.conflicts),
        "bad": told(planned.bad),
        "ignored": planned.ignored,
    }


_ACTIONS: Mapping[str, Action] = {
    "export": _export,
    "import": _import,
    **LIFE,
    **SWEEP,
    **VIEWS,
}
