"""Packages go by age and size, on the audit trail, and never those that are still needed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from sentinel.incident import Handling, State
from sentinel.incident.evidence_folder import EvidenceFolder
from sentinel.incident.timeline import entries
from sentinel.incident.wording import in_words
from tests.incident.conftest import NOW

DAY = 86400.0


class Case:
    """Incidents that ended so many days after `NOW`, each with a package of 100 bytes."""

    def __init__(self, connection: Any, handling: Handling, folder: Path) -> None:
        self.database = Database(connection, execute_plugins=False)
        self.handling = handling
        self.folder = folder
        folder.mkdir()

    def add(self, ended: float | None, *, level: int = 4) -> str:
        connection, who = self.database.conn, {"actor": "甲", "now": NOW}
        incident, _ = self.handling.open(connection, title="x", **who)
        if level < 4:
            self.handling.decide(connection, incident.id, level, **who)
        if ended is not None:
            who = {"actor": "甲", "now": NOW + ended * DAY}
            self.handling.move(connection, incident.id, State.CLOSED, reason="毕", **who)
        path = self.folder / f"{incident.number}-0badcafe.zip"
        path.write_bytes(bytes(100))
        os.utime(path, (NOW, NOW))
        return incident.number

    def gone(self, days: float, keep: float = 365, most: int = 1000) -> tuple[list[str], int]:
        evidence, now = EvidenceFolder(self.folder, keep * DAY, most), NOW + days * DAY
        packages, too_many = evidence.to_go(self.database, evidence.packages(now), now)
        return [package.number for package in packages], too_many


@pytest.fixture
def case(connection: Any, handling: Handling, tmp_path: Path) -> Case:
    return Case(connection, handling, tmp_path / "evidence")


def test_what_is_old_goes_and_stands_on_the_audit_trail(case: Case) -> None:
    old, _, _ = case.add(1), case.add(9), case.add(None)
    assert case.gone(366) == ([], 0)
    assert case.gone(366.1) == ([old], 0)
    action, subject, detail = case.database.execute(
        "SELECT action, subject, detail FROM audit ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert (action, subject) == ("evidence.removed", old)
    assert json.loads(detail) == {"file": f"{old}-0badcafe.zip", "size": 100, "why": "age"}
    entry = entries(case.database.conn, 1)[-1]
    assert "保存期满" in in_words(entry)


def test_past_the_size_what_ended_first_goes(case: Case) -> None:
    later, first, last, _ = case.add(2), case.add(1), case.add(3), case.add(None)
    assert case.gone(4, most=200) == ([first, later], 0)
    assert case.gone(4, most=100) == ([first, later, last], 0)


def test_what_is_open_or_due_stays_whatever_the_size(case: Case) -> None:
    case.add(None)
    case.add(1, level=3)
    assert case.gone(9999, most=50) == ([], 150)


def test_what_is_no_package_stays_and_what_was_never_finished_goes(case: Case) -> None:
    (case.folder / "笔记.zip").write_bytes(bytes(10))
    for age in (0.5, 2):
        part = case.folder / f".{age}.zip.part"
        part.touch()
        os.utime(part, (NOW - age * DAY, NOW - age * DAY))
    assert case.gone(0, keep=0, most=1) == ([], 9)
    assert sorted(path.name for path in case.folder.iterdir()) == [".0.5.zip.part", "笔记.zip"]


def test_no_folder_holds_nothing(tmp_path: Path) -> None:
    assert EvidenceFolder(tmp_path / "absent", 1.0, 1).packages(NOW) == []
