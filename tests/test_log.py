"""The daemon's log: sentences for people, fields for programs, the same ids in any language."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.log import Log, set_up_log


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("sentinel")
    before = root.handlers[:], root.level, ours.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = before[0], before[3]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.captureWarnings(False)


def test_json_has_id_level_sentence_and_values() -> None:
    stream = io.StringIO()
    set_up_log("info", "auto", stream)
    Log("agent").warning("agent.bad-frame", worker="eth0")
    Log("agent").debug("agent.ready")
    line = json.loads(stream.getvalue())
    assert (line["level"], line["id"], line["part"]) == ("warning", "agent.bad-frame", "agent")
    assert "eth0" in line["message"] and line["values"] == {"worker": "eth0"}


def test_text_is_a_sentence_with_its_level_in_words() -> None:
    stream = io.StringIO()
    set_up_log("debug", "text", stream)
    Log("agent").info("agent.stopped")
    assert stream.getvalue().endswith(" 信息 已停止\n")


def test_an_exception_is_told_with_its_traceback_on_one_json_line() -> None:
    stream = io.StringIO()
    set_up_log("info", "json", stream)
    try:
        raise KeyError("x")
    except KeyError:
        Log("agent").exception("agent.task-failed", task="t")
    assert stream.getvalue().count("\n") == 1
    assert "KeyError" in json.loads(stream.getvalue())["traceback"]


def test_other_libraries_come_through_too() -> None:
    stream = io.StringIO()
    set_up_log("info", "json", stream)
    logging.getLogger("somewhere").warning("100 %s", "words")
    assert json.loads(stream.getvalue())["message"] == "100 words"


def test_the_journal_gets_priorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        state = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{state.st_dev}:{state.st_ino}")
        set_up_log("info", "auto", stream)
        Log("agent").error("agent.not-alive", seconds=5)
        stream.seek(0)
        assert stream.read().startswith('<3>{"ts"')
