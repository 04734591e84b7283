"""Tables as people keep them: CSV in UTF-8 or GBK, Excel workbooks with several sheets and merged cells."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentinel.ledger.fault import LedgerError
from sentinel.ledger.form import UNREADABLE, clean
from sentinel.text import Message

__all__ = ["GUARDED", "Sheet", "read_sheets"]

_MOST_BYTES = 64 << 20
_MOST_UNPACKED = 512 << 20
_MOST_ROWS = 200_000
_MOST_COLUMNS = 256
_DAMAGED = 20
"""A text of which one character in so many is damaged is no text in these encodings."""
GUARDED = ("=", "+", "-", "@", "'")
"""How a CSV cell begins that a spreadsheet would compute instead of show: another `'` before it says that it is text."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    name: str
    rows: list[list[str]]
    """Clean text; the cells of a merged range all say what its first one says."""


def read_sheets(path: Path) -> list[Sheet]:
    """The tables in a file. Raises LedgerError where it is none, or larger than a register can be."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LedgerError(Message("asset.file.too-large", path=path))
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return list(_workbook(path))
        return [Sheet(path.name, _csv(path))]
    except OSError as error:
        raise LedgerError(
            Message("asset.file.unreadable", path=path, reason=error.strerror or error)
        ) from error


def _csv(path: Path) -> list[list[str]]:
    written = _text(path)
    try:
        rows = [[clean(_shown(cell)) for cell in row] for row in csv.reader(io.StringIO(written, newline=""))]
    except csv.Error as error:
        raise LedgerError(Message("asset.file.unreadable", path=path, reason=error)) from error
    if len(rows) > _MOST_ROWS or any(len(row) > _MOST_COLUMNS for row in rows):
        raise LedgerError(Message("asset.file.too-large", path=path))
    return rows


def _text(path: Path) -> str:
    """UTF-8 or GBK, whichever it rather is; a few damaged characters become U+FFFD, so that their cells are named."""
    data = path.read_bytes()
    found = []
    for encoding in ("utf-8-sig", "gb18030"):
        written = data.decode(encoding, "replace")
        damaged = written.count(UNREADABLE)
        if not damaged:
            return written
        found.append((damaged, written))
    damaged, written = min(found)
    if "\0" in written or damaged * _DAMAGED > len(written):
        raise LedgerError(Message("asset.file.no-text", path=path))
    return written


def _shown(cell: str) -> str:
    """Without the sign that keeps a spreadsheet from computing it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(GUARDED) else cell


def _workbook(path: Path) -> Iterator[Sheet]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
                raise LedgerError(Message("asset.file.too-large", path=path))
        book = load_workbook(path, data_only=True)
    except LedgerError:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part makes of it
        raise LedgerError(Message("asset.file.unreadable", path=path, reason=error)) from error
    for sheet in book.worksheets:
        if sheet.max_row > _MOST_ROWS or sheet.max_column > _MOST_COLUMNS:
            raise LedgerError(Message("asset.file.too-large", path=path))
        rows = [[clean(value) for value in row] for row in sheet.iter_rows(values_only=True)]
        for merged in sheet.merged_cells.ranges:
            first = rows[merged.min_row - 1][merged.min_col - 1]
            for row in rows[merged.min_row - 1 : merged.max_row]:
                row[merged.min_col - 1 : merged.max_col] = [first] * (merged.max_col - merged.min_col + 1)
        yield Sheet(sheet.title, rows)
