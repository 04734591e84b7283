"""`sentinel incidents` and `sentinel evidence`, as a person types them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import pytest

from sentinel.cli import main
from sentinel.config import load_config
from sentinel.desk.incident import IncidentDesk
from sentinel.event import Alert, Level
from sentinel.store import AlertStore, StoreWriter, audit
from sentinel.store.writer import open_database


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("rule:\n  paths: []\n")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(list(words)) == status
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_report_from_outside_to_its_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(
        capsys, "incidents", "open", "首页被改", "--source", "outside", "--category", "NAWEBMOD", "--by", "甲"
    )
    (line,) = said(capsys, "incidents", "list", "--json").splitlines()[:1]
    number = json.loads(line)["number"]
    assert "已确认" in said(capsys, "incidents", "ack", number, "--by", "甲")
    assert "Ⅲ级" in said(
        capsys, "incidents", "assess", number, "--fact", "home_page_seconds=1900", "--by", "甲"
    )
    shown = said(capsys, "incidents", "show", number)
    for words in (
        "不可更改",
        "网络攻击事件",
        "主页出现有害信息 30 分钟以上",
        "请复核",
        "法定上报",
        "篡改处置",
    ):
        assert words in shown
    assert "理由" in said(capsys, "incidents", "level", number, "4", status=2)
    said(capsys, "incidents", "report", number, "--receiver", "省网信办", "--receipt", "1")
    (here / "a.txt").write_text("x")
    said(capsys, "incidents", "attach", number, "a.txt")
    said(capsys, "incidents", "note", number, "已恢复")
    said(capsys, "incidents", "assign", number, "乙")
    said(capsys, "incidents", "state", number, "contained")
    assert "没有状态" in said(capsys, "incidents", "state", number, "gone", status=2)
    said(capsys, "evidence", "make", number, "--out", "e.zip", "--sm3")
    assert "时间线登记一致" in said(capsys, "evidence", "verify", "e.zip")
    assert "--out" in said(capsys, "evidence", "make", number, "--out", "e.zip", status=2), (
        "never overwritten"
    )
    (here / "changed.zip").write_bytes((here / "e.zip").read_bytes() + b"x")
    assert "不是登记的那个" in said(capsys, "evidence", "verify", "changed.zip", status=1)
    (kept,) = (here / "state" / "attachments").iterdir()
    kept.write_text("y")
    assert "attachments/1-a.txt" in said(capsys, "evidence", "make", number, "--out", "late.zip", status=1)
    assert said(capsys, "evidence", "verify", "config.yaml", status=1)
    assert "已关闭" in said(capsys, "incidents", "close", number, "--reason", "复测通过")
    assert "共 0 件" in said(capsys, "incidents", "list")
    assert "共 1 件" in said(capsys, "incidents", "list", "--all")
    assert "已结束" in said(capsys, "incidents", "assign", number, "丙", status=2)
    assert "没有事件 99" in said(capsys, "incidents", "ack", "99", status=2)
    database = open_database(here / "state" / "sentinel.sqlite")
    actions = [row.action for row in audit.rows(database, subject=number)]
    assert actions[:2] == ["incident.created", "incident.state"]
    assert "incident.evidence" in actions
    assert audit.verify(database) is None
    database.close()


def test_silences(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silence = ("incidents", "silence", "--match", "src=10.1.0.0/16", "--by", "甲")
    assert "理由" in said(capsys, *silence, "--for", "2h", status=2)
    assert "不能理解" in said(capsys, *silence, "--for", "soon", "--reason", "x", status=2)
    assert "静默 1" in said(capsys, *silence, "--for", "2h", "--reason", "授权扫描")
    assert "授权扫描" in said(capsys, "incidents", "silences")
    said(capsys, "incidents", "unsilence", "1", "--by", "乙")
    assert "没有生效中的静默" in said(capsys, "incidents", "silences")
    assert "(已到期)" in said(capsys, "incidents", "silences", "--all")
    assert "没有生效" in said(capsys, "incidents", "unsilence", "1", status=2)
    bad = ("incidents", "silence", "--for", "2h", "--reason", "x", "--match")
    assert "不是条件" in said(capsys, *bad, "colour=red", status=2)
    assert "不是网段" in said(capsys, *bad, "src=10.1/16", status=2)


def test_a_verb_that_fails_leaves_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "incidents", "open", "x", "--discovered", "2999-01-01", status=2)
    said(capsys, "incidents", "open", "x", "--category", "XX", status=2)
    with sqlite3.connect(here / "state" / "sentinel.sqlite") as database:
        assert database.execute("SELECT count(*) FROM incident").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM incident_timeline").fetchone() == (0,)


CHANNELS = """\
rule: {paths: []}
incident: {clock: {acknowledge: 5m, assess: 20m, tamper: 25m}}
notify:
  channels:
    - {name: group, url: "http://127.0.0.1:1/", body: "{text}"}
    - {name: exercise, url: "http://127.0.0.1:1/", body: "{text}", drill: true}
