"""The looks of `sentinel assets`: list, show, differences, coverage. They hold up no writer."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sentinel.command.acting import Action, local_time
from sentinel.config import Config
from sentinel.ledger import LedgerSettings, LedgerStore, Register, Registered
from sentinel.ledger.compare import Comparison, Difference, has_random_mac
from sentinel.ledger.coverage import Coverage, coverage
from sentinel.ledger.form import HEADINGS, Headings, write_row
from sentinel.ledger.store import Listed, Wanted
from sentinel.store.session import reading
from sentinel.text import text

__all__ = ["VIEWS"]

_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode


def _list(config: Config, options: argparse.Namespace) -> int:
    wanted = Wanted(
        zone=options.zone,
        department=options.department,
        developer=options.developer,
        product=options.product,
        version=options.version,
        registered=options.registered,
    )
    found, total = _look(config, lambda store: store.listed(wanted, options.limit))
    told = _json_line if options.json else _line
    sys.stdout.writelines(f"{told(one)}\n" for one in found)
    print(text("asset.total", number=total), file=sys.stderr)
    if len(found) < total:
        print(text("asset.more", shown=len(found)), file=sys.stderr)
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    wanted = Wanted(zone=options.zone, address=options.address)
    found, _ = _look(config, lambda store: store.listed(wanted))
    if not found:
        print(text("cli.error", message=text("asset.unknown", address=options.address)), file=sys.stderr)
        return 1
    headings = Headings(config.ledger.headings)
    for one in found:
        if options.json:
            print(_json_line(one))
            continue
        print(_line(one))
        for line in (*_registered(one.registered, headings), *_seen(one)):
            print(line)
    return 0


def _registered(row: Registered | None, headings: Headings) -> Iterator[str]:
    """What is registered, field by field."""
    if row is None:
        yield text("asset.unregistered")
        return
    yield text(
        "asset.registered",
        id=row.id,
        life=text(f"asset.life.{row.life}"),
        first=local_time(row.registered_at),
        last=local_time(row.changed_at),
    )
    for field, value in zip(HEADINGS, write_row(row.asset), strict=True):
        if value:
            lock = text("asset.lock") if field in row.locked else ""
            yield text("asset.value", field=headings.heading(field), value=value, lock=lock)


def _seen(one: Listed) -> Iterator[str]:
    """What was seen, each fact with its evidence."""
    facts = one.device.facts if one.device else []
    for fact in sorted(facts, key=lambda fact: (fact.field, -fact.confidence)):
        yield text(
            "asset.fact",
            field=text(f"asset.field.{fact.field}"),
            value=fact.value,
            source=fact.source,
            confidence=fact.confidence,
            first=local_time(fact.first_seen),
            last=local_time(fact.last_seen),
        )


def _line(one: Listed) -> str:
    device, asset = one.device, one.registered.asset if one.registered else None
    best = {field: device.best(field) if device else None for field in ("name", "mac", "vendor", "os")}
    shown = {field: fact.value if fact else "-" for field, fact in best.items()}
    if asset is not None:
        shown["name"] = asset.name
    services = {fact.value.partition(" ")[0] for fact in device.of("service")} if device else ()
    return text(
        "asset.line",
        address=one.address,
        zone=one.zone or "-",
        services=" ".join(sorted(services)) or "-",
        last=local_time(device.last_seen) if device else "-",
        department=asset.department if asset else "-",
        responsible=asset.responsible if asset else "-",
        life=text(f"asset.life.{one.registered.life if one.registered else 'seen'}"),
        **shown,
    )


def _json_line(one: Listed) -> str:
    """The device as it was seen, and under `asset` as it is registered."""
    document: dict[str, Any] = {"zone": one.zone, "address": one.address}
    if one.device is not None:
        document = msgspec.to_builtins(one.device)
    if one.registered is not None:
        row = one.registered
        about = {"id": row.id, "life": row.life, "locked": sorted(row.locked)}
        document["asset"] = about | {name: getattr(row.asset, name) for name in row.asset.__struct_fields__}
    return _encode(document).decode()


def _diff(config: Config, options: argparse.Namespace) -> int:
    settings = replace(config.ledger, unseen=options.days * 86400.0, grace=0.0)
    _, found = _look(config, lambda store: _compare(store, store.compared_assets(), settings))
    wanted = [one for one in found if options.kind in (None, one.kind)]
    told = _plain_line if options.json else _told
    sys.stdout.writelines(f"{told(one)}\n" for one in wanted)
    print(text("asset.differences", number=len(wanted)), file=sys.stderr)
    return 0


def _plain_line(difference: Difference) -> str:
    return _encode(_plain(difference)).decode()


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
    kind, zone, address, about, department, registered, seen, _, asset = difference
    what = text(f"asset.difference.{kind}")
    return text(
        "asset.difference",
        kind=what + text(f"asset.about.{about}") if about else what,
        zone=zone or "-",
        address=address,
        department=department or "-",
        responsible=(asset.responsible if asset else "") or "-",
        registered=registered or "-",
        seen=seen or "-",
    )


def _coverage(config: Config, options: argparse.Namespace) -> int:
    settings = replace(config.ledger, grace=0.0)
    comparison, found = _look(config, lambda store: _compare(store, store.assets(), settings))
    for figures in coverage(comparison.register, comparison.alive, found):
        print(json.dumps(asdict(figures), ensure_ascii=False) if options.json else _figures(figures))
    return 0 if len(comparison.register) else 1


def _compare(
    store: LedgerStore, assets: list[Registered], settings: LedgerSettings
) -> tuple[Comparison, list[Difference]]:
    """Compare every device in the database with these assets."""
    latest, zoned = store.newest()
    comparison = Comparison(Register(assets), settings, now=latest, zoned=zoned)
    return comparison, comparison.whole(store.devices())


def _figures(figures: Coverage) -> str:
    if not figures.department:
        rate = _share(figures.known, figures.known + figures.unregistered)
        title = text("asset.coverage.all", unregistered=figures.unregistered, rate=rate)
    else:
        title = figures.department
    return text(
        "asset.coverage",
        title=title,
        registered=figures.registered,
        seen=figures.seen,
        seen_share=_share(figures.seen, figures.registered),
        accurate=_share(figures.accurate, figures.seen),
        complete=_share(figures.complete, figures.registered),
        zombies=figures.zombies,
        exposed=figures.exposed,
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def _look(config: Config, work: Callable[[LedgerStore], _T]) -> _T:
    gc.disable()  # a hundred thousand of each are held until the end: to look through them for cycles takes longest
    found = reading(Path(config.store.path), lambda database: work(LedgerStore(database.conn)))
    gc.freeze()  # nor at the end of the process
    return found


VIEWS: Mapping[str, Action] = {"coverage": _coverage, "diff": _diff, "list": _list, "show": _show}
