"""Numbers of people and firms: told by their check digits, counted by digests, never shown."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.event import Http
from sentinel.rule.evidence import alert_of
from sentinel.rule.load import load_content
from sentinel.rule.logsource import COMPUTED
from sentinel.rule.personal import citizen_numbers, credit_codes, digests, masked, mobile_numbers

CITIZEN = "11010519491231002X"
"""The example of GB 11643-1999."""
CREDIT = "91350100M000100Y43"
"""The example of GB 32100-2015."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CITIZEN, [CITIZEN]),
        (f"号码:{CITIZEN.lower()},", [CITIZEN]),
        (f"{CITIZEN},{CITIZEN}", [CITIZEN] * 2),
        ("110105194912310021", []),
        ("11010519491331002X", []),
        (f"1{CITIZEN}", []),
        (f"{CITIZEN}1", []),
        (f"a{CITIZEN}", []),
        (f"\n{CITIZEN}\n", [CITIZEN]),
    ],
)
def test_citizen_numbers(text: str, expected: list[str]) -> None:
    assert list(citizen_numbers(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CREDIT, [CREDIT]),
        (f'"{CREDIT}"', [CREDIT]),
        ("91350100M000100Y44", []),
        (CREDIT.lower(), []),
        (f"{CREDIT}A", []),
        ("91350100I000100Y43", []),
    ],
)
def test_credit_codes(text: str, expected: list[str]) -> None:
    assert list(credit_codes(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("电话:14000000001。", ["14000000001"]),
        ("14000000001", ["14000000001"]),
        ("1700000000000", []),
        ("x14000000001", []),
        ("214000000001", []),
        ("12000000001", []),
    ],
)
def test_mobile_numbers(text: str, expected: list[str]) -> None:
    assert list(mobile_numbers(text)) == expected


def test_digests_count_and_give_nothing_away() -> None:
    found = digests(f"{CITIZEN} {CITIZEN.lower()} 14000000001", citizen_numbers)
    assert found is not None and len(found) == 1 and len(found[0]) == 8
    assert digests("nothing", citizen_numbers) is digests(None, citizen_numbers) is None


def http(**values: Any) -> Http:
    given = {"request_body_len": 0, "response_body_len": 0, **values}
    return Http(
        ts=1.0, uid="C", orig_h="10.0.0.1", orig_p=1, resp_h="10.0.0.2", resp_p=80, trans_depth=1, **given
    )


@pytest.mark.parametrize(
    ("body", "length", "expected"),
    [
        (f"姓名,{CITIZEN}", 10, 1),
        (CITIZEN * 1, 1800, 100),
        ("", 1800, None),
        (None, 1800, None),
        ("x", 9, None),
    ],
)
def test_a_body_seen_in_part_is_estimated(body: str | None, length: int, expected: int | None) -> None:
    estimate = COMPUTED["http"]["citizen_numbers_answered"]
    assert estimate(http(server_body=body, response_body_len=length)) == expected
    sent = COMPUTED["http"]["citizen_numbers_sent"]
    assert sent(http(client_body=body, request_body_len=length)) == expected


RULE = b"""title: t
logsource: {product: sentinel, service: http}
detection: {s: {server_body|contains: '1101', uri|contains: id}, condition: s}
"""


def test_an_alert_shows_no_number_of_a_person(tmp_path: Any) -> None:
    [rule] = load_content(tmp_path / "r.yml", RULE).rules
    event = http(uri=f"/?id={CITIZEN}&tel=14000000001", server_body=f"{CITIZEN} 14000000001")
    shown = str(alert_of(rule, event).fields)
    assert CITIZEN not in shown and "14000000001" not in shown
    assert "110105**********2X" in shown and "140****0001" in shown
    assert masked("/seeyon/htmlofficeservlet") == "/seeyon/htmlofficeservlet"
