"""A report as one page (HTML) that stands alone: it opens without a network and prints on A4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from sentinel.duty.report import Report, Section
from sentinel.text import LANGUAGES, current_language, text

__all__ = ["report_page"]

_STYLE = (
    "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',SimSun,sans-serif;max-width:180mm;margin:auto}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #888;padding:.3em;text-align:left}"
    "th{background:#eee}"
)


def report_page(report: Report) -> str:
    """The page, in the language spoken now."""
    language = LANGUAGES[current_language()].replace("_", "-")
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(report.title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(report.title)}</h1><p>{escape(report.unit)}</p>",
        f"<p>{escape(report.statement)}</p><p>{escape(report.made)}</p>",
    ]
    for section in report.sections:
        parts += _section(section)
    return "\n".join([*parts, "</html>"]) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"<h2>{escape(section.heading)}</h2>"
    for words in section.words:
        yield f"<p>{escape(words)}</p>"
    if section.rows:
        yield "<table>" + _row(section.head, "th") + "".join(_row(row) for row in section.rows) + "</table>"
    elif section.rows is not None:
        yield f"<p>{escape(text('duty.report.none'))}</p>"


def _row(cells: Sequence[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
