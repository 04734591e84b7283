"""What a report says, in the language spoken now, before it becomes a page or a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel.duty.period import Period
from sentinel.duty.summary import Summary
from sentinel.incident.category import MAJORS, major_of
from sentinel.text import current_language, text

__all__ = ["Report", "Section", "report_of"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and a table."""

    heading: str
    words: Sequence[str] = ()
    head: Sequence[str] = ()
    """Titles of the columns."""
    rows: Sequence[Sequence[str]] | None = None
    """None: no table belongs here; none in it: that is said."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    title: str
    unit: str
    statement: str
    """The first sentence: that nothing was discovered, or what was."""
    sections: Sequence[Section]
    made_at: datetime
    """When it was counted, on the clock of its zone."""

    @property
    def made(self) -> str:
        """The sentence that says so: what came later is not in it."""
        return text("duty.report.made", time=f"{self.made_at:%Y-%m-%d %H:%M}")


def report_of(
    summary: Summary, unit: str, zone: ZoneInfo, made_at: float, period: Period = Period.DAY
) -> Report:
    """The report of `summary`, counted at `made_at`, with times of `zone`."""
    sections = [
        _incidents(summary),
        _handling(summary),
        _alerts(summary),
        Section(text("duty.report.rules"), head=_head("rule", "number"), rows=_counted(summary.rules)),
        _roster(summary, zone),
        _patrols(summary, zone),
        _zero_reports(summary, zone),
    ]
    if period is not Period.DAY:
        sections.insert(0, _course(summary, zone, period))
    title, made = _title(summary, zone, period), datetime.fromtimestamp(made_at, zone)
    return Report(title, unit, _statement(summary), sections, made)


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


def _title(summary: Summary, zone: ZoneInfo, period: Period) -> str:
    first = datetime.fromtimestamp(summary.start, zone)
    last = datetime.fromtimestamp(summary.end, zone) - timedelta(days=1)
    date = {Period.DAY: f"{first:%Y-%m-%d}", Period.MONTH: f"{first:%Y-%m}", Period.YEAR: f"{first:%Y}"}
    return text(f"duty.report.{period}", date=date.get(period, f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"))


def _course(summary: Summary, zone: ZoneInfo, period: Period) -> Section:
    form = "%Y-%m" if period is Period.YEAR else "%m-%d"
    rows = [
        (datetime.fromtimestamp(start, zone).strftime(form), str(incidents), str(alerts))
        for start, incidents, alerts in summary.course
    ]
    return Section(text("duty.report.course"), head=_head("date", "incidents", "alerts"), rows=rows)


def _incidents(summary: Summary) -> Section:
    counts = summary.incidents
    words = [
        text("duty.report.by", what=text(f"duty.report.{name}"), counts=_listed(_whole(rows, counts.found)))
        for name, rows in (
            ("levels", [(text(f"incident.level.{level}"), number) for level, number in counts.levels]),
            (
                "categories",
                [(f"{_major(code)} {code}", number) for code, number in counts.categories],
            ),
            ("departments", [(name or "-", number) for name, number in counts.departments]),
        )
        if rows
    ]
    rows = [
        (number, title, text(f"incident.level.{level}"), text(f"incident.state.{state}"))
        for number, title, level, state in counts.listed
    ]
    if counts.found > len(rows):
        words.append(text("duty.report.more", number=counts.found - len(rows)))
    return Section(text("duty.report.incidents"), words, _head("incident", "title", "level", "state"), rows)


def _handling(summary: Summary) -> Section:
    """Clocks of incidents, kept and not kept."""
    rows = [(text(f"incident.clock.{clock}"), str(kept), str(late)) for clock, kept, late in summary.clocks]
    return Section(text("duty.report.clocks"), head=_head("clock", "kept", "late"), rows=rows)


def _alerts(summary: Summary) -> Section:
    words = [
        text("duty.report.counts", alerts=summary.alert_count, sources=summary.sources),
        text("duty.report.drills", alerts=summary.drills),
    ]
    rows = [(text(f"alert.level.{level}"), str(number)) for level, number in summary.alerts.items()]
    return Section(text("duty.report.alerts"), words, _head("level", "number"), rows)


def _roster(summary: Summary, zone: ZoneInfo) -> Section:
    rows = [
        (
            text(f"duty.role.{s.role}"),
            s.person.name,
            s.person.phone,
            _moment(s.start, zone),
            _moment(s.end, zone),
        )
        for s in summary.shifts
    ]
    rows += [
        (
            text(f"duty.role.{s.role}"),
            f"{s.person.name} ← {s.absent}",
            s.person.phone,
            _moment(s.start, zone),
            _moment(s.end, zone),
        )
        for s in summary.stand_ins
    ]
    words = [text("duty.report.handovers", number=summary.handovers)]
    return Section(
        text("duty.report.roster"), words, _head("role", "person", "phone", "since", "until"), rows
    )


def _patrols(summary: Summary, zone: ZoneInfo) -> Section:
    words = [
        text("duty.report.rounds", place=place, due=due, done=done) for place, due, done in summary.rounds
    ]
    if missing := summary.patrol_count - len(summary.patrols):
        words.append(text("duty.report.more-patrols", number=missing))
    rows = [
        (_moment(p.ts, zone), p.person, p.place, text(f"duty.result.{p.result}"), p.note)
        for p in summary.patrols
    ]
    return Section(
        text("duty.report.patrols"), words, _head("time", "person", "place", "result", "note"), rows
    )


def _zero_reports(summary: Summary, zone: ZoneInfo) -> Section:
    rows = [
        (
            _moment(one.due, zone),
            _moment(one.ts, zone),
            one.person,
            text("duty.zero.late" if one.late else "duty.zero.in-time"),
            str(one.found),
        )
        for one in summary.zero_reports
    ]
    head = _head("due", "time", "person", "state", "incidents")
    return Section(text("duty.report.zero-reports"), head=head, rows=rows)


def _whole(rows: Sequence[tuple[str, int]], number: int) -> list[tuple[str, int]]:
    """`rows` with what is missing of `number`, so that all of them add up to it."""
    missing = number - sum(count for _, count in rows)
    return [*rows, (text("duty.report.others"), missing)] if missing else list(rows)


def _major(code: str) -> str:
    chinese, english, _ = MAJORS[major_of(code)]
    return english if current_language() == "en" else chinese


def _head(*names: str) -> tuple[str, ...]:
    return tuple(text(f"duty.column.{name}") for name in names)


def _counted(rows: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    return [(name, str(number)) for name, number in rows]


def _listed(rows: Sequence[tuple[str, int]]) -> str:
    return text("duty.report.comma").join(f"{name} {number}" for name, number in rows)


def _moment(ts: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ts, zone):%m-%d %H:%M}"
