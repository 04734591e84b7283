"""A report as a Word document (.docx), which WPS opens as well."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from sentinel.duty.report import Report, Section
from sentinel.text import text

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Row

__all__ = ["report_document"]

_FONT: Final = "SimSun"
"""宋体: on every machine with Chinese Word or WPS."""
_LONGEST_PROPERTY: Final = 255
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold (XML 1.0, section 2.2)."""


def report_document(report: Report) -> bytes:
    """The document, in the language spoken now."""
    import docx
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name = _FONT
    style.font.size = Pt(11)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    about = document.core_properties
    about.title, about.author = (_plain(words)[:_LONGEST_PROPERTY] for words in (report.title, report.unit))
    about.comments = about.last_modified_by = ""
    about.created = about.modified = report.made_at.astimezone(UTC)
    document.add_heading(_plain(report.title), 0)
    if report.unit:
        document.add_paragraph(_plain(report.unit))
    document.add_paragraph(_plain(report.statement))
    document.add_paragraph(report.made)
    for section in report.sections:
        _add(document, section)
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()


def _add(document: Document, section: Section) -> None:
    document.add_heading(_plain(section.heading), 1)
    for words in section.words:
        document.add_paragraph(_plain(words))
    if section.rows:
        table = document.add_table(rows=0, cols=len(section.head), style="Table Grid")
        for row in (section.head, *section.rows):
            _fill(table.add_row(), row)
    elif section.rows is not None:
        document.add_paragraph(text("duty.report.none"))


def _fill(row: _Row, cells: Sequence[str]) -> None:
    for cell, words in zip(row.cells, cells, strict=True):
        cell.text = _plain(words)


def _plain(words: str) -> str:
    return _NOT_XML.sub("\ufffd", words)
