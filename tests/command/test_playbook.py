"""`sentinel playbook`, as a person types it; the daemon takes up what was queued."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.cli import main
from sentinel.config import load_config
from sentinel.desk.playbook import PlaybookDesk
from sentinel.duty import DutyBook, Person, Role, Shift
from sentinel.metrics import Metrics
from sentinel.playbook import journal
from sentinel.store import StoreWriter, audit
from sentinel.store.session import in_transaction, reading

PLAYBOOK: dict[str, Any] = {
    "id": "p", "name": "试", "name_en": "Trial", "triggers": [{"manual": True}], "workflow_start": "s",
    "variables": {"host": {"type": "ip-addr", "external": True}},
    "workflow": {
        "s": {"type": "start", "on_completion": "m"},
        "m": {"type": "manual", "owner": "officer", "instruction": "到 __host__:value 现场",
              "instruction_en": "Go to __host__:value", "on_completion": "n"},
        "n": {"type": "action", "action": "notify", "arguments": {"text": "__host__:value"},
              "approval": {"role": "leader", "persons": 2}},
    },
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("rule:\n  paths: []\n")
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "p.yaml").write_text(yaml.safe_dump(PLAYBOOK, allow_unicode=True))
    return tmp_path


@pytest.fixture
def said(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def said(*words: str, status: int = 0) -> str:
        assert main(["playbook", *words]) == status
        captured = capsys.readouterr()
        return captured.out + captured.err

    return said


def until(here: Path, holds: Callable[[PlaybookDesk], bool]) -> None:
    """The daemon lives until something holds."""

    async def live() -> None:
        config = load_config(here / "config.yaml")
        async with StoreWriter(Path(config.store.path)) as writer:
            desk = PlaybookDesk(config, writer, Metrics())
            task = asyncio.create_task(desk.run())
            async with asyncio.timeout(60):
                while not holds(desk):
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(live())


def on_duty(here: Path) -> None:
    shifts = [
        Shift(role, Person(name, "1"), 0, 1e11)
        for role, name in ((Role.OFFICER, "张三"), (Role.LEADER, "李四"), (Role.IN_CHARGE, "王五"))
    ]
    store = here / "state" / "sentinel.sqlite"
    in_transaction(store, lambda db: DutyBook(db, "desk").add_shifts(shifts, "李四", 1.0))


def test_what_there_is(said: Callable[..., str]) -> None:
    assert "p  试" in said("list")
    shown = said("show", "p")
    assert "到 __host__:value 现场" in shown and "notify" in shown
    assert "没有剧本 q" in said("show", "q", status=2)
    assert json.loads(said("show", "p", "--json"))["id"] == "p"
    assert json.loads(said("schema"))["$defs"]


def test_lint_names_every_fault(here: Path, said: Callable[..., str]) -> None:
    assert "1 个剧本可用" in said("lint")
    bad = {**PLAYBOOK, "id": "q", "workflow_start": "gone"}
    (here / "playbooks" / "q.yaml").write_text(yaml.safe_dump(bad))
    words = said("lint", status=1)
    assert "q.yaml" in words and "gone" in words and "1 处错误" in words


def test_a_dry_run_does_nothing(here: Path, said: Callable[..., str]) -> None:
    words = said("dry-run", "p", "--set", "host=198.51.100.7")
    assert "到 198.51.100.7 现场" in words and "什么也没有真的做" in words
    assert not (here / "state" / "sentinel.sqlite").exists()
    assert "host" in said("dry-run", "p", status=2)


def test_what_goes_out_comes_back(here: Path, said: Callable[..., str]) -> None:
    (here / "p.json").write_text(said("export", "p"))
    assert (
        yaml.safe_load(said("import", "p.json"))["workflow"]["m"]["instruction"] == "到 __host__:value 现场"
    )
    assert "CACAO" in said("import", "config.yaml", status=2)


def test_from_the_start_to_the_end(here: Path, said: Callable[..., str]) -> None:
    on_duty(here)
    queued = said("run", "p", "--set", "host=198.51.100.7", "--person", "张三", "--drill")
    run = queued.split()[1]
    assert "待接手" in said("history") and "【演练】" in said("history")
    until(here, lambda desk: desk.engine.waiting == 1)
    answer = ("approve", run[:8], "--decision")
    waits = said("history", "--waiting")
    assert "【演练】试" in waits and "请值班员" in waits and "到 198.51.100.7 现场" in waits
    assert f"approve {run[:8]} m --person 姓名 --decision done" in waits
    refused = said(*answer, "done", "--person", "外人", status=2)
    assert "不是值班员或上级" in refused and "张三" in refused
    assert "可答复:done failed" in said(*answer, "approve", "--person", "张三", status=2)
    assert "已记下" in said(*answer, "done", "--person", "张三", "--note", "已到场")
    until(here, lambda desk: desk.engine.waiting == 1)
    assert "不是带班领导或上级" in said(*answer, "approve", "--person", "张三", status=2)
    assert "还需要另一个人" in said(*answer, "approve", "--person", "李四")
    assert "还需要另一个人" in said(*answer, "approve", "--person", "李四")
    assert "还需要" not in said(*answer, "approve", "--person", "王五")
    until(here, lambda desk: desk.engine.ended["drill"] == 1)
    assert "没有等人办理" in said("history", "--waiting")
    told = said("history", run[:8])
    assert "m  [人工]  已完成  到 198.51.100.7 现场  → 张三: 已到场" in told
    assert "n?  [审批]  已完成" in told and "→ 同意:李四、王五" in told
    assert "n  [动作]  已完成  notify text=198.51.100.7" in told
    store = here / "state" / "sentinel.sqlite"
    rows = reading(store, lambda db: audit.rows(db, subject=f"run:{run}"))
    assert {row.actor for row in rows if row.action == "playbook.approve"} == {"李四", "王五"}
    assert [row.actor for row in rows if row.action == "playbook.refused"] == ["外人", "张三"]
    people = [row for row in rows if row.actor in ("李四", "王五")]
    assert len(people) == 3 and all(row.detail["user"] for row in people)
    assert all(row.drill for row in rows) and reading(store, audit.verify) is None


def test_only_those_on_duty_cancel(here: Path, said: Callable[..., str]) -> None:
    on_duty(here)
    run = said("run", "p", "--set", "host=198.51.100.7", "--person", "张三").split()[1]
    said("approve", run, "--decision", "cancel", "--person", "外人", status=2)
    said("approve", run, "--decision", "cancel", "--person", "张三")
    until(here, lambda desk: desk.engine.ended["cancelled"] == 1)
    found = reading(here / "state" / "sentinel.sqlite", lambda db: journal.find_run(db, run))
    assert found is not None and (found.state, found.reason) == ("cancelled", "张三")


def test_nobody_on_duty_is_said(here: Path, said: Callable[..., str]) -> None:
    shifts = [Shift(Role.OFFICER, Person("张三", "1"), 0, 10)]
    store = here / "state" / "sentinel.sqlite"
    in_transaction(store, lambda db: DutyBook(db, "desk").add_shifts(shifts, "李四", 1.0))
    run = said("run", "p", "--set", "host=198.51.100.7", "--person", "张三").split()[1]
    assert "先补排班" in said("approve", run, "--decision", "cancel", "--person", "张三", status=2)


def test_an_answer_that_does_not_fit_is_refused_before_it_does_harm(
    here: Path, said: Callable[..., str]
) -> None:
    workflow = {
        "s": {"type": "start", "on_completion": "m"},
        "m": {"type": "manual", "instruction": "断网?", "instruction_en": "Cut off?", "save": "cut",
              "choices": ["是", "否"], "on_completion": "n"},
        "n": {"type": "manual", "instruction": "几台", "instruction_en": "How many", "save": "number"},
    }  # fmt: skip
    variables = {"cut": {"type": "string", "value": "否"}, "number": {"type": "integer", "value": 0}}
    playbook = {**PLAYBOOK, "workflow": workflow, "variables": variables}
    (here / "playbooks" / "p.yaml").write_text(yaml.safe_dump(playbook, allow_unicode=True))
    run = said("run", "p", "--person", "张三").split()[1]
    until(here, lambda desk: desk.engine.waiting == 1)
    assert "结果只能填:是 否" in said("history", "--waiting")
    answer = ("approve", run[:8], "--person", "张三", "--decision", "done")
    assert "只能填:是 否" in said(*answer, "--note", "是的", status=2)
    said(*answer, "--note", "是")
    until(here, lambda desk: desk.engine.waiting == 1 and desk.engine.running == 1 and waits_for(here, "n"))
    assert "integer" in said(*answer, "--note", "三台", status=2)
    said(*answer, "--note", "3")
    until(here, lambda desk: desk.engine.ended["done"] == 1)


def waits_for(here: Path, key: str) -> bool:
    store = here / "state" / "sentinel.sqlite"
    return any(one.key == key for one in reading(store, journal.open_entries))
