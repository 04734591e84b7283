"""The register as a file that people and `intake` read: a workbook with a sheet for each department, or CSV."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from sentinel.ledger.asset import Asset
from sentinel.ledger.fault import LedgerError
from sentinel.ledger.form import HEADINGS, Headings, write_row
from sentinel.ledger.sheet import GUARDED
from sentinel.text import Message

__all__ = ["write_register"]

_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_TITLE = 31
"""Characters of a sheet's name, at most."""
_WIDTHS = {"addresses": 24, "mac": 20, "department": 20, "system": 20, "location": 20, "note": 30}


def write_register(path: Path, assets: Iterable[Asset], headings: Headings) -> None:
    """Write a new file, readable by its owner alone: it holds names and telephone numbers. Raises LedgerError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise LedgerError(Message("asset.file.exists", path=path)) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.suffix.lower() == ".csv":
                _write_csv(file, assets, headings.row())
            else:
                _write_workbook(file, assets, headings.row())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _write_csv(file: BinaryIO, assets: Iterable[Asset], head: Sequence[str]) -> None:
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(head)
        for asset in assets:
            writer.writerow([f"'{cell}" if cell.startswith(GUARDED) else cell for cell in write_row(asset)])


def _write_workbook(file: BinaryIO, assets: Iterable[Asset], head: Sequence[str]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    departments: dict[str, list[Asset]] = {}
    for asset in assets:
        departments.setdefault(asset.department, []).append(asset)
    taken: set[str] = set()
    for department, its_own in sorted(departments.items()) or [("", [])]:
        sheet = book.create_sheet(_title(department, taken))
        sheet.freeze_panes = "A2"
        for number, field in enumerate(HEADINGS, 1):
            sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(field, 14)
        row = [WriteOnlyCell(sheet, name) for name in head]
        for cell in row:
            cell.font = Font(bold=True)
        sheet.append(row)
        for asset in its_own:
            cells = []
            for value in write_row(asset):
                cell = WriteOnlyCell(sheet, value)
                cell.data_type = "s"  # a text, be it one that begins like a formula or looks like a number
                cells.append(cell if value else None)
            sheet.append(cells)
    book.save(file)


def _title(department: str, taken: set[str]) -> str:
    """A sheet's name that Excel takes, and that no other sheet has."""
    plain = _NOT_IN_TITLES.sub(" ", department).strip().strip("'")[:_TITLE] or "台账"
    title, number = plain, 1
    while title.casefold() in taken:
        number += 1
        title = f"{plain[: _TITLE - len(str(number)) - 1]}-{number}"
    taken.add(title.casefold())
    return title


def _unwritable(path: Path, error: OSError) -> LedgerError:
    return LedgerError(Message("asset.file.unwritable", path=path, reason=error.strerror or error))
