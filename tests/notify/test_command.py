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
        assert capsys.readouterr().out.count("scan seen") == number
    assert main(["notify", "show", "1", "--config", chosen]) == 0
    shown = capsys.readouterr().out
    assert "down" in shown and "id: m" in shown
    assert main(["notify", "show", "nothing", "--config", chosen]) == 1
    assert main(["notify", "retry", "--by", "张三", "--config", chosen]) == 0
    (row,) = reading(path, audit.rows)
    assert (row.actor, row.action, row.detail["number"]) == ("张三", "notify.retry", 1)
    assert in_transaction(path, lambda database: OutboxStore(database).counts()) == {("robot", "waiting"): 1}


def test_check_says_what_a_channel_lacks_and_that_there_is_none(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROBOT_KEY", raising=False)
    path = tmp_path / "config.yaml"
    beginning = "capture: {enabled: false}\nrule: {paths: []}\nplaybook: {paths: []}\n"
    path.write_text(beginning)
    main(["check", "--config", str(path)])
    assert "没有配置通知通道" in capsys.readouterr().out
    path.write_text(
        beginning
        + "notify:\n  channels:\n    - name: 群\n      robot: wecom\n      url: https://h/s?key=${env:ROBOT_KEY}\n"
    )
    main(["check", "--config", str(path)])
    said = capsys.readouterr().out
    assert "通知通道 群" in said and "ROBOT_KEY" in said and "没有配置通知通道" not in said
    path.write_text(
        beginning + "notify:\n  channels:\n    - name: 群\n      url: https://h/s\n      sign: k\n"
    )
    assert main(["check", "--config", str(path)]) == 1
    said = capsys.readouterr().out
    assert "没有写发什么" in said and "sign" in said
