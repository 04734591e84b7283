"""Both languages say the same things, and every id in use is there."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from sentinel.locale.catalogue import catalogue, read_catalogue
from sentinel.text import LANGUAGES, Message, current_language, text, use_language

PACKAGE = Path(__file__).parents[1] / "sentinel"
SPEAKERS = {
    "text",
    "Message",
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "outage",
}
SENTENCES = {locale: read_catalogue(catalogue(locale)) for locale in LANGUAGES.values()}


def ids_in_code() -> tuple[set[str], set[str]]:
    """Ids written out, and beginnings of those that are put together (`config.form.`)."""
    whole, beginnings = set(), set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for said in ast.walk(node.args[0]) if name in SPEAKERS else ():
                if isinstance(said, ast.JoinedStr) and isinstance(said.values[0], ast.Constant):
                    beginnings.add(str(said.values[0].value))
                elif isinstance(said, ast.Constant) and "." in str(said.value) and " " not in str(said.value):
                    whole.add(str(said.value))
    return whole - beginnings, beginnings


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_id_in_the_code_has_a_sentence_in_both_languages() -> None:
    whole, beginnings = ids_in_code()
    assert len(whole) > 50
    for language, sentences in SENTENCES.items():
        assert sorted(whole - sentences.keys()) == [], language
        for beginning in beginnings:
            assert any(id.startswith(beginning) for id in sentences), beginning


def test_both_languages_have_the_same_ids_with_the_same_values() -> None:
    chinese, english = SENTENCES["zh_CN"], SENTENCES["en"]
    assert chinese.keys() == english.keys()
    for id in chinese.keys() - {""}:
        assert chinese[id] and english[id], id
        assert fields(chinese[id]) == fields(english[id]), id


def test_no_sentence_is_left_over() -> None:
    whole, beginnings = ids_in_code()
    source = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    unused = [
        id
        for id in SENTENCES["en"].keys() - {""} - whole
        if f'"{id}"' not in source and not any(id.startswith(beginning) for beginning in beginnings)
    ]
    assert unused == []


def test_a_message_speaks_the_language_of_its_reader() -> None:
    message = Message("config.wrong-type", key="a.b", expected=Message("config.type.int"), got="x")
    assert str(message) == "a.b 应为整数,现为 x"
    use_language("en")
    assert str(message) == "a.b must be a whole number, not x"


def test_an_id_without_a_sentence_and_a_value_that_lacks_are_shown_not_raised() -> None:
    assert text("no.such-id", a=1) == "no.such-id"
    assert "{key}" in text("config.missing-key")


def test_only_known_languages() -> None:
    with pytest.raises(ValueError, match="fr"):
        use_language("fr")
    assert current_language() in LANGUAGES


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    po = tmp_path / "x.po"
    po.write_text('msgid "a"\nmsgstr "1"\n\nmsgid "a"\nmsgstr "2"\n')
    with pytest.raises(ValueError, match="x.po:5"):
        read_catalogue(po)
