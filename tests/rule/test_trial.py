"""Test events beside rules: read, made into events, answered; what is wrong with them is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.event import Http, Log, Payload
from sentinel.rule.library import load_paths
from sentinel.rule.trial import TrialError, event_of, events_file, trial_events, try_rule

pytestmark = pytest.mark.usefixtures("english")

RULE = """title: t
logsource: {product: sentinel, service: http}
detection:
  s:
    uri|contains: needle
  condition: s
"""
EVENTS = """positive:
  - {kind: http, uri: /needle}
  - {kind: http, uri: /other}
negative:
  - {kind: http, method: GET}
  - {kind: http, uri: /NEEDLE}
"""


def test_each_event_is_answered_and_compared(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULE)
    (tmp_path / "r.test.yml").write_text(EVENTS)
    [rule] = load_paths(("r.yml",), tmp_path).rules
    outcomes = try_rule(rule, trial_events(events_file(rule.path)))
    assert [(one.expected, one.number, one.held, one.right) for one in outcomes] == [
        (True, 1, True, True),
        (True, 2, False, False),
        (False, 1, False, True),
        (False, 2, True, False),
    ]


def test_events_of_every_sort() -> None:
    web = event_of({"kind": "http", "uri": "/", "id.resp_p": 8080})
    assert isinstance(web, Http) and web.resp_p == 8080 and web.orig_h and web.trans_depth == 0
    payload = event_of({"kind": "payload", "payload": "\xac\xed"})
    assert isinstance(payload, Payload) and payload.payload == b"\xac\xed" and payload.proto == "tcp"
    log = event_of({"kind": "log", "product": "windows", "EventID": 1, "Image": "a.exe"})
    assert (
        isinstance(log, Log) and log.product == "windows" and log.fields == {"EventID": 1, "Image": "a.exe"}
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("positive: [", "expected"),
        ("- 1", "two lists"),
        ("positive: []\nmaybe: []", "two lists"),
        ("positive: [{uri: x}]", "its `kind`"),
    ],
)
def test_bad_files_of_events_say_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.test.yml").write_text(text)
    with pytest.raises(TrialError, match=said):
        trial_events(tmp_path / "r.test.yml")


@pytest.mark.parametrize(
    ("event", "said"),
    [({"kind": "x"}, "`x` is no kind"), ({"kind": "dns", "a": 1}, "never have the field a")],
)
def test_bad_events_say_why(event: dict[str, object], said: str) -> None:
    with pytest.raises(TrialError, match=said):
        event_of(event)
