"""A guard period is ordered by the person who agreed, if the roster lets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel.duty import DutyBook, Person, Role, Shift
from sentinel.playbook.action.guard_period import EndGuardPeriod, SetGuardPeriod
from sentinel.playbook.fault import ActionFailed
from sentinel.store import audit
from sentinel.store.session import in_transaction, reading

ASKED = {"name": "两会", "hours": 24.0, "factor": 0.5, "raised": 1, "freeze": True}


@pytest.fixture
def roster(path: Path) -> None:
    shifts = [
        Shift(role, Person(name, "1"), 0, 1e6)
        for role, name in ((Role.OFFICER, "张三"), (Role.LEADER, "李四"))
    ]
    in_transaction(path, lambda db: DutyBook(db, "desk").add_shifts(shifts, "李四", 1.0))


@pytest.mark.usefixtures("roster")
async def test_it_begins_at_once_and_ends_when_asked(perform: Any, path: Path) -> None:
    values = await perform(SetGuardPeriod(), ASKED, approved_by=("李四",))
    (period,) = reading(path, lambda db: DutyBook(db, "x").guard_periods(1000.0)).periods
    assert (period.id, period.start, period.end, period.factor, period.raised, period.freeze, period.actor) == (
        values["id"], 1000.0, 1000.0 + 86400, 0.5, 1, True, "李四",
    )  # fmt: skip
    for _ in range(2):
        await perform(EndGuardPeriod(), {"id": period.id}, ts=2000.0, approved_by=("李四",))
    assert reading(path, lambda db: DutyBook(db, "x").guard_periods(2000.0)).active(2000.0) == ()
    assert [row.actor for row in reading(path, audit.rows) if row.action.startswith("duty.guard")] == [
        "李四"
    ] * 2


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize("approved_by", [(), ("张三",), ("外人",)])
async def test_nobody_else_orders_one(perform: Any, path: Path, approved_by: tuple[str, ...]) -> None:
    with pytest.raises(ActionFailed):
        await perform(SetGuardPeriod(), ASKED, approved_by=approved_by)
    assert reading(path, lambda db: DutyBook(db, "x").guard_periods(1000.0)).periods == ()
