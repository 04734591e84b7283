"""From a table to a plan: what would be added, changed, refused, each with its cell. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Key
from sentinel.ledger.fault import LedgerError
from sentinel.ledger.form import NEEDED, BadCell, Headings, read_addresses, read_cell
from sentinel.ledger.register import Registered
from sentinel.ledger.sheet import Sheet
from sentinel.text import Message

__all__ = ["Change", "Plan", "Refusal", "plan"]

_HEADING_ROWS = 10
"""Headings stand within so many rows from the top."""
_LEAST_HEADINGS = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that cannot be taken, and so its row."""

    sheet: str
    cell: str
    """As Excel names it: `C7`."""
    value: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Change:
    """A registered asset that the table has otherwise."""

    id: int
    asset: Asset
    fields: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """What an import does."""

    adds: list[Asset] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    conflicts: list[Refusal] = field(default_factory=list)
    """Rows that contradict another row, another asset or a lock."""
    bad: list[Refusal] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    """Sheets and headings that mean no field; an empty heading is a sheet without a table."""


def plan(sheets: Iterable[Sheet], registered: Iterable[Registered], headings: Headings) -> Plan:
    """Compare tables with what is registered. Raises LedgerError where no sheet is a table."""
    made = _Planner(registered, headings)
    tables = [made.take(sheet) for sheet in sheets]
    if not any(tables):
        raise LedgerError(Message("asset.file.no-headings"))
    return made.plan


class _Planner:
    def __init__(self, registered: Iterable[Registered], headings: Headings) -> None:
        self.plan = Plan()
        self._headings = headings
        self._assets: dict[int, tuple[Asset, frozenset[str]]] = {}
        self._by_address: dict[Key, int] = {}
        self._by_code: dict[tuple[str, str], int] = {}
        self._taken: dict[Any, str] = {}
        """Addresses, codes and assets that earlier rows are about, and where those stand."""
        for row in registered:
            asset = row.asset
            self._assets[row.id] = (asset, row.locked)
            self._by_address.update(dict.fromkeys(asset.addresses, row.id))
            if asset.code:
                self._by_code[asset.department, asset.code] = row.id

    def take(self, sheet: Sheet) -> bool:
        """Take a sheet; False where it is no table."""
        head, columns = _head(sheet.rows, self._headings)
        if len(columns) < _LEAST_HEADINGS:
            self.plan.ignored.append((sheet.name, ""))
            return False
        for number, heading in enumerate(sheet.rows[head]):
            if heading and number not in columns:
                self.plan.ignored.append((sheet.name, heading))
        for at in range(head + 1, len(sheet.rows)):
            row = sheet.rows[at]
            if any(number < len(row) and row[number] for number in columns):
                self._row(sheet.name, at + 1, row, columns)
        return True

    def _row(self, sheet: str, line: int, row: Sequence[str], columns: dict[int, str]) -> None:
        values: dict[str, str] = {}
        cells = {field: f"{_letters(number)}{line}" for number, field in columns.items()}
        addresses: tuple[Key, ...] = ()
        bad: list[Refusal] = []
        written_at = {name: row[number] if number < len(row) else "" for number, name in columns.items()}
        for name, written in written_at.items():
            try:
                if name == "addresses":
                    read_cell(name, written)
                    addresses = read_addresses(written, written_at.get("zone", ""))
                else:
                    values[name] = read_cell(name, written)
            except BadCell as error:
                bad.append(Refusal(sheet, cells[name], written, error.message))
                continue
            if not written and name in (*NEEDED, "addresses"):
                bad.append(Refusal(sheet, cells[name], "", Message("asset.bad.needed")))
        for name in (*NEEDED, "addresses"):
            if name not in cells:
                bad.append(
                    Refusal(
                        sheet,
                        f"{line}:{line}",
                        "",
                        Message("asset.bad.no-column", field=self._headings.heading(name)),
                    )
                )
        if bad:
            self.plan.bad += bad
            return
        values.pop("zone", "")
        cii = values.pop("cii", "")
        self._compare(sheet, cells, Asset(addresses=addresses, cii=bool(cii), **values))

    def _compare(self, sheet: str, cells: dict[str, str], asset: Asset) -> None:
        place = f"{sheet}!{cells['addresses']}"
        code = (asset.department, asset.code)
        id = self._by_code.get(code) if asset.code else self._by_address.get(asset.addresses[0])
        for key in asset.addresses:
            owner = self._by_address.get(key, id)
            if owner != id:
                self._conflict(sheet, cells["addresses"], key[1], Message("asset.conflict.owned", id=owner))
                return
        for what in (*asset.addresses, *((code,) if asset.code else ()), *((id,) if id else ())):
            if what in self._taken:
                shown = what[1] if isinstance(what, tuple) else str(what)
                reason = Message("asset.conflict.twice", place=self._taken[what])
                self._conflict(sheet, cells["addresses"], shown, reason)
                return
        if id is not None:
            before, locked = self._assets[id]
            fields = tuple(
                name for name in cells if name != "zone" and getattr(before, name) != getattr(asset, name)
            )
            if "zone" in cells and "addresses" not in fields and before.addresses != asset.addresses:
                fields = (*fields, "addresses")
            if refused := locked.intersection(fields):
                name = min(refused)
                self._conflict(
                    sheet, cells[name], str(getattr(asset, name)), Message("asset.conflict.locked")
                )
                return
            if fields:
                # Columns that the table lacks stay as they are registered.
                kept = msgspec.structs.replace(before, **{name: getattr(asset, name) for name in fields})
                self.plan.changes.append(Change(id, kept, fields))
            else:
                self.plan.unchanged += 1
            self._taken[id] = place
        else:
            self.plan.adds.append(asset)
        self._taken.update(dict.fromkeys(asset.addresses, place))
        if asset.code:
            self._taken[code] = place

    def _conflict(self, sheet: str, cell: str, value: str, reason: Message) -> None:
        self.plan.conflicts.append(Refusal(sheet, cell, value, reason))


def _head(rows: Sequence[Sequence[str]], headings: Headings) -> tuple[int, dict[int, str]]:
    """The last row of headings, and the field of each column: where headings take two rows, the lower says more."""
    best: tuple[int, dict[int, str]] = (0, {})
    for at, row in enumerate(rows[:_HEADING_ROWS]):
        columns: dict[int, str] = {}
        for number, heading in enumerate(row):
            above = rows[at - 1][number] if at and number < len(rows[at - 1]) else ""
            name = headings.field(heading) or (headings.field(above + heading) if heading else None)
            if name is not None and name not in columns.values():
                columns[number] = name
        if columns and len(columns) >= len(best[1]):
            best = (at, columns)
    return best


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
