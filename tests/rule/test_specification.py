"""Sigma 2.1.0, clause by clause: detections of the rules specification and of the modifiers appendix."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import Payload
from sentinel.rule import RuleSet, RuleSettings

RULE = "title: T\nid: r\nlogsource: {logsource}\ndetection:\n{detection}\n"


def load(folder: Path, detection: str, logsource: str = "{category: test}") -> RuleSet:
    body = "".join(f"  {line}\n" for line in detection.strip("\n").split("\n"))
    (folder / "r.yml").write_text(RULE.format(logsource=logsource, detection=body), encoding="utf-8")
    rules = RuleSet.load(RuleSettings(paths=("r.yml",)), folder)
    grave = [problem for problem in rules.problems if not problem.informational]
    assert not grave, grave
    return rules


def holds(folder: Path, detection: str, record: dict[str, Any]) -> bool:
    rules = load(folder, detection)
    alone = bool(rules.match_records([record])[0])
    among = rules.match_records([{"other": "x"}, record, {"f": "unrelated"}])[1]
    assert alone is bool(among), "a record is judged alike alone and in company"
    return alone


def field(key: str, value: Any) -> str:
    return f"s:\n  {json.dumps(key)}: {json.dumps(value)}\ncondition: s"


# General: values are case-insensitive strings; wildcards; escaping.


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("abc", "ABC", True),
        ("abc", "abcd", False),
        ("ÄÖ", "äö", True),
        ("a*c", "abbbc", True),
        ("a*c", "ac", True),
        ("a*c", "a\nc", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a?c", "a\nc", True),
        ("*", "", True),
        ("*", "anything", True),
        ("?", "", False),
        ("**", "x", True),
        ("a**b", "ab", True),
        (r"C:\Windows", r"c:\windows", True),
        (r"C:\\Windows", r"c:\windows", True),
        (r"a\*c", "a*c", True),
        (r"a\*c", "abc", False),
        (r"a\?c", "a?c", True),
        (r"a\?c", "abc", False),
        (r"a\\*c", "a\\bbc", True),
        (r"a\\*c", "a*c", False),
        (r"a\\?c", "a\\bc", True),
        (r"a\\\*c", r"a\*c", True),
        (r"a\\\*c", r"a\bc", False),
        (r"a\\\\b", r"a\\b", True),
        (r"a\\\b", r"a\\b", True),
        ("a\\", "a\\", True),
        (r"a\nb", r"a\nb", True),
    ],
)
def test_values_wildcards_and_escapes(tmp_path: Path, value: str, text: str, expected: bool) -> None:
    assert holds(tmp_path, field("f", value), {"f": text}) is expected


# Numbers, booleans, null, empty, lists, nested fields.


@pytest.mark.parametrize(
    ("key", "value", "record", "expected"),
    [
        ("f", 4, {"f": 4}, True),
        ("f", 4, {"f": "4"}, True),
        ("f", 4, {"f": 4.0}, True),
        ("f", 4, {"f": 44}, False),
        ("f", 4, {"f": True}, False),
        ("f", 1, {"f": True}, False),
        ("f", "4", {"f": 4}, True),
        ("f", "4*", {"f": 42}, True),
        ("f", 1.5, {"f": 1.5}, True),
        ("f", 1.5, {"f": "1.5"}, True),
        ("f", -3, {"f": -3}, True),
        ("f", True, {"f": True}, True),
        ("f", True, {"f": "True"}, True),
        ("f", True, {"f": False}, False),
        ("f", "true", {"f": True}, True),
        ("f", None, {}, True),
        ("f", None, {"f": None}, True),
        ("f", None, {"f": ""}, False),
        ("f", None, {"f": 0}, False),
        ("f", "", {"f": ""}, True),
        ("f", "", {}, False),
        ("f", "", {"f": None}, False),
        ("f", "", {"f": "x"}, False),
        ("f", [], {}, True),
        ("f", [None, ""], {}, True),
        ("f", [None, ""], {"f": ""}, True),
        ("f", [None, ""], {"f": "x"}, False),
        ("f", ["a", 7], {"f": 7}, True),
        ("f", ["a", 7], {"f": "A"}, True),
        ("f", "a", {"f": ["x", "A"]}, True),
        ("f", "a", {"f": []}, False),
        ("f", "*", {}, False),
        ("a.b", "x", {"a": {"b": "X"}}, True),
        ("a.b", "x", {"a.b": "X"}, True),
        ("a.b.c", "x", {"a": {"b": {"c": ["y", "x"]}}}, True),
        ("a.b", None, {"a": {}}, True),
    ],
)
def test_values_of_every_type(
    tmp_path: Path, key: str, value: Any, record: dict[str, Any], expected: bool
) -> None:
    assert holds(tmp_path, field(key, value), record) is expected


# Modifiers.


@pytest.mark.parametrize(
    ("key", "value", "record", "expected"),
    [
        # all, contains, startswith, endswith and their combinations
        ("f|contains", "b", {"f": "aBc"}, True),
        ("f|contains", "a*d", {"f": "xxabcdxx"}, True),
        ("f|contains", r"a\*d", {"f": "xxa*dxx"}, True),
        ("f|contains", "", {"f": "x"}, True),
        ("f|contains", 23, {"f": "12345"}, True),
        ("f|contains", 23, {"f": 12345}, True),
        ("f|startswith", 1.5, {"f": "1.55"}, True),
        ("f|endswith", [45, "x"], {"f": 12345}, True),
        ("f|cased", 5, {"f": 5}, True),
        ("f|startswith", "ab", {"f": "ABc"}, True),
        ("f|startswith", "b", {"f": "abc"}, False),
        ("f|endswith", "bc", {"f": "aBC"}, True),
        ("f|endswith", r"\cmd.exe", {"f": r"C:\Windows\CMD.EXE"}, True),
        ("f|endswith", "b", {"f": "abc"}, False),
        ("f|contains|all", ["a", "c"], {"f": "cba"}, True),
        ("f|contains|all", ["a", "d"], {"f": "cba"}, False),
        ("f|all", ["*a*", "*b*"], {"f": "ab"}, True),
        ("f|startswith|all", ["a", "ab"], {"f": "abc"}, True),
        ("f|startswith|all", ["a", "b"], {"f": "abc"}, False),
        ("f|contains|all", ["a", "b"], {"f": ["xa", "xb"]}, True),
        # cased
        ("f|cased", "Ab", {"f": "Ab"}, True),
        ("f|cased", "Ab", {"f": "ab"}, False),
        ("f|contains|cased", "Ab", {"f": "xAbx"}, True),
        ("f|contains|cased", "Ab", {"f": "xabx"}, False),
        ("f|startswith|cased", "A", {"f": "a"}, False),
        ("f|cased|endswith", "B", {"f": "aB"}, True),
        ("f|contains|all|cased", ["A", "b"], {"f": "bA"}, True),
        # exists
        ("f|exists", True, {"f": None}, True),
        ("f|exists", True, {"f": ""}, True),
        ("f|exists", True, {}, False),
        ("f|exists", False, {}, True),
        ("f|exists", False, {"f": None}, False),
        ("a.b|exists", True, {"a": {"b": 0}}, True),
        # neq
        ("f|neq", "a", {"f": "b"}, True),
        ("f|neq", "a", {"f": "A"}, False),
        ("f|neq", 5, {"f": 6}, True),
        ("f|neq", 5, {"f": "5"}, False),
        ("f|neq", ["a", "b"], {"f": "c"}, True),
        ("f|neq", ["a", "b"], {"f": "b"}, False),
        ("f|contains|neq", "a", {"f": "xbx"}, True),
        ("f|contains|neq", "a", {"f": "xax"}, False),
        ("f|re|neq", "^a", {"f": "ba"}, True),
        ("f|cidr|neq", "10.0.0.0/8", {"f": "192.0.2.1"}, True),
        # windash
        ("f|windash|contains", " -enc ", {"f": "x /enc y"}, True),
        ("f|windash|contains", " -enc ", {"f": "x –enc y"}, True),
        ("f|windash|contains", " -enc ", {"f": "x —enc y"}, True),
        ("f|windash|contains", " -enc ", {"f": "x ―enc y"}, True),
        ("f|windash|contains", " /enc ", {"f": "x -enc y"}, True),
        ("f|windash|contains", " –enc ", {"f": "x -enc y"}, True),
        ("f|windash|contains", " -enc ", {"f": "x enc y"}, False),
        ("f|windash|contains", " -a -b -c -d", {"f": "x /a –b -c /d"}, True),
        ("f|windash|contains", "win-dows", {"f": "win/dows"}, False),
        ("f|windash|contains|all", [" -a", " -b"], {"f": "x /b /a"}, True),
        # re
        ("f|re", "b.d", {"f": "abcde"}, True),
        ("f|re", "B.D", {"f": "abcde"}, False),
        ("f|re|i", "B.D", {"f": "abcde"}, True),
        ("f|re", "^b", {"f": "a\nb"}, False),
        ("f|re|m", "^b", {"f": "a\nb"}, True),
        ("f|re", "a.b", {"f": "a\nb"}, False),
        ("f|re|s", "a.b", {"f": "a\nb"}, True),
        ("f|re|i|m|s", "^B.C$", {"f": "a\nb\nc"}, True),
        ("f|re", r"\\\d{2,3}$", {"f": "x\\123"}, True),
        ("f|re", "a*", {"f": ""}, True),
        ("f|re", ".", {}, False),
        ("f|re", ["x", "b"], {"f": "abc"}, True),
        ("f|re|all", ["a", "c"], {"f": "abc"}, True),
        ("f|re|startswith", "b", {"f": "abc"}, True),
        # base64, base64offset, utf16
        ("f|base64", "ping", {"f": base64.b64encode(b"ping").decode()}, True),
        ("f|base64|contains", "ping", {"f": "x cGluZw== y"}, True),
        ("f|base64offset|contains", "http://", {"f": base64.b64encode(b"http://x").decode()}, True),
        ("f|base64offset|contains", "http://", {"f": base64.b64encode(b"ahttp://x").decode()}, True),
        ("f|base64offset|contains", "http://", {"f": base64.b64encode(b"abhttp://x").decode()}, True),
        ("f|base64offset|contains", "http://", {"f": base64.b64encode(b"abftp://x").decode()}, False),
        ("f|wide|base64offset|contains", "iex", {"f": base64.b64encode("x iex y".encode("utf-16-le")).decode()}, True),
        ("f|utf16le|base64offset|contains", "iex", {"f": base64.b64encode("x iex y".encode("utf-16-le")).decode()}, True),
        ("f|utf16be|base64offset|contains", "iex", {"f": base64.b64encode("x iex y".encode("utf-16-be")).decode()}, True),
        ("f|utf16|base64", "iex", {"f": base64.b64encode(b"\xff\xfe" + "iex".encode("utf-16-le")).decode()}, True),
        ("f|wide|base64offset|contains", "勒索", {"f": base64.b64encode("x勒索y".encode("utf-16-le")).decode()}, True),
        ("f|base64offset|contains", "勒索", {"f": base64.b64encode("x勒索y".encode()).decode()}, True),
        ("f|wide", "ab", {"f": "a\0b\0"}, True),
        # numbers
        ("f|lt", 5, {"f": 4}, True),
        ("f|lt", 5, {"f": 5}, False),
        ("f|lte", 5, {"f": 5}, True),
        ("f|gt", 5, {"f": 5.5}, True),
        ("f|gt", 5, {"f": "6"}, True),
        ("f|gte", 5.5, {"f": 5.5}, True),
        ("f|gte", 5, {"f": "five"}, False),
        ("f|gte", 5, {}, False),
        ("f|gte", 5, {"f": [1, 9]}, True),
        ("f|gte", 0, {"f": True}, False),
        # cidr
        ("f|cidr", "192.0.2.0/24", {"f": "192.0.2.77"}, True),
        ("f|cidr", "192.0.2.0/24", {"f": "192.0.3.1"}, False),
        ("f|cidr", "192.0.2.0/24", {"f": "no address"}, False),
        ("f|cidr", "0.0.0.0/0", {"f": "8.8.8.8"}, True),
        ("f|cidr", "2001:db8::/32", {"f": "2001:0DB8::1"}, True),
        ("f|cidr", "2001:db8::/32", {"f": "192.0.2.1"}, False),
        ("f|cidr", ["10.0.0.0/8", "fe80::/10"], {"f": "fe80::1"}, True),
        ("f|cidr", "10.0.0.1/32", {"f": ["x", "10.0.0.1"]}, True),
        # time
        ("f|minute", 5, {"f": "2025-11-25T22:05:00Z"}, True),
        ("f|hour", 22, {"f": "2025-11-25T22:05:00+08:00"}, True),
        ("f|hour", 14, {"f": "2025-11-25T22:05:00+08:00"}, False),
        ("f|day", 25, {"f": "2025-11-25 22:05:00"}, True),
        ("f|week", 48, {"f": "2025-11-25"}, True),
        ("f|month", 11, {"f": 1764079200}, True),
        ("f|year", 2025, {"f": 1764079200000}, True),
        ("f|hour", [1, 2, 14], {"f": 1764079200}, True),
        ("f|hour", 22, {"f": "yesterday"}, False),
        ("f|hour", 22, {}, False),
        # fieldref
        ("f|fieldref", "g", {"f": "A", "g": "a"}, True),
        ("f|fieldref", "g", {"f": "a", "g": "b"}, False),
        ("f|fieldref", "g", {"f": "a"}, False),
        ("f|fieldref", "g", {"f": 5, "g": "5"}, True),
        ("f|fieldref|neq", "g", {"f": "a", "g": "b"}, True),
        ("f|fieldref|neq", "g", {"f": "a", "g": "A"}, False),
        ("f|fieldref|startswith", "g", {"f": "abc", "g": "ab"}, True),
        ("f|fieldref|endswith", "g", {"f": "abc", "g": "bc"}, True),
        ("f|fieldref|contains", "g", {"f": "abcd", "g": "bc"}, True),
        ("f|fieldref", ["g", "h"], {"f": "x", "g": "y", "h": "x"}, True),
        # a placeholder without `expand` is text
        ("f", "%name%", {"f": "%name%"}, True),
    ],
)  # fmt: skip
def test_modifiers(tmp_path: Path, key: str, value: Any, record: dict[str, Any], expected: bool) -> None:
    assert holds(tmp_path, field(key, value), record) is expected


# Lists, maps, keywords, conditions.

A, B, AB = {"a": "1"}, {"b": "1"}, {"a": "1", "b": "1"}
SELECTIONS = "s_1:\n  a: 1\ns_2:\n  b: 1\nf_1:\n  c: 1\ncondition: all of s_* and not 1 of f_*"
AND_OR = "x:\n  a: 1\ny:\n  b: 1\n_z:\n  c: 1\ncondition: "


@pytest.mark.parametrize(
    ("detection", "record", "expected"),
    [
        ("s:\n  a: 1\n  b: 1\ncondition: s", AB, True),
        ("s:\n  a: 1\n  b: 1\ncondition: s", A, False),
        ("s:\n  - a: 1\n  - b: 1\ncondition: s", B, True),
        ("s:\n  - a: 1\n    b: 1\n  - c: 1\ncondition: s", A, False),
        ("s:\n  - a: 1\n    b: 1\n  - c: 1\ncondition: s", {"c": 1}, True),
        ("s:\n  - needle\n  - b: 1\ncondition: s", B, True),
        ("s:\n  - needle\n  - b: 1\ncondition: s", {"x": "a Needle"}, True),
        ("k:\n  - one\n  - two\ncondition: k", {"x": "a TWO b"}, True),
        ("k:\n  - one\n  - two\ncondition: k", {"x": {"y": ["a one b"]}}, True),
        ("k:\n  - one\n  - two\ncondition: k", {"one": "key only"}, False),
        ("k:\n  '|all':\n    - one\n    - two\ncondition: k", {"x": "one", "y": "two"}, True),
        ("k:\n  '|all':\n    - one\n    - two\ncondition: k", {"x": "one"}, False),
        ("k:\n  '|contains|all':\n    - one\n    - two\ncondition: k", {"x": "one two"}, True),
        ("k:\n  - 'o*e'\ncondition: k", {"x": "xxorange-eyyy"}, True),
        ("k:\n  - 4625\ncondition: k", {"x": 4625}, True),
        ("k:\n  '|re': 'n.+le$'\ncondition: k", {"x": "a needle"}, True),
        ("k: one\ncondition: k", {"x": "one"}, True),
        (AND_OR + "x and y", AB, True),
        (AND_OR + "x and y", A, False),
        (AND_OR + "x or y", B, True),
        (AND_OR + "x and not y", A, True),
        (AND_OR + "x and not y", AB, False),
        (AND_OR + "not x", B, True),
        (AND_OR + "not (x or y)", {"d": 1}, True),
        (AND_OR + "x or y and _z", A, True),
        (AND_OR + "(x or y) and _z", A, False),
        (AND_OR + "not x and y or _z", B, True),
        (AND_OR + "1 of them", {"c": 1}, False),
        (AND_OR + "1 of them", B, True),
        (AND_OR + "all of them", AB, True),
        (AND_OR + "all of them", A, False),
        (AND_OR + "any of them", A, True),
        (AND_OR + "1 of x*", A, True),
        (AND_OR + "1 of x*", B, False),
        (AND_OR + "all of *", A, False),
        (AND_OR + "not 1 of y*", A, True),
        (AND_OR + "x and not 1 of y*", AB, False),
        (AND_OR + "1 of _*", {"c": 1}, True),
        (AND_OR + "\n  - x and y\n  - _z", {"c": 1}, True),
        (AND_OR + "\n  - x and y\n  - _z", A, False),
        (SELECTIONS, AB, True),
        (SELECTIONS, AB | {"c": 1}, False),
    ],
)  # fmt: skip
def test_identifiers_and_conditions(
    tmp_path: Path, detection: str, record: dict[str, Any], expected: bool
) -> None:
    assert holds(tmp_path, detection, record) is expected


# Bytes of streams.


@pytest.mark.parametrize(
    ("modifiers", "value", "data", "expected"),
    [
        ("contains", "Cmd", b"x cmd y", True),
        ("cased|contains", "Cmd", b"x cmd y", False),
        ("wide|contains", "cmd", b"x\0c\0m\0d\0y", True),
        ("utf16le|contains", "cmd", "xcmdy".encode("utf-16-le"), True),
        ("utf16be|contains", "cmd", "xcmdy".encode("utf-16-be"), True),
        ("utf16|contains", "cmd", b"zz\xff\xfe" + "cmd".encode("utf-16-le"), True),
        ("utf16|contains", "cmd", "cmd".encode("utf-16-le"), False),
        ("wide|contains", "密码", "x密码y".encode("utf-16-le"), True),
        ("utf16be|contains", "密码", "x密码y".encode("utf-16-be"), True),
        ("wide|contains", "密码", "x密y码".encode("utf-16-le"), False),
        ("contains", "密码", "x密码y".encode(), True),
        ("re", r"\x00\xff[a-c]", b"..\x00\xffb", True),
    ],
)
def test_bytes(tmp_path: Path, modifiers: str, value: str, data: bytes, expected: bool) -> None:
    rules = load(tmp_path, field(f"payload|{modifiers}", value), "{product: sentinel, service: payload}")
    event = Payload(
        ts=1.0, uid="C1", orig_h="10.0.0.1", orig_p=1, resp_h="10.0.0.2", resp_p=2, payload=data, proto="udp",
        direction="to_server",
    )  # fmt: skip
    assert bool(rules.match([event])) is expected


# What is no Sigma is refused, with a place.


@pytest.mark.parametrize(
    "detection",
    [
        "s:\n  f|unknown: x\ncondition: s",
        "s:\n  f: x\ncondition: s and nothing",
        "s:\n  f: x\ncondition: s | count() > 5",
        "s:\n  f: x\ncondition: ''",
        "s:\n  f: x",
        "s:\n  f|re: '('\ncondition: s",
        "s:\n  f|cidr: 10.0.0.0/99\ncondition: s",
        "s:\n  f|gt: many\ncondition: s",
        "s:\n  f|expand: '%unknown%'\ncondition: s",
        "s:\n  f|exists: maybe\ncondition: s",
        "s:\n  f|base64: 'a*'\ncondition: s",
    ],
)
def test_what_cannot_run_is_refused(tmp_path: Path, detection: str) -> None:
    with pytest.raises(AssertionError, match=r"RuleProblem.*r\.yml.*line=\d"):
        load(tmp_path, detection)
