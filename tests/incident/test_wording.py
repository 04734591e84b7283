"""Whoever reads an incident reads sentences, and what to do first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sentinel.incident import Grouping, Handling, IncidentSettings, State
from sentinel.incident.grade import Grading
from sentinel.incident.timeline import Entry, entries
from sentinel.incident.wording import advice, in_words
from sentinel.text import speaking
from tests.incident.conftest import NOW

Put = Callable[..., None]


def test_everything_that_happens_to_an_incident_is_told_in_words(
    connection: Any, put: Put, tmp_path: Any
) -> None:
    put({}, {})
    handling = Handling(IncidentSettings(attachments=str(tmp_path)), Grading.load())
    Grouping(IncidentSettings()).advance(connection, 9, NOW)
    who: dict[str, Any] = {"actor": "甲", "now": NOW}
    (tmp_path / "a.txt").write_text("x")
    handling.assess(connection, "1", {"people": 200_000}, **who, note="属实")
    handling.note(connection, "1", "已断网", **who)
    handling.assign(connection, "1", "乙", **who)
    handling.attach(connection, "1", tmp_path / "a.txt", **who)
    handling.decide(connection, "1", 2, **who, reason="影响大")
    handling.report(connection, "1", **who, receiver="省网信办", receipt="7", kind="first")
    handling.move(connection, "1", State.CLOSED, **who, reason="处置完毕")
    told = [in_words(entry) for entry in entries(connection, 1)]
    assert told[0] == "立为事件,告警 2 条"
    for sentence in (
        "研判  事实:people=200000  符合条款:people-3  属实",
        "备注:已断网",
        "交由 乙 处理",
        "定为Ⅱ级 重大(建议Ⅲ级 较大),理由:影响大",
        "上报(首报)至 省网信办,回执 7",
    ):
        assert sentence in told
    assert told[-1].endswith("→ 已关闭,理由:处置完毕")
    assert any(sentence.startswith("附件 a.txt,SHA-256 2d711642b726b044") for sentence in told)
    with speaking("en"):
        assert in_words(entries(connection, 1)[0]) == "became an incident, 2 alerts"


@pytest.mark.parametrize(
    ("action", "detail", "said"),
    [
        ("created", {"source": "user"}, "由人登记,来源 user"),
        ("grown", {"alerts": 90, "severity": "high"}, "告警增至 90 条,最高 高"),
        ("parent", {"parent": "20261125-0001"}, "归入事件 20261125-0001"),
        ("clock_warned", {"clock": "report", "role": "officer"}, "时限“法定上报”将到,已提醒值班员"),
        ("clock_overdue", {"clock": "report", "role": "leader"}, "时限“法定上报”已过,已告知带班领导"),
        ("escalated", {"clock": "assess", "role": "in_charge"}, "时限“初步研判”超时未办,已升级至负责人"),
        (
            "evidence",
            {"files": 9, "manifest": "f" * 64},
            "制作证据包,9 个文件,清单 SHA-256 ffffffffffffffff…",
        ),
        ("something-new", {"a": "值"}, 'something-new {"a": "值"}'),
    ],
)
def test_an_entry_in_words(action: str, detail: dict[str, Any], said: str) -> None:
    assert in_words(Entry(NOW, "sentinel", action, detail)) == said


def test_advice_is_that_of_the_rules_that_fired_as_they_were(connection: Any, put: Put) -> None:
    texts = {
        "r1": "title: 扫描\nid: r1\nrespond: 封禁来源\nrespond_en: Block it\n",
        "r2": "title: 别的\nid: r0\nrespond: 与此无关\n---\ntitle: 回连\nid: r2\nrespond: 先断网\n",
        "r3": "title: 无建议\nid: r3\n",
        "r4": "{[ no rule",
    }
    put(
        *[{"rule_id": rule, "title": rule, "level": "critical" if rule == "r2" else "high"} for rule in texts]
    )
    Grouping(IncidentSettings(), rule_text=texts.get).advance(connection, 9, NOW)
    assert advice(connection, 1) == [("r2", "先断网"), ("r1", "封禁来源")]
    with speaking("en"):
        assert advice(connection, 1) == [("r2", "先断网"), ("r1", "Block it")]
