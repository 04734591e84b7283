"""The Word document, opened again: it says what the page says, and whatever strangers wrote is only text."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import docx

from sentinel.duty.report import Report, Section
from sentinel.duty.word import report_document

REPORT = Report(
    "网络安全值班日报 2026-11-25",
    "某区<局>",
    "零报告:本时段未发现网络安全事件。",
    (
        Section("告警", ("共 3 条",), ("级别", "数量"), (("严重", "1"), ("\x00<b>\ud800 高", "2"))),
        Section("巡检", head=("时间",), rows=()),
        Section("说明", ("仅文字",)),
    ),
    datetime(2026, 11, 25, 17, 0, tzinfo=ZoneInfo("Asia/Shanghai")),
)


def test_what_it_says() -> None:
    document = docx.Document(io.BytesIO(report_document(REPORT)))
    words = [paragraph.text for paragraph in document.paragraphs]
    assert words == [
        "网络安全值班日报 2026-11-25",
        "某区<局>",
        "零报告:本时段未发现网络安全事件。",
        "统计截至 2026-11-25 17:00",
        "告警",
        "共 3 条",
        "巡检",
        "无",
        "说明",
        "仅文字",
    ]
    (table,) = document.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows == [["级别", "数量"], ["严重", "1"], ["\ufffd<b>\ufffd 高", "2"]]
    about = document.core_properties
    assert (about.title, about.author, about.comments) == (REPORT.title, REPORT.unit, "")
    assert about.created is not None and about.created.hour == 9
    assert report_document(replace(REPORT, unit="某" * 300)), "longer than a property may be"


def test_chinese_has_a_font() -> None:
    document = docx.Document(io.BytesIO(report_document(REPORT)))
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get(docx.oxml.ns.qn("w:eastAsia")) == "SimSun"
    page = document.sections[0]
    assert page.page_width is not None and round(page.page_width.mm) == 210
    assert page.page_height is not None and round(page.page_height.mm) == 297
