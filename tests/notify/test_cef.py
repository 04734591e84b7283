"""CEF, read back by our own intake: what went in comes out, whatever signs it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel import __version__
from sentinel.intake.pairs import read_cef
from sentinel.notify.cef import cef_line

FIELDS = {
    "id": "m1",
    "title": "扫描",
    "number": "20261125-0001",
    "code": "created",
    "grade": "4",
    "severity": "high",
    "category": "NASCAN",
    "department": "政数局",
    "alerts": "12",
    "attacker": "192.0.2.1",
    "victim": "2001:db8::1",
    "text": "第一行\n第二行",
    "ts": "1795600000.25",
}


def test_a_line_as_the_format_has_it() -> None:
    line = cef_line(FIELDS)
    assert line.startswith(f"CEF:0|egov-sentinel|sentinel|{__version__}|incident-created|扫描|7|")
    assert "\n" not in line
    fields = read_cef(line)
    assert fields is not None
    assert (fields["rt"], fields["src"], fields["cnt"]) == ("1795600000250", "192.0.2.1", "12")
    assert fields["Destination IPv6 Address"] == "2001:db8::1"
    assert fields["msg"] == "第一行\n第二行"
    assert fields["department"] == "政数局"
    assert "drill" not in fields and "dst" not in fields


@pytest.mark.parametrize(
    ("grade", "severity", "number"),
    [("1", "low", 10), ("3", "low", 8), ("4", "critical", 8), ("4", "informational", 1), ("4", "-", 5)],
)
def test_severity(grade: str, severity: str, number: int) -> None:
    fields = read_cef(cef_line({**FIELDS, "grade": grade, "severity": severity}))
    assert fields is not None and fields["Severity"] == str(number)


@given(st.text(alphabet='a事|=\\ n\n\r]"\u2028', max_size=30), st.text(alphabet="b|\\=\n x=", max_size=20))
def test_escapes_hold(words: str, title: str) -> None:
    """Control characters but a line's end are read as a blank, and blanks at the ends are no part of a value."""
    fields = read_cef(cef_line({**FIELDS, "text": f"a{words}z", "title": f"a{title}z"}))
    assert fields is not None

    def plain(said: str) -> str:
        return "".join(said.replace("\u2028", " ").replace("\r", " ").split(" "))

    assert plain(fields["msg"]) == plain(f"a{words}z")
    assert fields["Name"].replace(" ", "") == f"a{title}z".replace("\n", "").replace(" ", "")
    assert fields["id"] == "m1", "nothing of it is taken for another field"
