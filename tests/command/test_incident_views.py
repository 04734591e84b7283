"""What someone woken at night reads: whose, how bad, what next, by when; and that nothing is there, in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from sentinel.cli import main
from sentinel.event import Alert, Level
from sentinel.incident import ClockSettings, Grouping, IncidentSettings
from sentinel.store.alert import _insert, _row
from sentinel.store.writer import open_database

Say = Callable[..., str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("rule:\n  paths: []\nplaybook:\n  paths: []\n")
    return tmp_path


@pytest.fixture
def say(here: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    def run(*words: str, status: int = 0) -> str:
        assert main(list(words)) == status
        captured = capsys.readouterr()
        return captured.out + captured.err

    return run


def found(here: Path, sources: int, ago: float = 0.0, **settings: int) -> None:
    """Alerts from so many sources against as many targets, grouped so many seconds ago."""
    database: Database = open_database(here / "state" / "sentinel.sqlite")
    now = time.time() - ago
    with database.conn:
        for number in range(sources):
            alert = Alert(
                ts=now, id=f"a{number}", level=Level.HIGH, title="扫描", title_en="Scan", rule_id="r", kind="conn",
                category="NASCAN", src=f"192.0.2.{number}", dst=f"10.1.0.{number}",
            )  # fmt: skip
            _insert(database, [_row(alert, now)])
        Grouping(IncidentSettings(clock=ClockSettings(), **settings)).advance(database.conn, 999, now)
    database.close()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("incidents", "list"), "没有未结束的事件"),
        (("incidents", "list", "--level", "1"), "没有符合条件的事件"),
        (("incidents", "silences"), "没有生效中的静默"),
        (("incidents", "silences", "--all"), "从未设过静默"),
        (("playbook", "history"), "还没有剧本运行过"),
        (("notify", "list"), "还没有通知"),
        (("notify", "list", "--state", "failed"), "没有符合条件的通知"),
    ],
)
def test_that_nothing_is_there_is_said(say: Say, words: tuple[str, ...], answer: str) -> None:
    assert answer in say(*words)


@pytest.mark.parametrize("words", [("incidents", "list"), ("incidents", "silences"), ("notify", "list")])
def test_programs_read_nothing_where_nothing_is(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main([*words, "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_list_says_by_when_what_and_what_became_of_all_alerts(here: Path, say: Say) -> None:
    found(here, 1)
    say("incidents", "silence", "--match", "src=10.9.9.9", "--for", "1h", "--reason", "扫描", "--by", "甲")
    listed = say("incidents", "list")
    for words in ("192.0.2.0 → 10.1.0.0", "前确认】", "并入事件 1 条", "有 1 条静默正在生效"):
        assert words in listed
    assert "Scan" in say("--lang", "en", "incidents", "list")


def test_what_ran_out_is_said_in_the_list(here: Path, say: Say) -> None:
    found(here, 1, ago=700)
    assert "确认已超时" in say("incidents", "list")


def test_the_next_step_follows_the_state(here: Path, say: Say) -> None:
    found(here, 1)
    number = json.loads(say("incidents", "list", "--json"))["number"]
    shown = say("incidents", "show", number)
    for words in (f"incidents ack {number}", "本系统", "规则发现", "网络扫描探测", "查不到 10.1.0.0"):
        assert words in shown
    assert "assess" in say("incidents", "ack", number)
    assert "level" in say("incidents", "assess", number, "--fact", "people=200000")
    assert "影响 10 万人以上的工作、生活) 为 200000" in say("incidents", "show", number)
    for state, then in (("已抑制", "eradicated"), ("eradicated", "recovered"), ("recovered", "close")):
        assert then in say("incidents", "state", number, state)
    assert "--receiver" in say("incidents", "show", number), "level III must be reported"
    assert "--kind final" in say("incidents", "close", number, "--reason", "毕")
    assert "可改为" in say("incidents", "state", number, "contained", status=2)


def test_facts_that_suggest_more_than_was_decided_are_said(here: Path, say: Say) -> None:
    number = json.loads(say("incidents", "open", "x", "--category", "NAWEBMOD", "--json"))["number"]
    assert "home_page_seconds" in say("incidents", "show", number)
    say("incidents", "level", number, "4")
    assert "重于已定的" not in say("incidents", "assess", number, "--fact", "home_page_seconds")
    assert "重于已定的" in say("incidents", "assess", number, "--fact", "people=100000")
    assert "重于已定的" in say("incidents", "show", number)
    say("incidents", "assess", number, "--fact", "people=viele", status=2)


def test_a_storm_shows_its_parts(here: Path, say: Say) -> None:
    found(here, 9, storm=3)
    lines = say("incidents", "list").splitlines()
    assert "【告警风暴】" in lines[0] and "多个来源" in lines[0] and "前确认】" in lines[0]
    assert sum("(归入他件)" in line and "确认" not in line for line in lines) == 3
    number = lines[0].split()[0]
    assert "其下归入 3 件,未结束 3 件" in say("incidents", "show", number)
    part = say("incidents", "show", lines[1].split()[0])
    assert "随上级事件一并处理" in part and f"归入上级事件:{number}" in part
    say("incidents", "close", number, "--reason", "授权扫描")
    assert "没有未结束的事件" in say("incidents", "list")


def test_attachments_are_looked_at_again(here: Path, say: Say) -> None:
    number = json.loads(say("incidents", "open", "x", "--json"))["number"]
    for name in ("kept", "changed", "gone"):
        (here / name).write_text(name)
        say("incidents", "attach", number, name)
    copies = {path.read_text(): path for path in (here / "state" / "attachments").iterdir()}
    copies["changed"].write_text("别的")
    copies["gone"].unlink()
    shown = say("incidents", "show", number)
    for name, state in (("kept", "完好"), ("changed", "已被改动"), ("gone", "已不在")):
        assert any(line.startswith(f"附件 {name},") and state in line for line in shown.splitlines())
    states = [one["state"] for one in json.loads(say("incidents", "show", number, "--json"))["attachments"]]
    assert states == ["kept", "changed", "gone"]


def test_alerts_that_are_not_listed_are_counted(here: Path, say: Say) -> None:
    found(here, 9, storm=1, findings=4)
    number = say("incidents", "list").split()[0]
    assert "另有告警 4 条未逐项列出" in say("incidents", "show", number)


def test_times_are_those_of_the_clock_on_the_wall(
    here: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever zone the machine has: a message of the same incident must not say another hour."""
    (here / "config.yaml").write_text("rule: {paths: []}\nduty: {zone: Asia/Shanghai}\n")
    try:
        monkeypatch.setenv("TZ", "America/Lima")
        time.tzset()
        found = json.loads(say("incidents", "open", "x", "--discovered", "2026-01-02 03:04", "--json"))
        assert found["discovered_at"] == 1767294240.0
        assert " 01-02 03:04 " in say("incidents", "list")
        assert "2026-01-02 03:04:00+0800" in say("incidents", "show", found["number"])
    finally:
        monkeypatch.undo()
        time.tzset()
