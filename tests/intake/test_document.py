"""Files that are documents: whole, in several values, numbered, or XML over many lines."""

from __future__ import annotations

import json

import pytest

from sentinel.intake.document import records_in, single_lines

RECORDS = [{"a": 1, "b": {"c": [1, 2]}}, {"a": "}{"}]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(record) for record in RECORDS),
        json.dumps(RECORDS, indent=1),
        json.dumps({"Records": RECORDS}, indent=2),
        "\n".join(json.dumps(record, indent=4) for record in RECORDS),
        "\n".join(
            f"Record {number}\n{json.dumps(record, indent=2)}" for number, record in enumerate(RECORDS)
        ),
        "\n\n" + "\n,\n".join(json.dumps(record, indent=4) for record in RECORDS),
    ],
)
def test_json_in_any_layout(text: str) -> None:
    assert [json.loads(line) for line in single_lines(iter(text.split("\n")))] == RECORDS


def test_what_is_behind_a_damaged_value_is_given_as_lines() -> None:
    assert list(single_lines(iter(["{", '"a": 1}', "broken {", "more"]))) == ['{"a": 1}', "broken {", "more"]


def test_text_is_left_alone() -> None:
    lines = ["plain", "{", "Record of it"]
    assert list(single_lines(iter(lines))) == lines


def test_xml_events_over_many_lines() -> None:
    text = """<?xml version="1.0"?>
<Events>
<Event xmlns='x'>
  <System><EventID>1</EventID></System>
</Event>
<Event xmlns='x'><System/></Event>
</Events>"""
    assert list(single_lines(iter(text.split("\n")))) == [
        "<Event xmlns='x'> <System><EventID>1</EventID></System> </Event>",
        "<Event xmlns='x'><System/></Event>",
    ]


def test_records_in() -> None:
    assert records_in({"hits": {"hits": [{"_source": {}}]}}) == [{"_source": {}}]
    assert records_in({"events": [{"a": 1}, 2]}) == [{"a": 1}]
    assert records_in({"a": 1, "events": "x"}) is None
    assert records_in([1, 2]) is None


def test_a_long_line_of_many_records_is_each_of_them() -> None:
    records = [{"eventName": f"e{number}", "x": "y" * 100} for number in range(30_000)]
    lines = list(single_lines(iter([json.dumps({"Records": records}), "and one more"])))
    assert len(lines) == 30_001 and json.loads(lines[29_999]) == records[-1]


def test_half_a_pair_of_utf_16_stays_text() -> None:
    (line,) = single_lines(iter(["{", '"m": "\\ud800"', "}"]))
    assert json.loads(line) == {"m": "\ud800"} and line.encode()
