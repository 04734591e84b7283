"""Rule sets from text, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.text import speaking

HEAD = "title: T{n}\nlogsource:\n  product: sentinel\n  service: {service}\n"

Make = Callable[..., RuleSet]


@pytest.fixture
def english() -> Iterator[None]:
    """Sentences are compared as they stand in English."""
    with speaking("en"):
        yield


@pytest.fixture
def make_rules(tmp_path: Path) -> Make:
    """Rules from detections written as YAML (each the text under `detection:`)."""

    def make(*detections: str, service: str = "weird") -> RuleSet:
        folder = tmp_path / service
        folder.mkdir(exist_ok=True)
        for n, detection in enumerate(detections):
            body = "".join(f"  {line}\n" for line in detection.strip("\n").split("\n"))
            text = HEAD.format(n=n, service=service) + "detection:\n" + body + "level: high\n"
            (folder / f"{n:03}.yml").write_text(text, encoding="utf-8")
        return RuleSet.load(RuleSettings(paths=(str(folder),)), tmp_path)

    return make
