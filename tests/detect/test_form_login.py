"""Forms."""

from __future__ import annotations

from typing import Any

from sentinel.detect.form_login import FormLogin
from sentinel.event import Http

from .conftest import detector, feed, flow_event, notes


def post(
    ts: float, status: int = 200, length: int = 5000, uri: str = "/user/login.php", **values: Any
) -> Http:
    given = {
        "trans_depth": 1,
        "method": "POST",
        "request_body_len": 40,
        "response_body_len": length,
        **values,
    }
    event: Http = flow_event("http", ts, "192.0.2.7", "10.1.0.1", 80, uri=uri, status_code=status, **given)
    return event


def test_the_same_answer_again_and_again_and_then_another() -> None:
    found = feed(
        detector(FormLogin), [*(post(number) for number in range(30)), post(40, 302, 0, set_cookie="s=1")]
    )
    assert notes(found) == ["HTTP::Form_Guessing", "HTTP::Form_Login_After_Guessing"]
    assert found[0].n == 20 and found[0].sub == "10.1.0.1/user/login.php"


def test_people_who_log_in_get_different_answers() -> None:
    assert not feed(
        detector(FormLogin), [post(number, (200, 302)[number % 2], 640 * number) for number in range(60)]
    )


def test_other_pages_and_few_posts_are_no_guessing() -> None:
    assert not feed(detector(FormLogin), [post(number, uri="/api/report") for number in range(60)])
    assert not feed(detector(FormLogin), [post(number * 60) for number in range(60)])
