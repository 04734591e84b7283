"""Every number of a report, on the page and in the document, is what the database holds, counted another way."""

from __future__ import annotations

import io
import random
from collections import Counter
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import docx
import pytest

from sentinel.duty import DutyBook, Period, summarise
from sentinel.duty.page import report_page
from sentinel.duty.report import Report, report_of
from sentinel.duty.word import report_document
from sentinel.event import Level
from sentinel.store.writer import open_database
from sentinel.text import text
from tests.duty.test_summary import Page

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 25, 12, tzinfo=ZONE)
STATES = ("new", "investigating", "closed", "false_positive")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A year of alerts and incidents at random times, drills among them; more departments than a line names."""
    made, chance = open_database(tmp_path_factory.mktemp("numbers") / "s.sqlite"), random.Random(7)
    year = datetime(2026, 1, 1, tzinfo=ZONE).timestamp()
    for number in range(3000):
        ts, drill = year + chance.random() * 365 * 86400, chance.random() < 0.1
        made.conn.execute(
            "INSERT INTO alert (id, ts, level, title, rule_id, kind, src, tags, fields, drill, stored_at)"
            " VALUES (?, ?, ?, ?, ?, 'conn', ?, '[]', '{}', ?, ?)",
            (f"a{number}", ts, chance.choice(list(Level)).value, f"规则{number % 7}", f"r{number % 7}",
             f"192.0.2.{chance.randrange(200)}", drill, ts),
        )  # fmt: skip
    for number in range(600):
        ts, drill, state = year + chance.random() * 365 * 86400, chance.random() < 0.1, chance.choice(STATES)
        ended = ts + chance.random() * 20 * 86400 if state in STATES[2:] else None
        made.conn.execute(
            "INSERT INTO incident (number, title, discovered_at, discovered_by, source, state, severity,"
            " level_suggested, level_decided, category, first_ts, last_ts, department, ended_at, drill)"
            " VALUES (?, '扫描', ?, 'sentinel', 'rule', ?, 2, 4, ?, ?, ?, ?, ?, ?, ?)",
            (f"2026-{number}", ts, state, chance.choice((None, 1, 2, 3)), chance.choice(("NASCAN", "OTH")), ts, ts,
             f"单位{chance.randrange(30)}", ended, drill),
        )  # fmt: skip
    yield made
    made.conn.close()


def shown(report: Report) -> tuple[list[list[str]], str]:
    """Rows of all tables, and all words: of the page, once the document has said the same."""
    page = report_page(report)
    document = docx.Document(io.BytesIO(report_document(report)))
    rows = [row for row in Page(page).rows if row]
    written = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows[1:]]
    assert written == rows
    words = unescape(page)
    assert all(paragraph.text in words for paragraph in document.paragraphs)
    return rows, words


@pytest.mark.parametrize("period", Period)
def test_page_and_document_agree_with_the_database(database: Any, period: Period) -> None:
    begin, until = period.span(NOW)
    start, end = begin.timestamp(), until.timestamp()
    parts = [part.timestamp() for part in period.parts(NOW)]
    book = DutyBook(database, "desk")
    summary = summarise(database, book, start, end, now=NOW.timestamp(), parts=parts)
    rows, words = shown(report_of(summary, "", ZONE, NOW.timestamp(), period))

    def held(table: str, ts: str, names: str) -> list[tuple[Any, ...]]:
        found = database.conn.execute(f"SELECT {ts}, {names} FROM {table} WHERE drill = 0").fetchall()
        return [row[1:] for row in found if row[0] is not None and start <= row[0] < end]

    alerts = held("alert", "ts", "level, title, src, ts")
    incidents = held(
        "incident", "discovered_at", "level_decided, level_suggested, category, department, discovered_at"
    )
    levels = Counter(level for level, *_ in alerts)
    names = {level.value: text(f"alert.level.{level}") for level in Level}
    assert {row[0]: row[1] for row in rows if len(row) == 2 and row[0] in names.values()} == {
        name: str(levels[level]) for level, name in names.items()
    }
    rules = Counter(title for _, title, *_ in alerts)
    assert {row[0]: row[1] for row in rows if row[0].startswith("规则")} == {
        title: str(number) for title, number in rules.items()
    }
    assert f"共 {len(alerts)} 条" in words and str(len({src for _, _, src, _ in alerts})) in words
    ended = Counter(state for (state,) in held("incident", "ended_at", "state"))
    still = sum(
        1
        for found, over in database.conn.execute(
            "SELECT discovered_at, ended_at FROM incident WHERE drill = 0"
        )
        if found < end and (over is None or over >= end)
    )
    if incidents:
        said = f"发现网络安全事件 {len(incidents)} 起,办结 {ended['closed']} 起、误报 {ended['false_positive']} 起"
        assert f"{said},期末未结 {still} 起" in words
    departments = Counter(one[3] for one in incidents)
    line = next((one for one in words.splitlines() if "单位" in one and "、" in one), "")
    for name, number in departments.most_common(3):
        if departments.most_common(11)[-1][1] < number:
            assert f"{name} {number}" in line
    if len(departments) > 10:
        others = len(incidents) - sum(number for _, number in departments.most_common(10))
        assert f"其他 {others}" in words
    if period is not Period.DAY:
        form = "%Y-%m" if period is Period.YEAR else "%m-%d"

        def by_part(times: list[float]) -> Counter[str]:
            return Counter(datetime.fromtimestamp(ts, UTC).astimezone(ZONE).strftime(form) for ts in times)

        found, told = by_part([one[4] for one in incidents]), by_part([one[3] for one in alerts])
        course = [row for row in rows if len(row) == 3][: len(parts)]
        assert course == [
            [name, str(found[name]), str(told[name])]
            for name in (datetime.fromtimestamp(part, ZONE).strftime(form) for part in parts)
        ]
