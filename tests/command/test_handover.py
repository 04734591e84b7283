"""`sentinel duty handover` from one signature to the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel.cli import main

NOW = datetime.now(ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("rule: {paths: []}\n", "utf-8")
    before, change, after = (f"{NOW + timedelta(hours=h):%Y-%m-%d %H:%M}" for h in (-10, 1, 12))
    rows = [
        f"值班员,张三,1,{before},{change}",
        f"值班员,王五,1,{change},{after}",
        f"带班领导,李四,1,{before},{after}",
    ]
    (tmp_path / "r.csv").write_text("\n".join(["角色,姓名,电话,开始,结束", *rows]), "utf-8")
    assert main(["duty", "roster", "r.csv", "--as", "李四"]) == 0
    return tmp_path


def test_it_is_offered_shown_and_accepted(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer = ["duty", "handover", "offer", "王五", "--abnormal", "空调=温度偏高", "--pending", "等回电"]
    assert main([*offer, "--as", "张三"]) == 1
    assert "没有您的巡检记录" in capsys.readouterr().err
    assert main(["duty", "patrol", "机房", "--result", "normal", "--as", "张三"]) == 0
    assert main(["incidents", "open", "网站被改", "--by", "张三"]) == 0
    assert main([*offer, "--as", "张三"]) == 0
    assert main(["duty", "handover", "accept", "1", "--as", "李四"]) == 1
    assert "不得代签" in capsys.readouterr().err
    assert main(["duty", "handover", "accept", "1", "--as", "王五"]) == 0
    capsys.readouterr()
    assert main(["duty", "handover", "show", "1"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "张三 → 王五",
        "未结事件 1 起,已接班",
        "空调: 温度偏高",
        "供电: 正常",
        "网站被改",
        "等回电",
    ):
        assert words in shown
    assert main(["duty", "handover", "list"]) == 0
    assert capsys.readouterr().out.count("张三 → 王五") == 1


@pytest.mark.parametrize("written", ["温度=高", "空调", "空调= "])
def test_what_is_no_check_is_told(desk: Path, capsys: pytest.CaptureFixture[str], written: str) -> None:
    assert main(["duty", "handover", "offer", "王五", "--abnormal", written, "--as", "张三"]) == 1
    assert "供电" in capsys.readouterr().err
