"""`sentinel formats` lists and tests the shipped formats and the site's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.cli import main

OWN = """
name: door
about: 门禁
about_en: door control
read: regex
patterns: ['^DOOR (?P<who>\\S+)$']
samples: [{line: DOOR 张三, fields: {who: %s}}]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "sentinel.yaml").write_text("intake: {formats: [own]}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "own" / "door.yaml"


def test_list_names_every_format_in_the_language_spoken(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(OWN % "张三")
    assert main(["formats", "list", "--config", "sentinel.yaml"]) == 0
    assert "door" in (listed := capsys.readouterr().out) and "门禁" in listed and "sshd" in listed
    assert main(["formats", "list", "--config", "sentinel.yaml", "--lang", "en"]) == 0
    assert "door control" in capsys.readouterr().out


def test_test_says_what_is_read_otherwise(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.write_text(OWN % "张三")
    assert main(["formats", "test", "--config", "sentinel.yaml"]) == 0
    site.write_text(OWN % "李四")
    assert main(["formats", "test", "--config", "sentinel.yaml"]) == 1
    assert "李四" in capsys.readouterr().out


def test_test_tells_of_an_expression_that_a_line_can_hold_up(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text((OWN % "张三").replace("(?P<who>\\S+)$", "(?P<who>(?:\\S+)+)$"))
    assert main(["formats", "test", "--config", "sentinel.yaml"]) == 1
    assert "door" in (told := capsys.readouterr().out) and "拖住" in told


def test_a_format_that_is_refused_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.write_text("name: door\n")
    assert main(["formats", "list", "--config", "sentinel.yaml"]) == 1
    assert "about" in capsys.readouterr().err
