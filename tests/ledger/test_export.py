"""What is exported and imported again changes nothing, whatever people wrote into it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sentinel.ledger import Asset, LedgerError, Registered
from sentinel.ledger.export import write_register
from sentinel.ledger.form import HEADINGS, Headings, clean, is_heading
from sentinel.ledger.intake import Plan, plan
from sentinel.ledger.sheet import read_sheets

FULL = Asset(
    "政务服务和数据管理局", "OA 服务器", (("公用网络区", "10.0.0.9"), ("公用网络区", "fd00::9")), code="007",
    category="服务器", mac="00:1b:21:00:00:01", responsible="责任人甲", phone="0759-1234567转8", location="三楼/B 柜",
    system="OA",
    protection_level="3", access_class="A", developer="开发商", product="产品", version="1.10", vendor="厂商", model="X-1",
    serial_no="1E5", os="麒麟 V10", cii=True, note="=1+1",
)  # fmt: skip
PLAIN = Asset(
    "水务局", "电脑", (("", "10.0.1.1"),), responsible="责任人乙", phone="+8613800000000", note="-见附件"
)
BOTH_ZONES = Asset(
    "水务局",
    "防火墙",
    (("公用网络区", "10.0.2.1"), ("专用网络区", "10.9.2.1")),
    responsible="责任人乙",
    phone="1234567",
)


def again(path: Path, assets: list[Asset], headings: Headings) -> Plan:
    write_register(path, assets, headings)
    rows = [Registered(number, asset) for number, asset in enumerate(assets, 1)]
    return plan(read_sheets(path), rows, headings)


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_an_export_imported_again_changes_nothing(tmp_path: Path, suffix: str) -> None:
    made = again(tmp_path / f"t.{suffix}", [FULL, PLAIN, BOTH_ZONES], Headings())
    assert (made.unchanged, made.adds, made.changes, made.bad, made.conflicts, made.ignored) == (
        3,
        [],
        [],
        [],
        [],
        [],
    )


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_an_export_registers_the_same_assets_elsewhere(tmp_path: Path, suffix: str) -> None:
    write_register(tmp_path / f"t.{suffix}", [FULL, PLAIN, BOTH_ZONES], Headings())
    made = plan(read_sheets(tmp_path / f"t.{suffix}"), [], Headings())
    assert sorted(made.adds, key=lambda asset: asset.name) == sorted(
        [FULL, PLAIN, BOTH_ZONES], key=lambda asset: asset.name
    )


def test_each_department_has_its_sheet_under_a_name_that_excel_takes(tmp_path: Path) -> None:
    names = ["水务/局[一]", "水务 局 一", "长" * 40, "长" * 41, "局"]
    assets = [
        Asset(name, "电脑", (("", f"10.0.0.{n}"),), responsible="甲", phone="1234567")
        for n, name in enumerate(names, 1)
    ]
    made = again(tmp_path / "t.xlsx", assets, Headings())
    assert (made.unchanged, made.changes, made.adds) == (5, [], [])
    titles = load_workbook(tmp_path / "t.xlsx").sheetnames
    assert len({title.casefold() for title in titles}) == 5 and max(map(len, titles)) <= 31


def test_a_formula_stays_text(tmp_path: Path) -> None:
    write_register(tmp_path / "t.xlsx", [FULL], Headings())
    sheet = load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    cell = sheet.cell(2, list(HEADINGS).index("note") + 1)
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    write_register(tmp_path / "t.csv", [FULL], Headings())
    assert "'=1+1" in (tmp_path / "t.csv").read_text("utf-8-sig")


def test_a_site_s_own_headings_are_written_and_understood(tmp_path: Path) -> None:
    headings = Headings(["使用科室=责任单位", "摆放处=location", "安装点=location", "资产编号=serial_no"])
    made = again(tmp_path / "t.xlsx", [FULL], headings)
    assert (made.unchanged, made.ignored) == (1, [])
    head = [
        cell.value for cell in next(load_workbook(tmp_path / "t.xlsx").worksheets[0].iter_rows(max_row=1))
    ]
    assert "使用科室" in head and "摆放处" in head and "责任单位" not in head
    assert headings.field("安装点") == "location"
    assert ("资产编号" in head, "设备编号" in head, "序列号" in head) == (True, True, False)
    assert [is_heading(said) for said in ("甲=责任单位", "甲=mac", "甲=乙", "=mac", "甲")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_the_file_is_new_and_its_owner_s_alone(tmp_path: Path) -> None:
    write_register(tmp_path / "t.xlsx", [], Headings())
    assert stat.S_IMODE((tmp_path / "t.xlsx").stat().st_mode) == 0o600
    with pytest.raises(LedgerError) as error:
        write_register(tmp_path / "t.xlsx", [FULL], Headings())
    assert error.value.message.id == "asset.file.exists"
    with pytest.raises(LedgerError) as error:
        write_register(tmp_path / "none" / "t.xlsx", [FULL], Headings())
    assert error.value.message.id == "asset.file.unwritable"


@given(st.text(max_size=60), st.sampled_from(["xlsx", "csv"]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_registered_comes_back(
    tmp_path_factory: pytest.TempPathFactory, said: str, suffix: str
) -> None:
    note = clean(said)
    assert clean(note) == note
    asset = Asset("局", "电脑", (("", "10.0.0.1"),), responsible="甲", phone="1234567", note=note)
    path = tmp_path_factory.mktemp("export") / f"t.{suffix}"
    assert again(path, [asset], Headings()).unchanged == 1
