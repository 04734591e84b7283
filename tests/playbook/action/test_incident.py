"""Incidents that playbooks open, note on and bring further; drills stay among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from sentinel.event import Alert, Level
from sentinel.incident import Change, ChangeKind, Grading, Grouping, Handling, IncidentSettings, find_incident
from sentinel.incident.timeline import entries
from sentinel.playbook.action.incident import NoteIncident, OpenIncident, UpdateIncident
from sentinel.playbook.fault import ActionFailed
from sentinel.store import StoreWriter
from sentinel.store.alert import AlertStore

SETTINGS = IncidentSettings()


def verbs(database: Database, now: float) -> Handling:
    return Handling(SETTINGS, Grading.load())


@pytest.fixture
async def number(path: Path, database: Database) -> str:
    """The number of the incident that alert `a1` belongs to."""
    alert = Alert(
        ts=900.0, id="a1", level=Level.HIGH, title="扫描", rule_id="r1", kind="conn", category="NASCAN",
        src="203.0.113.5", dst="10.1.0.9",
    )  # fmt: skip
    async with StoreWriter(path) as writer:
        await AlertStore(writer).add([alert])
        await writer.run(lambda db: Grouping(SETTINGS).advance(db.conn, 10, 950.0))
    return find_incident(database.conn, 1).number


async def test_people_hear_of_one_that_a_playbook_opens(perform: Any, database: Database) -> None:
    heard: list[Change] = []

    def hear(database: Database, changes: Sequence[Change]) -> None:
        heard.extend(changes)

    act = OpenIncident(verbs, hear)
    values = await perform(act, {"title": "门户被篡改", "category": "NAWEBMOD"}, drill=True)
    incident = find_incident(database.conn, values["number"])
    assert (incident.title, incident.category, incident.drill) == ("门户被篡改", "NAWEBMOD", True)
    assert [(change.kind, change.number, change.drill) for change in heard] == [
        (ChangeKind.CREATED, values["number"], True)
    ]


async def test_a_run_finds_the_incident_of_its_alert(perform: Any, database: Database, number: str) -> None:
    assert await perform(NoteIncident(verbs), {"text": "已封堵"}, alert="a1") == {"number": number}
    assert [entry.detail["note"] for entry in entries(database.conn, 1) if entry.action == "note"] == [
        "已封堵"
    ]


async def test_it_is_brought_further_but_never_ended(perform: Any, database: Database, number: str) -> None:
    act = UpdateIncident(verbs)
    for _ in range(2):  # what is so already stays so
        await perform(act, {"state": "contained", "assignee": "张三"}, incident=number)
    incident = find_incident(database.conn, number)
    assert (incident.state, incident.assignee) == ("contained", "张三")
    for state in ("closed", "false_positive", "gone"):
        with pytest.raises(ActionFailed):
            await perform(act, {"state": state}, incident=number)
    await perform(act, {"state": "investigating"}, incident=number)  # people are further already
    assert find_incident(database.conn, number).state == "contained"
    await perform(act, {"state": "investigating", "reason": "复测未过"}, incident=number)
    assert find_incident(database.conn, number).state == "investigating"


async def test_the_runs_own_incident_takes_the_place_of_a_new_one(
    perform: Any, database: Database, number: str
) -> None:
    act, asked = OpenIncident(verbs), {"title": "失陷", "reuse": True}
    assert await perform(act, asked, alert="a1") == {"number": number}
    assert await perform(act, asked, incident=number) == {"number": number}
    with pytest.raises(ActionFailed):  # not grouped yet
        await perform(act, asked, alert="a2")
    assert (await perform(act, asked))["number"] != number


@pytest.mark.parametrize(
    "more", [{}, {"alert": "a2"}, {"incident": "9-9"}, {"alert": "a1", "drill": True}], ids=str
)
async def test_no_incident_or_one_of_the_other_kind(
    perform: Any, database: Database, number: str, more: dict[str, Any]
) -> None:
    before = len(entries(database.conn, 1))
    with pytest.raises(ActionFailed):
        await perform(NoteIncident(verbs), {"text": "x"}, **more)
    assert len(entries(database.conn, 1)) == before
