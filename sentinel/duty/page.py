"""A summary as a page (HTML) that stands alone: it opens without a network and prints on A4."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from sentinel.duty.summary import Summary
from sentinel.text import LANGUAGES, current_language, text

__all__ = ["summary_page"]

_STYLE = (
    "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',SimSun,sans-serif;max-width:180mm;margin:auto}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #888;padding:.3em;text-align:left}"
)


def summary_page(summary: Summary, unit: str, zone: ZoneInfo) -> str:
    """The page of `summary` in the language spoken now, with times of `zone`."""
    language = LANGUAGES[current_language()].replace("_", "-")
    title = text("duty.report.day", date=f"{datetime.fromtimestamp(summary.start, zone):%Y-%m-%d}")
    none = text("duty.report.none")

    def moment(ts: float) -> str:
        return f"{datetime.fromtimestamp(ts, zone):%m-%d %H:%M}"

    levels = [(text(f"alert.level.{level}"), str(number)) for level, number in summary.alerts.items()]
    rules = [(name, str(number)) for name, number in summary.rules]
    shifts = [
        (text(f"duty.role.{s.role}"), s.person.name, s.person.phone, moment(s.start), moment(s.end))
        for s in summary.shifts
    ]
    stand_ins = [
        (text(f"duty.role.{s.role}"), f"{s.person.name} ← {s.absent}", s.person.phone)
        + (moment(s.start), moment(s.end))
        for s in summary.stand_ins
    ]
    patrols = [
        (moment(p.ts), p.person, p.place, text(f"duty.result.{p.result}"), p.note) for p in summary.patrols
    ]
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(unit)}</p>",
        f"<h2>{text('duty.report.alerts')}</h2>",
        f"<p>{text('duty.report.counts', alerts=summary.alert_count, sources=summary.sources)}</p>",
        _table(levels, none),
        f"<p>{text('duty.report.drills', alerts=summary.drills)}</p>",
        f"<h2>{text('duty.report.rules')}</h2>{_table(rules, none)}",
        f"<h2>{text('duty.report.roster')}</h2>{_table(shifts + stand_ins, none)}",
        f"<h2>{text('duty.report.patrols')}</h2>{_table(patrols, none)}</html>",
    ]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[tuple[str, ...]], none: str) -> str:
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>" if lines else f"<p>{escape(none)}</p>"
