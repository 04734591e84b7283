"""`sentinel assets` beside a daemon or without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel.cli import main
from sentinel.ledger import Device, Fact, LedgerStore
from sentinel.ledger.store import row_of
from sentinel.store.session import in_transaction


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration whose ledger has seen one device in each of two zones."""
    path = tmp_path / "config.yaml"
    path.write_text("store: {path: s.sqlite}\n")
    devices = [
        Device(zone, "10.0.0.9", 1.0, 2.0, True, [Fact("name", name, "ntlm", 80, 1.0, 2.0)])
        for zone, name in (("公用网络区", "OA1"), ("专用网络区", "OA2"))
    ]
    in_transaction(
        tmp_path / "s.sqlite",
        lambda database: LedgerStore(database.conn).put_devices(map(row_of, devices), []),
    )
    return str(path)


def test_list_tells_devices_of_all_zones_or_of_one(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assets", "list", "--json", "--config", config]) == 0
    out = capsys.readouterr()
    assert {json.loads(line)["zone"] for line in out.out.splitlines()} == {"公用网络区", "专用网络区"}
    assert "共 2 台" in out.err
    assert main(["assets", "list", "--zone", "公用网络区", "--config", config]) == 0
    assert "OA1" in (told := capsys.readouterr().out) and "OA2" not in told


def test_show_tells_every_fact_with_its_evidence(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assets", "show", "10.0.0.9", "--zone", "专用网络区", "--config", config]) == 0
    told = capsys.readouterr().out
    assert "名称:OA2" in told and "ntlm" in told and "80" in told
    assert main(["assets", "show", "10.0.0.8", "--config", config]) == 1
    assert "10.0.0.8" in capsys.readouterr().err


def test_import_dry_then_for_good_on_the_audit_trail(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(config).with_name("t.csv")
    head, good = "设备名称,IP,责任单位,责任人,电话", "OA,10.0.0.9,政数局,张三,0759-1234567"
    file.write_bytes(f"{head}\n{good}\n坏,10.0.0.300,政数局,张三,1".encode("gbk"))
    assert main(["assets", "import", str(file), "--dry-run", "--config", config]) == 1
    told = capsys.readouterr().out
    assert "t.csv!B3" in told and "t.csv!E3" in told and "试运行" in told and "新增 1" in told
    store = Path(config).with_name("s.sqlite")
    count = "SELECT (SELECT count(*) FROM asset), (SELECT count(*) FROM audit WHERE action = 'asset.import')"
    assert in_transaction(store, lambda database: database.conn.execute(count).fetchone()) == (0, 0)
    file.write_bytes(f"{head}\n{good}\n".encode("gbk"))
    assert main(["assets", "import", str(file), "--by", "张三", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["adds"][0]["name"] == "OA"
    assert in_transaction(store, lambda database: database.conn.execute(count).fetchone()) == (1, 1)
    assert main(["assets", "import", str(file.with_name("none.csv")), "--config", config]) == 2


def test_diff_tells_what_is_seen_and_not_registered(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assets", "diff", "--json", "--config", config]) == 0
    out = capsys.readouterr().out.splitlines()
    assert {(json.loads(line)["kind"], json.loads(line)["address"]) for line in out} == {
        ("shadow", "10.0.0.9")
    }
    assert main(["assets", "diff", "--config", config]) == 0
    assert "影子 10.0.0.9" in capsys.readouterr().out


def test_export_then_import_changes_nothing_and_both_are_on_the_audit_trail(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = Path(config).with_name("t.csv"), str(Path(config).with_name("out.xlsx"))
    rows = [
        "设备名称,IP,责任单位,责任人,电话",
        "OA,10.0.0.9,政数局,甲,1234567",
        "PC,10.0.0.8,水务局,乙,7654321",
    ]
    table.write_text("\n".join(rows), "utf-8")
    assert main(["assets", "import", str(table), "--config", config]) == 0
    assert main(["assets", "export", out, "--by", "甲", "--config", config]) == 0
    assert "已导出 2 项" in capsys.readouterr().err
    assert main(["assets", "import", out, "--json", "--config", config]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unchanged"], told["adds"], told["changes"], told["ignored"]) == (2, [], [], [])
    assert main(["assets", "export", out, "--config", config]) == 2
    assert "已存在" in capsys.readouterr().err
    one = str(Path(config).with_name("one.xlsx"))
    assert main(["assets", "export", one, "--department", "水务局", "--config", config]) == 0
    assert "已导出 1 项" in capsys.readouterr().err
    trail = in_transaction(
        Path(config).with_name("s.sqlite"),
        lambda database: database.conn.execute("SELECT actor, action, subject FROM audit").fetchall(),
    )
    assert [row[1:] for row in trail if row[1] == "asset.export"] == [
        ("asset.export", "out.xlsx"),
        ("asset.export", "one.xlsx"),
    ]
    assert trail[1][0] == "甲"


def test_an_asset_s_way_from_claim_to_retirement_in_words_people_use(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str, status: int = 0) -> str:
        assert main(["assets", *words, "--config", config]) == status
        out = capsys.readouterr()
        return out.out + out.err

    owned = ("责任单位=水务局", "责任人=责任人甲", "联系电话=7654321")
    assert "--zone" in told("claim", "10.0.0.9", *owned, status=2)
    assert "资产 1 OA1 10.0.0.9:认领" in told(
        "claim", "10.0.0.9", *owned, "--zone", "公用网络区", "--by", "甲"
    )
    assert "登记" in told("register", "10.0.0.9", "设备名称=收费系统", "--by", "乙")
    told("lock", "1", "责任人")
    assert "已锁定:责任人" in told("change", "1", "责任人=责任人乙", status=2)
    told("unlock", "1", "责任人")
    assert "变更" in told("change", "10.0.0.9", "责任人=责任人乙", "等保级别=三级")
    assert "10.0.0.10" in told("change", "1", "IP=10.0.0.9 10.0.0.10")
    assert "变更" in told("change", "10.0.0.10", "MAC=00-1B-21-00-00-01", "--zone", "公用网络区")
    assert "看不懂“颜色=红”" in told("change", "1", "颜色=红", status=2)
    assert "没有资产 99" in told("change", "99", "责任人=责任人乙", status=2)
    assert "注销" in told("retire", "1", "--reason", "报废")
    history = told("history", "1").splitlines()
    assert len(history) == 8
    assert "甲 认领:水务局 OA1 10.0.0.9" in history[0]
    assert "乙 登记:设备名称 OA1 → 收费系统" in history[1]
    assert "责任人 责任人甲 → 责任人乙;等保级别 - → 3" in history[4]
    assert "注销:报废" in history[7]
    assert [json.loads(line)["action"] for line in told("history", "1", "--json").splitlines()] == [
        "claimed", "registered", "locked", "unlocked", "changed", "changed", "changed", "retired",
    ]  # fmt: skip
    trail = in_transaction(
        Path(config).with_name("s.sqlite"),
        lambda database: database.conn.execute("SELECT actor, action, subject FROM audit").fetchall(),
    )
    assert [row[1] for row in trail] == [
        "asset.claim", "asset.register", "asset.lock", "asset.unlock", *["asset.change"] * 3, "asset.retire",
    ]  # fmt: skip
    assert (trail[0][0], trail[1][0], trail[0][2]) == ("甲", "乙", "asset:1")


@pytest.fixture
def registered(config: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Three assets of two departments, one of them seen."""
    table = Path(config).with_name("t.csv")
    head = "设备名称,IP,区域,责任单位,责任人,电话,开发商,产品,版本,位置,类别"
    rows = [
        "OA,10.0.0.9,公用网络区,政数局,甲,1234567,某某软件有限公司,协同 OA,8.1.2,三楼,服务器",
        "门户,10.0.0.1,公用网络区,政数局,甲,1234567,某某软件有限公司,内容管理,3.0,,",
        "收费,10.0.0.2,公用网络区,水务局,乙,7654321,另一家,协同 OA,8.10,,",
    ]
    table.write_text("\n".join([head, *rows]), "utf-8")
    assert main(["assets", "import", str(table), "--config", config]) == 0
    capsys.readouterr()
    return config


@pytest.mark.parametrize(
    ("words", "addresses"),
    [
        ((), {"10.0.0.9", "10.0.0.1", "10.0.0.2"}),
        (("--registered",), {"10.0.0.9", "10.0.0.1", "10.0.0.2"}),
        (("--department", "水务局"), {"10.0.0.2"}),
        (("--developer", "某某软件"), {"10.0.0.9", "10.0.0.1"}),
        (("--product", "协同 oa"), {"10.0.0.9", "10.0.0.2"}),
        (("--product", "OA", "--version", "8.1."), {"10.0.0.9"}),
        (("--version", "9"), set()),
    ],
)
def test_list_finds_assets_by_who_made_and_who_owns_them(
    registered: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], addresses: set[str]
) -> None:
    assert main(["assets", "list", "--json", *words, "--config", registered]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["address"] for line in lines} == addresses
    assert main(["assets", "list", "--unregistered", "--json", "--config", registered]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["zone"] == "专用网络区" and "asset" not in json.loads(line)


def test_list_and_show_tell_what_is_registered_beside_what_is_seen(
    registered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assets", "list", "--limit", "2", "--config", registered]) == 0
    told = capsys.readouterr()
    assert "共 4 台" in told.err and "--limit 0" in told.err and len(told.out.splitlines()) == 2
    assert main(["assets", "lock", "1", "责任人", "--config", registered]) == 0
    capsys.readouterr()
    assert main(["assets", "show", "10.0.0.9", "--zone", "公用网络区", "--config", registered]) == 0
    told = capsys.readouterr().out
    assert "单位 政数局  责任人 甲" in told and "登记 责任人:甲(已锁定)" in told and "登记 版本:8.1.2" in told
    assert "名称:OA1(来源 ntlm" in told
    assert main(["assets", "show", "10.0.0.2", "--json", "--config", registered]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (
        shown["asset"]["name"] == "收费" and shown["asset"]["life"] == "registered" and "facts" not in shown
    )


def test_coverage_of_each_department(registered: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assets", "coverage", "--config", registered]) == 0
    told = capsys.readouterr().out.splitlines()
    assert any(line.startswith("政数局:登记 2,近期见到 1(50.0%),准确率 100.0%,完整率 50.0%") for line in told)
    assert told[-1].startswith("全部(未登记的 1 台,见到的设备中已登记 50.0%):登记 3")
    assert main(["assets", "coverage", "--json", "--config", registered]) == 0
    assert [json.loads(line)["registered"] for line in capsys.readouterr().out.splitlines()][-1] == 3
