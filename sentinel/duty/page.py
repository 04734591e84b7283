"""A summary as a page (HTML) that stands alone: it opens without a network and prints on A4."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from sentinel.duty.period import Period
from sentinel.duty.summary import Summary
from sentinel.text import LANGUAGES, current_language, text

__all__ = ["summary_page"]

_STYLE = (
    "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',SimSun,sans-serif;max-width:180mm;margin:auto}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #888;padding:.3em;text-align:left}"
)


def summary_page(summary: Summary, unit: str, zone: ZoneInfo, period: Period = Period.DAY) -> str:
    """The page of `summary` in the language spoken now, with times of `zone`."""
    language = LANGUAGES[current_language()].replace("_", "-")
    title = _title(summary, zone, period)
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
    incidents = [
        (number, title, text(f"incident.level.{level}"), text(f"incident.state.{state}"))
        for number, title, level, state in summary.incidents.listed
    ]
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(unit)}</p>",
        f"<p>{_statement(summary)}</p>",
        f"<h2>{text('duty.report.alerts')}</h2>",
        f"<p>{text('duty.report.counts', alerts=summary.alert_count, sources=summary.sources)}</p>",
        _table(levels, none),
        f"<p>{text('duty.report.drills', alerts=summary.drills)}</p>",
        f"<h2>{text('duty.report.rules')}</h2>{_table(rules, none)}",
        f"<h2>{text('duty.report.roster')}</h2>{_table(shifts + stand_ins, none)}",
        f"<h2>{text('duty.report.patrols')}</h2>{_table(patrols, none)}",
    ]
    if incidents:
        parts.append(f"<h2>{text('duty.report.incidents')}</h2>{_table(incidents, none)}")
    if summary.incidents.found > len(incidents):
        parts.append(f"<p>{text('duty.report.more', number=summary.incidents.found - len(incidents))}</p>")
    parts.append("</html>")
    return "\n".join(parts) + "\n"


def _title(summary: Summary, zone: ZoneInfo, period: Period) -> str:
    first = datetime.fromtimestamp(summary.start, zone)
    last = datetime.fromtimestamp(summary.end, zone) - timedelta(days=1)
    date = {Period.DAY: f"{first:%Y-%m-%d}", Period.MONTH: f"{first:%Y-%m}", Period.YEAR: f"{first:%Y}"}
    return text(f"duty.report.{period}", date=date.get(period, f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"))


def _statement(summary: Summary) -> str:
    """What a zero-report asks to be said: that there was nothing, or what there was."""
    counts = summary.incidents
    words = text(
        "duty.report.something" if counts.found else "duty.report.zero",
        found=counts.found,
        closed=counts.closed,
        false=counts.false,
        open=counts.open,
    )
    return words + (text("duty.report.drill-incidents", number=counts.drills) if counts.drills else "")


def _table(rows: Iterable[tuple[str, ...]], none: str) -> str:
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>" if lines else f"<p>{escape(none)}</p>"
