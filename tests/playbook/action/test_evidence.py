"""A package that verifies, is on the timeline, and is one however often the step is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from sentinel.incident import Grading, Handling, IncidentSettings
from sentinel.incident.evidence import Recorded, recorded, verify_evidence
from sentinel.playbook.action import Call
from sentinel.playbook.action.evidence import CollectEvidence
from sentinel.playbook.fault import ActionFailed


@pytest.fixture
def number(database: Database) -> str:
    with database.conn:
        handling = Handling(IncidentSettings(), Grading.load())
        incident, _ = handling.open(database.conn, title="x", actor="甲", now=900.0)
    return incident.number


@pytest.fixture
def collect(path: Path, tmp_path: Path) -> CollectEvidence:
    return CollectEvidence(path, tmp_path / "evidence", tmp_path / "attachments", None)


async def test_the_package_verifies_and_is_on_the_timeline(
    perform: Any, collect: CollectEvidence, database: Database, number: str, tmp_path: Path
) -> None:
    for ts in (1000.0, 1001.0):
        values = await perform(collect, {"sm3": True}, ts=ts, incident=number)
    (package,) = (tmp_path / "evidence").iterdir()
    checked = verify_evidence(package)
    assert (str(package), checked.digest, checked.files) == (
        values["path"],
        values["digest"],
        values["files"],
    )
    assert checked.incident == number and recorded(database.conn, checked) is Recorded.WHOLE


@pytest.mark.parametrize("incident", ["", "9-9"])
async def test_without_an_incident_there_is_nothing_to_collect(
    collect: CollectEvidence, database: Database, incident: str
) -> None:
    with pytest.raises(ActionFailed):
        await collect.perform(Call("r", "k", "p", {}, incident))


async def test_a_folder_that_cannot_be_made_is_named(path: Path, number: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    collect = CollectEvidence(path, tmp_path / "file" / "evidence", tmp_path, None)
    with pytest.raises(ActionFailed, match="file/evidence"):
        await collect.perform(Call("r", "k", "p", {}, number))
