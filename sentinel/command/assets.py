"""`sentinel assets`: the device ledger. The daemon may run or not."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.command.acting import Action, act, actor, local_time
from sentinel.command.asset_life import LIFE
from sentinel.config import Config
from sentinel.ledger import Device, LedgerStore, Register
from sentinel.ledger.compare import Difference, compare, has_random_mac, newest
from sentinel.ledger.export import write_register
from sentinel.ledger.form import Headings
from sentinel.ledger.intake import Plan, Refusal, plan
from sentinel.ledger.sheet import read_sheets
from sentinel.store.audit import append
from sentinel.store.session import in_transaction, reading
from sentinel.text import text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it is done, 1 where there is nothing of that kind, 2 where it could not be done."""
    return act(options, _ACTIONS)


def _list(config: Config, options: argparse.Namespace) -> int:
    devices = _look(config, lambda store: store.devices(options.zone))
    for device in reversed(devices[-options.limit :] if options.limit else devices):
        print(msgspec.json.encode(device).decode() if options.json else _line(device))
    print(text("asset.total", number=len(devices)), file=sys.stderr)
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    devices = _look(config, lambda store: store.devices(options.zone, options.address))
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
                    first=local_time(fact.first_seen),
                    last=local_time(fact.last_seen),
                )
            )
    return 0


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


def _diff(config: Config, options: argparse.Namespace) -> int:
    devices, assets = _look(config, lambda store: (store.devices(), store.assets()))
    settings = replace(config.ledger, unseen=options.days * 86400.0, grace=0.0)
    number = 0
    for one in compare(devices, Register(assets), settings, now=newest(devices)):
        if options.kind and one.kind != options.kind:
            continue
        number += 1
        print(json.dumps(_plain(one), ensure_ascii=False) if options.json else _told(one))
    print(text("asset.differences", number=number), file=sys.stderr)
    return 0


def _plain(difference: Difference) -> dict[str, Any]:
    device, asset = difference.device, difference.asset
    return {
        "kind": difference.kind,
        "zone": difference.zone,
        "address": difference.address,
        "about": difference.about,
        "department": difference.department,
        "responsible": asset.responsible if asset else "",
        "registered": difference.registered,
        "seen": difference.seen,
        "random_mac": device is not None and has_random_mac(device),
    }


def _told(difference: Difference) -> str:
    shown = {name: value or "-" for name, value in _plain(difference).items() if name != "random_mac"}
    kind = text(f"asset.difference.{difference.kind}")
    about = text(f"asset.about.{difference.about}") if difference.about else ""
    return text("asset.difference", **shown | {"kind": f"{kind}{about}"})


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


def _line(device: Device) -> str:
    best = {field: device.best(field) for field in ("name", "mac", "vendor")}
    shown = {field: fact.value if fact else "-" for field, fact in best.items()}
    return text(
        "asset.line",
        address=device.address,
        zone=device.zone or "-",
        services=" ".join(sorted(fact.value.partition(" ")[0] for fact in device.of("service"))) or "-",
        last=local_time(device.last_seen),
        **shown,
    )


def _look(config: Config, work: Callable[[LedgerStore], Any]) -> Any:
    return reading(Path(config.store.path), lambda database: work(LedgerStore(database.conn)))


_ACTIONS: Mapping[str, Action] = {
    "diff": _diff,
    "export": _export,
    "import": _import,
    "list": _list,
    "show": _show,
    **LIFE,
}
