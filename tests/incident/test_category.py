"""Categories: every code has its major one, and every major one its name in the older standard."""

from __future__ import annotations

import re

import pytest

from sentinel.incident.category import (
    CATEGORIES,
    MAJORS,
    SUFFERING_ORIGINATORS,
    major_of,
    names_of,
    old_category,
)


def test_codes_lie_under_the_major_category_they_begin_with() -> None:
    assert set(CATEGORIES.values()) == set(MAJORS), "no major category is empty"
    for code, major in CATEGORIES.items():
        assert code.startswith(major), code
        assert re.fullmatch(r"[A-Z]{2,14}", code), code


def test_majors_are_those_of_the_standard_and_fall_under_the_old_seven() -> None:
    assert len(MAJORS) == 10
    assert {old for _, _, old in MAJORS.values()} == {
        "有害程序事件",
        "网络攻击事件",
        "信息破坏事件",
        "信息内容安全事件",
        "设备设施故障",
        "灾害性事件",
        "其他事件",
    }


@pytest.mark.parametrize(
    ("code", "major", "old"),
    [
        ("MPRANS", "MP", "有害程序事件"),
        ("NAEXPLOIT", "NA", "网络攻击事件"),
        # GB/Z 20986-2007, 4.2.3: changed pages are its example of 信息篡改, a kind of 信息破坏
        ("NAWEBMOD", "NA", "信息破坏事件"),
        ("NALINK", "NA", "信息破坏事件"),
        ("DSDATALEAK", "DS", "信息破坏事件"),
        ("SHEVULN", "SHE", "其他事件"),
        ("FOCDISASTER", "FOC", "灾害性事件"),
        ("NONESUCH", "OTH", "其他事件"),
        ("", "OTH", "其他事件"),
        (None, "OTH", "其他事件"),
    ],
)
def test_a_code_and_its_names(code: str | None, major: str, old: str) -> None:
    assert (major_of(code), old_category(code)) == (major, old)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("NAWEBMOD", ("网络攻击事件·网页篡改", "Network attack: changed web pages")),
        ("OTH", ("其他事件", "Other")),
        ("NONESUCH", ("其他事件", "Other")),
        (None, ("其他事件", "Other")),
    ],
)
def test_a_code_in_words(code: str | None, names: tuple[str, str]) -> None:
    assert names_of(code) == names


def test_every_code_has_a_name_of_its_own() -> None:
    named = [names_of(code) for code in CATEGORIES]
    assert len(named) == 76
    for language in (0, 1):
        assert len({names[language] for names in named}) == 76


def test_machines_in_trouble_are_known_by_codes_that_exist() -> None:
    assert CATEGORIES.keys() >= SUFFERING_ORIGINATORS
    assert "NASCAN" not in SUFFERING_ORIGINATORS, "who scans is the attacker"