"""


def outbox(here: Path) -> list[tuple[str, str]]:
    """Channel and text of everything put into the outbox, oldest first."""
    database = sqlite3.connect(here / "state" / "sentinel.sqlite")
    rows = database.execute("SELECT channel, content FROM outbox ORDER BY seq").fetchall()
    database.close()
    return [(channel, json.loads(content)["text"]) for channel, content in rows]


def test_what_others_must_hear_goes_into_the_outbox(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "config.yaml").write_text(CHANNELS)
    opened = json.loads(said(capsys, "--lang", "en", "incidents", "open", "首页被改", "--json"))
    number = opened["number"]
    ((channel, words),) = outbox(here)
    assert channel == "group"
    assert all(part in words for part in ("新事件", number, "首页被改")), (
        "the daemon's language, not the typist's"
    )
    said(capsys, "incidents", "ack", number)
    said(capsys, "incidents", "note", number, "已联系机房")
    assert len(outbox(here)) == 1, "steps of the handling are on the timeline"
    said(capsys, "incidents", "level", number, "2")
    assert "事件定级上调" in outbox(here)[1][1]
    said(capsys, "incidents", "level", number, "4")
    assert len(outbox(here)) == 2, "a level that falls wakes nobody"
    said(capsys, "incidents", "assess", number, "--fact", "personal_records=1000000")
    said(capsys, "incidents", "open", "演练:首页被改", "--drill")
    assert [channel for channel, _ in outbox(here)] == ["group", "group", "exercise"]


def test_what_is_refused_tells_nobody(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "config.yaml").write_text(CHANNELS)
    said(capsys, "incidents", "open", "首页被改", "--category", "NONE", status=2)
    assert outbox(here) == []
    assert "共 0 件" in said(capsys, "incidents", "list")


def test_the_ledger_says_whose_it_is_and_that_it_must_be_reported_within_an_hour(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.yaml").write_text(CHANNELS)
    (here / "t.csv").write_text(
        "设备名称,IP,责任单位,责任人,电话,是否关基\n调度,10.9.0.1,供水公司,张三,0759-1234567,是\n"
    )
    said(capsys, "assets", "import", "t.csv", "--by", "甲")
    said(capsys, "incidents", "open", "调度失灵", "--address", "10.9.0.1")
    said(capsys, "incidents", "level", "1", "3")
    incident = json.loads(said(capsys, "incidents", "show", "1", "--json"))
    assert (incident["department"], incident["phone"], incident["cii"]) == ("供水公司", "0759-1234567", True)
    (report,) = (clock for clock in incident["clocks"] if clock["clock"] == "report")
    assert report["due"] - incident["discovered_at"] == 3600
    said(capsys, "incidents", "open", "调度失灵", "--address", "10.9.0.1", "--department", "应急局")
    assert json.loads(said(capsys, "incidents", "show", "2", "--json"))["department"] == "应急局"


def test_an_incident_opened_by_hand_has_the_clocks_of_one_that_a_rule_found(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.yaml").write_text(CHANNELS)
    said(capsys, "incidents", "open", "首页被改", "--category", "NAWEBMOD")
    config = load_config(here / "config.yaml")
    alert = Alert(
        ts=1e9, id="a", level=Level.HIGH, title="首页被改", rule_id="r", kind="http", category="NAWEBMOD"
    )

    async def found_by_a_rule() -> tuple[list[tuple[object, ...]], list[str]]:
        later = time.time() + 4 * 60
        async with StoreWriter(Path(config.store.path)) as writer:
            await AlertStore(writer).add([alert])
            desk = IncidentDesk(config.incident, writer, clock=lambda: later)
            await desk.take()
            due = [change.number for change in await desk.due()]
            clocks = (
                "SELECT incident, clock, round(due - started_at), next_at - started_at FROM incident_clock"
            )
            rows = await writer.run(lambda database: database.execute(f"{clocks} ORDER BY 1, 2").fetchall())
            return rows, due

    rows, due = asyncio.run(found_by_a_rule())
    by_hand, by_rule = ([row[1:3] for row in rows if row[0] == incident] for incident in (1, 2))
    assert by_hand == by_rule == [("acknowledge", 300), ("assess", 1200), ("tamper", 1500)]
    assert len(set(due)) == 2, "the daemon warns of both"
