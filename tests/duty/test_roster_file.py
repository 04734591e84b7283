"""A roster is read as people save it; what is wrong is named by its row."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel.duty import DutyError, Person, Role, Shift
from sentinel.duty.roster_file import read_moment, read_roster

ZONE = ZoneInfo("Asia/Shanghai")
GOOD = "姓名,角色,电话,开始,结束\n张三,值班员,13800000000,2026-11-25 08:30,2026-11-25 20:30\n"
START = 1_795_566_600.0
"""2026-11-25 00:30 UTC"""


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_row_is_a_shift_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    read = read_roster(written(tmp_path, GOOD, encoding), ZONE)
    assert read.problems == ()
    assert read.shifts == (Shift(Role.OFFICER, Person("张三", "13800000000"), START, START + 12 * 3600),)


def test_english_headings_and_empty_rows(tmp_path: Path) -> None:
    text = "Role,Person,Phone,Start,End,Remark\n,,,\nleader,Li,1,2026/11/25 08:30,2026-11-25T20:30,x\n"
    assert [shift.role for shift in read_roster(written(tmp_path, text), ZONE).shifts] == [Role.LEADER]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("张三,门卫,1,2026-11-25 08:30,2026-11-25 20:30", "门卫"),
        (",值班员,1,2026-11-25 08:30,2026-11-25 20:30", "姓名"),
        ("张三,值班员", "电话"),
        ("张三,值班员,1,昨天,2026-11-25 20:30", "开始"),
        ("张三,值班员,1,2026-11-25 08:30,2026-13-25 20:30", "结束"),
        ("张三,值班员,1,2026-11-25 08:30,2026-11-25 08:30", "晚于"),
        ("张三,值班员,1,2026-11-25 08:30,2027-11-25 08:30", "7 天"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    read = read_roster(written(tmp_path, GOOD + row + "\n"), ZONE)
    assert len(read.shifts) == 1
    (problem,) = map(str, read.problems)
    assert "第 3 行" in problem and reason in problem


@pytest.mark.parametrize(
    ("data", "id"),
    [
        (b"", "duty.roster.no-column"),
        ("姓名,电话\n".encode(), "duty.roster.no-column"),
        (b"\xff\xfe\x00\xff\xff", "duty.roster.no-text"),
        (GOOD.encode() + b"\n" * 20_000, "duty.roster.too-long"),
        (b"x" * ((4 << 20) + 1), "duty.roster.too-long"),
    ],
)
def test_what_is_no_roster_is_refused_as_a_whole(tmp_path: Path, data: bytes, id: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(data)
    with pytest.raises(DutyError) as refused:
        read_roster(path, ZONE)
    assert refused.value.message.id == id


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DutyError, match="无法读取值班表"):
        read_roster(tmp_path / "none.csv", ZONE)


def test_moments() -> None:
    assert read_moment("2026年11月25日 08:30", ZONE) == START
    assert read_moment("25.11.2026", ZONE) is None
