"""`sentinel notify`, on a database and a server of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.cli import main
from sentinel.store import audit
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue
from sentinel.store.session import in_transaction, reading
from tests.notify.conftest import Receiver


def config(tmp_path: Path, receiver: Receiver) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(
        "language: en\nnotify:\n  channels:\n    - name: robot\n"
        f"      url: {receiver.url()}\n      body: '{{text}}'\n      expect: '\"errcode\":0'\n"
    )
    return str(path)


def test_a_test_message_says_whether_it_arrived(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = config(tmp_path, receiver)
    assert main(["notify", "test", "--config", chosen]) == 0
    assert "robot: delivered" in capsys.readouterr().out
    receiver.answers = [(403, "")]
    assert main(["notify", "test", "robot", "--config", chosen]) == 1
    assert "403" in capsys.readouterr().out
    assert main(["notify", "test", "nobody", "--config", chosen]) == 2
    assert len(receiver.taken) == 2
    trail = reading(tmp_path / "state" / "sentinel.sqlite", audit.rows)
    assert [(row.action, row.subject, row.detail["delivered"]) for row in trail] == [
        ("notify.test", "robot", True),
        ("notify.test", "robot", False),
    ]


def test_what_failed_is_listed_and_sent_again(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "state" / "sentinel.sqlite"
    message = OutboxMessage("m", "robot", 1.0, 4, '{"text": "scan seen"}')
    in_transaction(path, lambda database: enqueue(database, message))
    in_transaction(path, lambda database: OutboxStore(database).refused(1, 2.0, "down", None))
    chosen = config(tmp_path, receiver)
    assert main(["notify", "list", "--config", chosen]) == 0
    line = capsys.readouterr().out
    assert all(word in line for word in ("robot", "failed", "scan seen", "down"))
    for chosen_few, number in ((["--state", "failed"], 1), (["--channel", "other"], 0)):
        assert main(["notify", "list", *chosen_few, "--config", chosen]) == 0
        assert len(capsys.readouterr().out.splitlines()) == number
    assert main(["notify", "show", "1", "--config", chosen]) == 0
    shown = capsys.readouterr().out
    assert "down" in shown and "id: m" in shown
    assert main(["notify", "show", "nothing", "--config", chosen]) == 1
    assert main(["notify", "retry", "--by", "张三", "--config", chosen]) == 0
    (row,) = reading(path, audit.rows)
    assert (row.actor, row.action, row.detail["number"]) == ("张三", "notify.retry", 1)
    assert in_transaction(path, lambda database: OutboxStore(database).counts()) == {("robot", "waiting"): 1}
