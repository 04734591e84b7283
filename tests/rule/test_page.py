"""The generated pages say what the pack and the pipelines say now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule.correlation import Correlation
from sentinel.rule.library import load_paths
from sentinel.rule.page import logsource_page, pack_page, unknown_fields
from sentinel.text import use_language

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    use_language("zh")
    yield
    use_language("zh")


def test_the_pages_are_current() -> None:
    remedy = "run `sentinel rules docs`"
    page = pack_page(RuleSet.load(RuleSettings(), ROOT), ROOT)
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page, remedy
    assert (ROOT / "docs" / "logsources.md").read_text(encoding="utf-8") == logsource_page(), remedy


def test_every_rule_has_its_section_in_either_language() -> None:
    rules = RuleSet.load(RuleSettings(), ROOT)
    assert any(isinstance(document, Correlation) for document in rules.telling())
    for language in ("zh", "en"):
        use_language(language)
        page = pack_page(rules, ROOT)
        for document in rules.telling():
            assert f"### {document.title if language == 'zh' else document.title_en}\n" in page
            assert f"`{document.path.relative_to(ROOT)}`" in page
            words = document.respond if language == "zh" else document.respond_en
            assert words and " ".join(words.split()) in page
        assert page.count("### ") == len(list(rules.telling())), "what only serves others has none"


def test_logsources_name_what_is_seen_and_how() -> None:
    lines = logsource_page().splitlines()
    [web] = [line for line in lines if line.startswith("| `category: webserver`")]
    assert "`http`" in web and "`cs-uri-query` → `uri`" in web
    [process] = [
        line for line in lines if line.startswith("| `product: windows, category: process_creation`")
    ]
    assert "EventID 1" in process and "EventID 4688" in process and "`Image` → `NewProcessName`" in process


def test_fields_that_never_come_are_named(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        "title: t\nlogsource: {category: webserver}\ndetection: {s: {cs-uri: x, cs-nonsense: y}, condition: s}\n"
    )
    [rule] = load_paths(("r.yml",), tmp_path).rules
    assert list(unknown_fields(rule)) == [("cs-nonsense", "http")]
