"""`sentinel duty` from a roster's file to the day's report."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import docx
import pytest

from sentinel.cli import main

NOW = datetime.now(ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(
        "duty: {unit: 某区政务服务数据管理局}\nrule: {paths: []}\n", "utf-8"
    )
    since, until = (f"{NOW + timedelta(hours=h):%Y-%m-%d %H:%M}" for h in (-2, 24))
    rows = [f"{role},{name},1,{since},{until}" for role, name in (("值班员", "张三"), ("带班领导", "李四"))]
    (tmp_path / "r.csv").write_bytes("\n".join(["角色,姓名,电话,开始,结束", *rows]).encode("gbk"))
    return tmp_path


def trail(desk: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(desk / "state/sentinel.sqlite") as database:
        return database.execute("SELECT actor, action FROM audit ORDER BY id").fetchall()


def test_from_roster_to_report(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duty", "now"]) == 1, "nobody yet"
    assert main(["duty", "roster", "r.csv", "--as", "李四"]) == 0
    assert main(["duty", "now"]) == 0
    assert "值班员:张三" in capsys.readouterr().out
    assert main(["duty", "patrol", "机房", "--result", "normal", "--as", "张三"]) == 0
    assert main(["duty", "patrol", "机房", "--result", "normal", "--as", "王五"]) == 1
    assert "不得由他人代填" in capsys.readouterr().err
    until = f"{NOW + timedelta(hours=23):%Y-%m-%d %H:%M}"
    since = f"{NOW - timedelta(hours=1):%Y-%m-%d %H:%M}"
    stand_in = ["duty", "stand-in", "张三", "王五", "139", "--since", since, "--until", until, "--as", "李四"]
    assert main(stand_in) == 0
    assert main(["duty", "patrol", "大厅", "--result", "normal", "--as", "王五"]) == 0
    assert main(["duty", "report", "--out", "day.html"]) == 0
    page = (desk / "day.html").read_text("utf-8")
    assert "某区政务服务数据管理局" in page and "大厅" in page and "王五 ← 张三" in page
    for period, name in (("week", "周报"), ("month", "月报"), ("year", f"年报 {NOW:%Y}")):
        assert main(["duty", "report", "--period", period, "--out", "more.html"]) == 0
        more = (desk / "more.html").read_text("utf-8")
        assert f"网络安全值班{name}" in more and "零报告" in more and "大厅" in more
    assert main(["duty", "report", "--period", "year", "--out", "year.docx"]) == 0
    words = [paragraph.text for paragraph in docx.Document(str(desk / "year.docx")).paragraphs]
    assert words[0] == f"网络安全值班年报 {NOW:%Y}" and words[2].startswith("零报告:")
    assert trail(desk) == [
        ("李四", "duty.roster"),
        ("张三", "duty.patrol"),
        ("王五", "duty.patrol.refused"),
        ("李四", "duty.stand-in"),
        ("王五", "duty.patrol"),
    ]


def test_a_guard_period_tightens_the_clocks_of_an_incident_that_a_person_opens(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["duty", "roster", "r.csv", "--as", "李四"])
    until = f"{NOW + timedelta(hours=5):%Y-%m-%d %H:%M}"
    assert main(["duty", "guard", "start", "两会", "--until", until, "--as", "张三"]) == 1
    assert "不能开始或结束重保" in capsys.readouterr().err
    assert main(["duty", "guard", "start", "两会", "--until", until, "--as", "李四"]) == 0
    for listing in (["guard", "list"], ["now"]):
        assert main(["duty", *listing]) == 0
        assert f"至 {until},时限 ×0.5,级别 +1,变更冻结" in capsys.readouterr().out
    assert main(["incidents", "open", "网站被改", "--by", "张三"]) == 0
    assert main(["duty", "guard", "end", "1", "--as", "李四"]) == 0
    assert main(["incidents", "open", "网站又被改", "--by", "张三"]) == 0
    capsys.readouterr()
    assert main(["duty", "guard", "list"]) == 0
    assert "没有进行中或预定的重保" in capsys.readouterr().out
    query = "SELECT round(due - started_at) FROM incident_clock WHERE clock = 'acknowledge' ORDER BY incident"
    with sqlite3.connect(desk / "state/sentinel.sqlite") as database:
        assert database.execute(query).fetchall() == [(300,), (600,)]
    assert [action for _, action in trail(desk) if "guard" in action] == [
        "duty.guard.refused",
        "duty.guard.start",
        "duty.guard.end",
    ]


def test_a_roster_with_a_bad_row_is_not_taken_in_part(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (desk / "r.csv").open("ab") as file:
        file.write("\n门卫,某人,1,x,y\n".encode("gbk"))
    assert main(["duty", "roster", "r.csv", "--as", "李四"]) == 1
    assert "第 4 行" in capsys.readouterr().err
    assert main(["duty", "now"]) == 1
    assert trail(desk) == []


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["report", "--out", "no/folder/day.html"], 1),
        (["report", "--date", "tomorrow", "--out", "day.html"], 1),
        (["now", "--config", "none.yaml"], 2),
    ],
)
def test_what_cannot_be_done_is_told(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert main(["duty", *arguments]) == status
    assert capsys.readouterr().err.strip()


def test_a_database_held_by_another_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["duty", "now"])
    capsys.readouterr()
    holder = sqlite3.connect(desk / "state/sentinel.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert main(["duty", "patrol", "机房", "--result", "normal", "--as", "张三"]) == 2
    assert "locked" in capsys.readouterr().err
    assert main(["duty", "report", "--out", "day.html"]) == 0, "who only reads waits for nobody"
    assert main(["duty", "now"]) == 1
    holder.close()


def test_zero_report_and_plan(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duty", "plan"]) == 0
    assert "没有巡检计划" in capsys.readouterr().out
    (desk / "config.yaml").write_text(
        f"duty: {{patrols: [{{place: 机房, times: ['{NOW:%H:%M}'], grace: 1h}}]}}\nrule: {{paths: []}}\n",
        "utf-8",
    )
    assert main(["duty", "roster", "r.csv", "--as", "李四"]) == 0
    assert main(["duty", "plan"]) == 0
    assert "待巡" in capsys.readouterr().out
    assert main(["duty", "patrol", "机房", "--result", "normal", "--as", "张三"]) == 0
    assert main(["duty", "plan"]) == 0
    assert "已巡" in capsys.readouterr().out
    assert main(["duty", "zero", "submit", "--as", "王五"]) == 1
    assert "不当班" in capsys.readouterr().err
    assert main(["duty", "zero", "submit", "--receiver", "市局", "--as", "张三"]) == 0
    said = capsys.readouterr().out
    assert "未发现网络安全事件" in said and "报送单位:市局" in said
    assert main(["duty", "zero", "list"]) == 0
    assert "#1" in capsys.readouterr().out
    assert main(["duty", "zero", "show", "1"]) == 0
    assert main(["duty", "zero", "show", "2"]) == 1
    assert ("张三", "duty.zero-report") in trail(desk)
