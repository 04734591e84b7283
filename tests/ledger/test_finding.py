"""Findings are told once, in order, without persons, and no more of them are kept than the bound."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from sentinel.event import Ledger as LedgerEvent
from sentinel.ledger import Device, Findings, LedgerStore
from sentinel.ledger.store import row_of
from sentinel.ledger.told import News
from sentinel.store.writer import open_database


def test_a_device_is_new_once_and_only_when_it_lasts(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    store, findings = LedgerStore(database.conn), Findings(database.conn)
    device = Device("办公", "10.0.0.1", 5.0, 5.0, facts=[])
    store.put_devices([row_of(device)], [])
    assert findings.after(0, 10) == []
    device.lasting = True
    for _ in range(2):
        store.put_devices([row_of(device)], [])
    (found,) = findings.after(0, 10)
    assert (found.ts, found.content["action"], found.content["zone"]) == (5.0, "seen", "办公")
    database.close()


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path) -> None:
    database = open_database(tmp_path / "s.sqlite")
    findings = Findings(database.conn)
    event = LedgerEvent(ts=7.0, difference="drift", state="begun", host="10.0.0.1", responsible="张三")
    with mock.patch("sentinel.ledger.finding._KEPT", 2):
        for _ in range(3):
            findings.differences(News({("drift", "", "10.0.0.1", "mac"): event}, {}, 0))
    assert [one.position for one in findings.after(0, 10)] == [2, 3]
    assert (findings.first(), findings.last()) == (2, 3)
    assert findings.after(2, 10)[0].content == {
        "action": "begun", "address": "10.0.0.1", "zone": "", "difference": "drift",
    }  # fmt: skip
    database.close()
