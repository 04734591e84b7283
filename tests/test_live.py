"""A capture worker's pipeline takes over changed rules between batches, and bad ones never."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

from sentinel.capture.ring import RingStatistics
from sentinel.capture.settings import CaptureSettings
from sentinel.capture.worker import WorkerTask
from sentinel.config import Config, load_config
from sentinel.frame import decode_frame
from sentinel.live import LivePipeline
from sentinel.rule import RuleSettings

RULE = "title: {title}\nlogsource: {{product: sentinel, service: conn}}\ndetection: {{s: {{proto: tcp}}, condition: {c}}}\n"


def test_rules_are_compiled_aside_and_taken_at_the_next_batch(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(RULE.format(title="one", c="s"))
    config = dataclasses.replace(Config(), root=tmp_path, rule=RuleSettings(paths=(str(tmp_path),)))
    task = WorkerTask("lo", "lo", CaptureSettings(), None, "", config, os.getpid())
    pipeline = LivePipeline(task, lambda frame, precious: None)
    (tmp_path / "two.yml").write_text(RULE.format(title="two", c="s"))
    pipeline.reload()
    await_threads(pipeline)
    assert [rule.title for rule in pipeline._rules.rules] == ["one"]
    pipeline.idle(1.0)
    assert [rule.title for rule in pipeline._rules.rules] == ["one", "two"]
    assert pipeline._pipeline._rules is pipeline._rules

    (tmp_path / "two.yml").write_text(RULE.format(title="two", c="nothing"))
    pipeline.reload()
    await_threads(pipeline)
    pipeline.idle(2.0)
    assert [rule.title for rule in pipeline._rules.rules] == ["one", "two"]
    pipeline.finish()


def test_what_the_ring_lost_and_the_filter_refused_is_in_the_account(tmp_path: Path) -> None:
    config = dataclasses.replace(Config(), root=tmp_path, rule=RuleSettings(paths=()))
    frames: list[bytes] = []
    task = WorkerTask("lo", "lo", CaptureSettings(), None, "", config, os.getpid())
    pipeline = LivePipeline(task, lambda frame, precious: frames.append(frame))
    pipeline.report(RingStatistics(received=5, dropped=2, filtered=3), (8, 1), 0)
    statistics = decode_frame(frames[0]).statistics
    assert statistics is not None and statistics.packets.balanced()
    assert (statistics.packets.received, statistics.packets.dropped, statistics.packets.filtered) == (5, 2, 3)


def test_the_section_of_rules_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(RULE.format(title="one", c="s") + "id: one\n")
    file = tmp_path / "config.yaml"
    file.write_text("rule: {paths: [one.yml]}\n")
    config = load_config(file)
    task = WorkerTask("lo", "lo", CaptureSettings(), None, "", config, os.getpid())
    pipeline = LivePipeline(task, lambda frame, precious: None)
    for content, running in (
        ("rule: {paths: [one.yml], disabled: [one]}\n", []),
        ("rule: {pathss: []}\n", []),
        ("rule: {paths: [one.yml]}\n", ["one"]),
    ):
        file.write_text(content)
        pipeline.reload()
        await_threads(pipeline)
        pipeline.idle(1.0)
        assert [rule.title for rule in pipeline._rules.rules] == running
    pipeline.finish()


def test_connections_are_given_up_while_the_ring_is_full(tmp_path: Path) -> None:
    config = dataclasses.replace(Config(), root=tmp_path, capture=CaptureSettings(shed_above=0.6))
    task = WorkerTask("lo", "lo", config.capture, None, "", config, os.getpid())
    pipeline = LivePipeline(task, lambda frame, precious: None)
    shedding = []
    for full in (0.1, 0.6, 0.7, 0.4, 0.3, 0.29, 0.5, 0.9, 0.7, 0.2):
        pipeline.press(full)
        shedding.append(pipeline._pipeline._table.count("shedding"))
    assert shedding == [0, 0, 1, 1, 1, 0, 0, 2, 2, 0]
    pipeline.finish()


def await_threads(pipeline: LivePipeline) -> None:
    deadline = time.monotonic() + 20
    while any(thread.name == "rules" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
