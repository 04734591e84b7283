"""Reports count what the database holds, and their page shows exactly that."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import (
    DutyBook,
    DutySettings,
    PatrolPlan,
    PatrolResult,
    Period,
    Person,
    Role,
    Shift,
    Summary,
    summarise,
)
from sentinel.duty.page import report_page
from sentinel.duty.report import report_of
from sentinel.event import Alert, Level
from sentinel.incident import Grading, Handling, IncidentSettings, State
from sentinel.store import AlertStore, StoreWriter
from sentinel.store.writer import open_database

DAY = 86400.0


def summary_page(summary: Summary, unit: str, zone: ZoneInfo, period: Period = Period.DAY) -> str:
    return report_page(report_of(summary, unit, zone, 9 * DAY, period))


def alert(number: int, ts: float, level: Level, rule: str, src: str) -> Alert:
    return Alert(kind="conn", ts=ts, id=f"a{number}", level=level, title=f"<{rule}>", rule_id=rule, src=src)


@pytest.fixture
async def summary(tmp_path: Path) -> Summary:
    path = tmp_path / "s.sqlite"
    alerts = [
        alert(1, DAY - 0.5, Level.HIGH, "昨天", "10.0.0.1"),
        alert(2, DAY, Level.HIGH, "扫描", "10.0.0.1"),
        alert(3, DAY + 9, Level.HIGH, "扫描", "10.0.0.2"),
        alert(4, 2 * DAY - 0.5, Level.CRITICAL, "勒索", "10.0.0.1"),
        alert(5, 2 * DAY, Level.LOW, "明天", "10.0.0.3"),
    ]
    drill = alert(6, DAY + 9, Level.CRITICAL, "演练", "10.9.9.9")
    drill.drill = True
    alerts.append(drill)
    async with StoreWriter(path) as writer:
        await AlertStore(writer).add(alerts)
    database = open_database(path)
    book = DutyBook(database, "desk")
    shifts = [Shift(Role.OFFICER, Person("张三", "138"), start, start + DAY) for start in (0, DAY, 2 * DAY)]
    book.add_shifts(shifts, "李四", 0)
    for moment in (DAY - 1, DAY + 3600, 2 * DAY):
        book.patrol("张三", moment, "机房<1>", PatrolResult.NORMAL, f"第 {moment}")
    found = summarise(database, book, DAY, 2 * DAY)
    database.conn.close()
    return found


class Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "td" and self.rows:
            self.rows[-1][-1] += data


def test_only_what_happened_that_day_counts(summary: Summary) -> None:
    assert list(summary.alerts.items()) == [
        (Level.CRITICAL, 1),
        (Level.HIGH, 2),
        (Level.MEDIUM, 0),
        (Level.LOW, 0),
        (Level.INFORMATIONAL, 0),
    ]
    assert summary.alert_count == 3
    assert summary.drills == 1, "apart, and in none of the other numbers"
    assert list(summary.rules) == [("<扫描>", 2), ("<勒索>", 1)]
    assert summary.sources == 2
    assert [shift.start for shift in summary.shifts] == [DAY]
    assert [patrol.ts for patrol in summary.patrols] == [DAY + 3600]


def test_the_page_shows_the_counts_and_escapes_what_strangers_wrote(summary: Summary) -> None:
    page = Page(summary_page(summary, "某区<局>", ZoneInfo("UTC")))
    for row in (
        *(["严重", "1"], ["高", "2"], ["中", "0"], ["低", "0"], ["提示", "0"]),
        *(["<扫描>", "2"], ["<勒索>", "1"]),
        ["值班员", "张三", "138", "01-02 00:00", "01-03 00:00"],
        ["01-02 01:00", "张三", "机房<1>", "正常", f"第 {DAY + 3600}"],
    ):
        assert page.rows.count(row) == 1, row
    assert "统计截至 1970-01-10 00:00" in summary_page(summary, "", ZoneInfo("UTC"))
    assert "另有演练告警 1 条" in summary_page(summary, "", ZoneInfo("UTC"))
    assert {tag.lstrip("/") for tag in page.tags} <= {
        "html",
        "meta",
        "title",
        "style",
        "h1",
        "h2",
        "p",
        "table",
        "tr",
        "th",
        "td",
    }


def test_incidents_count_by_when_they_were_found_and_ended(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    handling = Handling(IncidentSettings(), Grading.load())

    def opened(title: str, now: float, drill: bool = False) -> str:
        incident, _ = handling.open(database.conn, title=title, actor="张三", now=now, drill=drill)
        return incident.number

    before = opened("昨天", DAY - 1)
    first, second, third = (opened(f"<{name}>", DAY + 1) for name in ("一", "二", "三"))
    opened("明天", 2 * DAY)
    opened("演练", DAY + 1, drill=True)
    moves = ((before, DAY + 9), (first, 2 * DAY - 1), (second, 2 * DAY))
    for number, now in moves:
        handling.move(database.conn, number, State.FALSE_POSITIVE, actor="张三", now=now, reason="测试")
    found = summarise(database, DutyBook(database, "desk"), DAY, 2 * DAY)
    counts = found.incidents
    assert (counts.found, counts.closed, counts.false, counts.open, counts.drills) == (3, 0, 2, 2, 1)
    assert [number for number, *_ in counts.listed] == [first, second, third]
    page = summary_page(found, "", ZoneInfo("UTC"))
    assert "发现网络安全事件 3 起,办结 0 起、误报 2 起,期末未结 2 起。(另有演练事件 1 起" in page
    assert [third, "<三>"] in [row[:2] for row in Page(page).rows]
    assert counts.levels == [(4, 3)] and counts.categories == [("OTH", 3)]
    nothing = summarise(database, DutyBook(database, "desk"), 5 * DAY, 6 * DAY)
    assert "零报告:本时段未发现网络安全事件。" in summary_page(nothing, "", ZoneInfo("UTC"))
    database.conn.close()


def test_long_lists_say_how_many_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.duty.summary._MOST_INCIDENTS", 1)
    database = open_database(tmp_path / "s.sqlite")
    for now in (1, 2, 3):
        Handling(IncidentSettings(), Grading.load()).open(database.conn, title="x", actor="a", now=now)
    summary = summarise(database, DutyBook(database, "desk"), 0, DAY)
    database.conn.close()
    assert "另有 2 起未列出" in summary_page(summary, "", ZoneInfo("UTC"))


def test_a_list_of_patrols_that_is_cut_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.duty.book._MOST_PATROLS", 1)
    database = open_database(tmp_path / "s.sqlite")
    book = DutyBook(database, "desk")
    book.add_shifts([Shift(Role.OFFICER, Person("张三", "138"), 0, DAY)], "李四", 0)
    for now in (1, 2, 3):
        book.patrol("张三", now, "机房", PatrolResult.NORMAL, "")
    summary = summarise(database, book, 0, DAY)
    database.conn.close()
    assert "另有巡检记录 2 条未列出" in summary_page(summary, "", ZoneInfo("UTC"))


def test_a_day_without_anything_says_so(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    summary = summarise(database, DutyBook(database, "desk"), 0, DAY)
    database.conn.close()
    page = summary_page(summary, "", ZoneInfo("Asia/Shanghai"))
    assert "网络安全值班日报 1970-01-01" in page and "共 0 条" in page
    assert page.count("<p>无</p>") == 6


def test_plans_clocks_and_the_course_of_a_month(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    handling = Handling(IncidentSettings(), Grading.load())
    book = DutyBook(database, "desk")
    book.add_shifts([Shift(Role.OFFICER, Person("张三", "138"), 0, 9 * DAY)], "李四", 0)
    for drill, now in ((False, DAY + 1), (False, DAY + 2), (False, 3 * DAY), (True, DAY + 1)):
        handling.open(database.conn, title="x", actor="张三", now=now, drill=drill)
    handling.acknowledge(database.conn, 1, actor="张三", now=DAY + 60)
    handling.acknowledge(database.conn, 2, actor="张三", now=DAY + 3600)
    plan = PatrolPlan("机房", ("08:30", "17:30"), 3600)
    at = 3600.0
    for now in (DAY + 8.5 * at - 3600, DAY + 17.5 * at + 3601, 2 * DAY + 17.5 * at + 3600):
        book.patrol("张三", now, "机房", PatrolResult.NORMAL, "")
    settings = DutySettings(zone="UTC", patrols=(plan,))
    found = summarise(
        database, book, DAY, 4 * DAY, settings, now=3 * DAY + 10 * at, parts=[DAY, 2 * DAY, 3 * DAY]
    )
    database.conn.close()
    assert found.rounds == [("机房", 5, 2)], "of two and a half days; what is not over is not due"
    assert found.clocks == [("acknowledge", 1, 2), ("assess", 0, 3)]
    assert found.course == [(DAY, 2, 0), (2 * DAY, 0, 0), (3 * DAY, 1, 0)]
    page = summary_page(found, "", ZoneInfo("UTC"), Period.MONTH)
    assert "机房:应巡 5 次,实巡 2 次" in page
    rows = Page(page).rows
    assert ["01-02", "2", "0"] in rows and ["确认", "1", "2"] in rows
