"""Filters find what they say, pages follow each other, and no page is sorted out of a million."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sentinel.incident import Handling, State
from sentinel.incident.listing import (
    Filter,
    count_incidents,
    list_incidents,
    open_by_state_and_level,
    overdue_clocks,
)
from tests.incident.conftest import NOW


@pytest.fixture
def some(connection: Any, handling: Handling) -> None:
    for number in range(6):
        handling.open(
            connection,
            title=f"事件{number}",
            actor="甲",
            now=NOW,
            discovered_at=NOW - 100 * number,
            category=("NASCAN", "DETECH")[number % 2],
            address=f"10.0.0.{number}",
            department=f"单位{number % 3}",
            drill=number == 5,
        )
    handling.decide(connection, 2, 3, actor="乙", now=NOW)
    handling.move(connection, 3, State.CLOSED, actor="乙", now=NOW, reason="因")
    handling.assign(connection, 1, "丙", actor="乙", now=NOW)


FILTERS = [
    (Filter(), [6, 5, 4, 3, 2, 1]),
    (Filter(open=True, drill=False), [5, 4, 2, 1]),
    (Filter(open=False), [3]),
    (Filter(state="closed"), [3]),
    (Filter(state="new", drill=False), [5, 4, 2, 1]),
    (Filter(level=3), [2]),
    (Filter(category="DETECH"), [6, 4, 2]),
    (Filter(department="单位1"), [5, 2]),
    (Filter(assignee="丙"), [1]),
    (Filter(address="10.0.0.3"), [4]),
    (Filter(since=NOW - 350, until=NOW - 50), [2, 3, 4]),
    (Filter(drill=True), [6]),
    (Filter(severity=4), []),
]


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(("chosen", "ids"), FILTERS)
def test_filters(connection: Any, chosen: Filter, ids: list[int]) -> None:
    assert [incident.id for incident in list_incidents(connection, chosen)] == ids
    assert count_incidents(connection, chosen) == len(ids)


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("chosen", [Filter(), Filter(since=0.0)])
def test_pages_follow_each_other(connection: Any, chosen: Filter) -> None:
    whole = [incident.id for incident in list_incidents(connection, chosen)]
    first = list_incidents(connection, chosen, 2)
    rest = list_incidents(connection, replace(chosen), 10, before=first[-1].id)
    assert [incident.id for incident in (*first, *rest)] == whole


@pytest.mark.usefixtures("some")
def test_gauges_leave_drills_out(connection: Any) -> None:
    assert open_by_state_and_level(connection) == {("new", 3): 1, ("new", 4): 3}
    assert overdue_clocks(connection, NOW + 700)["acknowledge"] == 4


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(state="closed", drill=False),
        Filter(level=3, drill=False),
        Filter(department="x"),
        Filter(since=1.0, until=2.0),
    ],
)
def test_no_page_is_sorted(connection: Any, chosen: Filter) -> None:
    queries: list[str] = []
    connection.set_trace_callback(queries.append)
    list_incidents(connection, chosen)
    connection.set_trace_callback(None)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {queries[-1]}").fetchall()
    assert "TEMP B-TREE" not in str(plan)
