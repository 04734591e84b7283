"""Registers as people keep them: every wrong cell is named, nothing wrong is taken, nothing right is lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from sentinel.ledger import Asset, LedgerError, LedgerStore, Registered
from sentinel.ledger.form import Headings
from sentinel.ledger.intake import Plan, plan
from sentinel.ledger.sheet import Sheet, read_sheets
from sentinel.store.session import in_transaction
from sentinel.store.writer import open_database

HEAD = ["设备名称", "IP地址", "责任单位", "责任人", "联系电话", "MAC地址", "等保级别"]
GOOD = ["办公电脑", "10.1.0.5", "政数局", "张三", "13800000000", "00-1B-21-00-00-01", "三级"]


def planned(*rows: list[str], head: list[str] = HEAD, registered: Any = ()) -> Plan:
    return plan([Sheet("台账", [head, *rows])], registered, Headings())


def told(made: Plan) -> list[tuple[str, str]]:
    return [(one.cell, one.reason.id) for one in (*made.bad, *made.conflicts)]


def changed(column: int, value: str) -> list[str]:
    return [*GOOD[:column], value, *GOOD[column + 1 :]]


def test_a_good_row_is_an_asset_in_canonical_form() -> None:
    (asset,) = planned(GOOD).adds
    assert (asset.addresses, asset.mac, asset.protection_level) == (
        (("", "10.1.0.5"),),
        "00:1b:21:00:00:01",
        "3",
    )


@pytest.mark.parametrize(
    ("row", "cell", "reason"),
    [
        (changed(1, "10.1.0.999"), "B2", "asset.bad.address"),
        (changed(1, ""), "B2", "asset.bad.needed"),
        (changed(4, "1.38E+10"), "E2", "asset.bad.scientific"),
        (changed(4, "找小王"), "E2", "asset.bad.phone"),
        (changed(5, "00-1B-21"), "F2", "asset.bad.mac"),
        (changed(6, "九级"), "G2", "asset.bad.level"),
        (changed(0, "长" * 501), "A2", "asset.bad.too-long"),
        (changed(0, "#REF!"), "A2", "asset.bad.formula"),
        (changed(1, "#n/a"), "B2", "asset.bad.formula"),
    ],
)
def test_a_bad_cell_is_named_and_its_row_is_not_taken(row: list[str], cell: str, reason: str) -> None:
    made = planned(row)
    assert told(made) == [(cell, reason)]
    assert not made.adds


def test_every_bad_cell_of_a_row_is_named() -> None:
    made = planned(["", "x", "政数局", "", "y", "z", "0"])
    assert [cell for cell, _ in told(made)] == ["A2", "B2", "D2", "E2", "F2", "G2"]


def test_several_addresses_in_a_cell_in_whatever_punctuation() -> None:
    (asset,) = planned(changed(1, "10.1.0.5、10.1.0.6;2001:DB8::1\n10.1.0.7")).adds
    assert [address for _, address in asset.addresses] == ["10.1.0.5", "10.1.0.6", "2001:db8::1", "10.1.0.7"]


def test_rows_that_contradict_each_other_or_the_register_are_conflicts() -> None:
    assert told(planned(GOOD, GOOD)) == [("B3", "asset.conflict.twice")]
    known = Asset("教育局", "甲", (("", "10.1.0.5"),), code="1")
    other = Asset("教育局", "乙", (("", "10.1.0.6"),), code="2")
    row = ["2", "乙", "10.1.0.5", "教育局", "张三", "13800000000"]
    head = ["编号", *HEAD[:5]]
    made = planned(row, head=head, registered=[Registered(1, known), Registered(2, other)])
    assert told(made) == [("C2", "asset.conflict.owned")]


def test_what_differs_is_a_change_and_a_locked_field_is_kept() -> None:
    known = planned(GOOD).adds[0]
    made = planned(changed(3, "李四"), registered=[Registered(1, known)])
    assert [(change.id, change.fields, change.asset.responsible) for change in made.changes] == [
        (1, ("responsible",), "李四")
    ]
    assert planned(GOOD, registered=[Registered(1, known)]).unchanged == 1
    made = planned(changed(3, "李四"), registered=[Registered(1, known, frozenset({"responsible"}))])
    assert told(made) == [("D2", "asset.conflict.locked")]


def test_headings_of_a_site_and_those_nobody_knows() -> None:
    own = Headings(["摆放处=location"])
    made = plan([Sheet("s", [[*HEAD, "摆放处", "心情"], [*GOOD, "三楼", "好"]])], (), own)
    assert made.adds[0].location == "三楼"
    assert made.ignored == [("s", "心情")]
    with pytest.raises(LedgerError):
        planned(["a", "b"], head=["甲", "乙"])


def test_a_workbook_with_merged_headings_merged_cells_and_several_sheets(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "终端"
    sheet.append(["区级终端设备台账"])
    sheet.append(["设备名称", "网络", None, "责任", None, None])
    sheet.append([None, "IP地址", "MAC地址", "责任单位", "责任人", "联系电话"])
    sheet.append(["电脑一", "10.1.0.5", None, "政数局", "张三", 13800000000])
    sheet.append(["电脑二", "10.1.0.6", None, None, "李四", 13900000000.0])
    for merged in ("A1:F1", "A2:A3", "B2:C2", "D2:F2", "D4:D5"):
        sheet.merge_cells(merged)
    book.create_sheet("说明").append(["本表由各单位填写"])
    book.create_sheet("服务器").append(HEAD)
    book["服务器"].append(["服务器", *GOOD[1:1], "10.1.0.7", *GOOD[2:]])
    book.save(tmp_path / "t.xlsx")
    made = plan(read_sheets(tmp_path / "t.xlsx"), (), Headings())
    assert told(made) == []
    assert [(asset.name, asset.department, asset.phone) for asset in made.adds] == [
        ("电脑一", "政数局", "13800000000"),
        ("电脑二", "政数局", "13900000000"),
        ("服务器", "政数局", "13800000000"),
    ]
    assert made.ignored == [("说明", "")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_csv_in_the_encodings_that_people_save(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"{','.join(HEAD)}\r\n{','.join(GOOD)}\r\n".encode(encoding))
    assert plan(read_sheets(tmp_path / "t.csv"), (), Headings()).adds == planned(GOOD).adds


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_that_are_no_character_cost_their_cells_row_alone(tmp_path: Path, encoding: str) -> None:
    rows = [HEAD, *([f"电脑{number}", f"10.0.0.{number}", *GOOD[2:]] for number in range(4))]
    lines = [",".join(row).encode(encoding) for row in rows]
    lines[2] = lines[2].replace("电脑".encode(encoding), "电".encode(encoding) + b"\xff")
    lines[3] = lines[3].replace(b"10.0", b"10\xfe.0")
    (tmp_path / "t.csv").write_bytes(b"\r\n".join(lines))
    made = plan(read_sheets(tmp_path / "t.csv"), (), Headings())
    assert [asset.name for asset in made.adds] == ["电脑0", "电脑3"]
    assert [(one.cell, one.reason.id) for one in made.bad] == [
        ("A3", "asset.bad.unreadable"),
        ("B4", "asset.bad.unreadable"),
    ]


@pytest.mark.parametrize("name", ["t.xlsx", "none.csv", "t.csv"])
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, name: str) -> None:
    for file in ("t.xlsx", "t.csv"):
        (tmp_path / file).write_bytes(b"\xff\xff\x00PK" * 10)
    with pytest.raises(LedgerError):
        read_sheets(tmp_path / name)


def test_a_large_messy_gbk_table_names_every_bad_cell_in_seconds(tmp_path: Path) -> None:
    rows, bad = [HEAD], []
    for number in range(20_000):
        row = [f"电脑{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", *GOOD[2:]]
        if number % 7 == 3:
            row[4] = "1.38E+10"
            bad.append(f"E{number + 2}")
        rows.append(row)
    (tmp_path / "t.csv").write_bytes("\r\n".join(map(",".join, rows)).encode("gbk"))
    began = time.process_time()
    made = plan(read_sheets(tmp_path / "t.csv"), (), Headings())
    path = tmp_path / "s.sqlite"
    in_transaction(path, lambda database: LedgerStore(database.conn).apply(made, actor="张三", ts=1.0))
    assert time.process_time() - began <= 10
    assert [one.cell for one in made.bad] == bad
    registered = in_transaction(path, lambda database: LedgerStore(database.conn).assets())
    assert len(registered) == 20_000 - len(bad)


def test_every_change_is_on_the_history_which_only_grows(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    store = LedgerStore(database.conn)
    store.apply(planned(GOOD), actor="张三", ts=1.0)
    store.apply(planned(changed(3, "李四"), registered=store.assets()), actor="李四", ts=2.0)
    history = store.history(1)
    assert [(ts, actor, action) for ts, actor, action, _ in history] == [
        (1.0, "张三", "registered"),
        (2.0, "李四", "changed"),
    ]
    assert history[1][3] == '{"responsible":["张三","李四"]}'
    with pytest.raises(Exception, match="only grows"):
        database.conn.execute("UPDATE asset_history SET actor = 'x'")
    database.conn.close()
