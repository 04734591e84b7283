"""`sentinel rules` as people and programs call it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.cli import main

RULE = """title: 标题
title_en: A title
id: 11111111-2222-3333-4444-555555555555
logsource: {product: sentinel, service: http}
detection:
  s:
    uri|contains: needle
  condition: s
level: high
"""
EVENTS = "positive:\n  - {kind: http, uri: /needle}\nnegative:\n  - {kind: http, uri: /}\n"
ACCESS = '198.51.100.7 - - [10/Oct/2024:13:55:36 +0800] "GET /needle HTTP/1.1" 200 2326 "-" "curl/8"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yml").write_text(RULE)
    (tmp_path / "rules" / "one.test.yml").write_text(EVENTS)
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """The exit status, and what was printed as JSON."""
    capsys.readouterr()
    status = main(["rules", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["11111111", "标题", "A title", "rules/one.yml"])
def test_a_rule_is_found_by_any_of_its_names(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, [told] = answer(capsys, "show", name)
    assert status == 0 and told["title"] == "标题" and told["kinds"] == ["http"]
    assert main(["rules", "show", name, "--lang", "en"]) == 0
    assert "### A title" in capsys.readouterr().out


def test_no_such_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def test_list_and_lint(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert [rule["level"] for rule in answer(capsys, "list")[1]] == ["high"]
    assert answer(capsys, "lint") == (0, [])
    (here / "rules" / "two.yml").write_text(RULE.replace("1111", "2222").replace("uri", "url2"))
    status, [doubt] = answer(capsys, "lint")
    assert status == 0 and "url2" in doubt["reason"]
    (here / "rules" / "three.yml").write_text("title: x\n")
    status, told = answer(capsys, "lint")
    assert status == 1 and [one["informational"] for one in told] == [False, True]
    assert main(["rules", "lint"]) == 1
    assert f"规则:2 条生效,1 条有误({here / 'rules'})" in capsys.readouterr().err


def test_test_events(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    status, [told] = answer(capsys, "test")
    assert status == 0
    assert told["events"] == [{"expected": True, "held": True}, {"expected": False, "held": False}]
    (here / "rules" / "one.test.yml").write_text(EVENTS.replace("uri: /}", "uri: /needles}"))
    assert main(["rules", "test", "11111111"]) == 1
    assert "one.test.yml" in capsys.readouterr().out
    (here / "rules" / "one.test.yml").write_text("positive: [1]")
    status, [told] = answer(capsys, "test")
    assert status == 1 and "kind" in told["fault"]


def test_explain(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "e.jsonl").write_text('{"uri": "/needle"}\n{"uri": "/"}\n')
    status, told = answer(capsys, "explain", "标题", "e.jsonl", "--kind", "http")
    assert status == 0
    assert [one["condition"]["held"] for one in told] == [True, False]
    assert told[0]["condition"]["value"] == "/needle"
    assert main(["rules", "explain", "标题", '{"uri": "/"}']) == 1
    assert "✘ uri: '*needle*'    实际为 \"/\"" in capsys.readouterr().out
    assert main(["rules", "explain", "标题", '{"kind": "dns", "query": "x"}']) == 1
    assert "logsource" in capsys.readouterr().out
    for bad in ("{", "no-such-file", "[1]"):
        assert main(["rules", "explain", "标题", bad]) == 2


def test_stats_of_a_log(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "access.log").write_text(ACCESS + ACCESS.replace("needle", "other"))
    status, [told] = answer(capsys, "stats", "access.log")
    assert status == 0
    assert (told["hits"], told["asked"]) == (1, 1) and told["seconds"] > 0
    assert main(["rules", "stats", "access.log"]) == 0
    assert "标题" in capsys.readouterr().out


@pytest.fixture
def daemon() -> Iterator[str]:
    """Something that exposes metrics as the daemon does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            line = 'sentinel_rule_alerts_total{rule_id="11111111-2222-3333-4444-555555555555"} 7.0\n'
            self.wfile.write(("# TYPE sentinel_rule_alerts counter\n" + line).encode())

        def log_message(self, *arguments: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_stats_of_the_daemon(capsys: pytest.CaptureFixture[str], daemon: str) -> None:
    status, [told] = answer(capsys, "stats", "--metrics", daemon)
    assert status == 0 and told["hits"] == 7
    assert main(["rules", "stats", "--metrics", "127.0.0.1:1"]) == 2
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_docs(here: Path) -> None:
    assert main(["rules", "docs", "--out", "pages"]) == 0
    assert "### 标题" in (here / "pages" / "rules.md").read_text()
    assert "webserver" in (here / "pages" / "logsources.md").read_text()


CORRELATED = """title: 底
name: base
id: aaaaaaaa-2222-3333-4444-555555555555
logsource: {product: sentinel, service: http}
detection: {s: {status_code: 401}, condition: s}
level: low
---
title: 多次失败
title_en: Many failures
id: bbbbbbbb-2222-3333-4444-555555555555
correlation:
  type: event_count
  rules: [base]
  group-by: [id.orig_h]
  timespan: 1m
  condition: {gte: 3}
level: high
"""
SEQUENCES = """positive:
  - {kind: http, status_code: 401}
  - - {kind: http, status_code: 401, ts: 1}
    - {kind: http, status_code: 401, ts: 2}
    - {kind: http, status_code: 401, ts: 61}
negative:
  - {kind: http, status_code: 200}
  - - {kind: http, status_code: 401, ts: 1}
    - {kind: http, status_code: 401, ts: 2}
    - {kind: http, status_code: 401, ts: 62}
"""


def test_correlations_are_listed_shown_tried_and_explained(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "rules" / "two.yml").write_text(CORRELATED)
    (here / "rules" / "two.test.yml").write_text(SEQUENCES)
    assert main(["rules", "list"]) == 0
    assert "event_count  多次失败" in capsys.readouterr().out
    assert main(["rules", "show", "bbbbbbbb", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "### Many failures" in shown and "event_count gte 3, 60 s, id.orig_h: `base`" in shown

    status, told = answer(capsys, "test", "rules/two.yml")
    assert status == 0
    right = [{"expected": True, "held": True}, {"expected": False, "held": False}]
    assert [one["events"] for one in told] == [right, right]
    (here / "rules" / "two.test.yml").write_text(SEQUENCES.replace("ts: 62", "ts: 61"))
    assert main(["rules", "test", "bbbbbbbb"]) == 1
    assert "多次失败" in capsys.readouterr().out

    status, [told] = answer(capsys, "explain", "bbbbbbbb", '{"kind": "http", "status_code": 401}')
    assert status == 0 and told["rule"].startswith("aaaaaaaa")


def test_stats_tell_of_correlations_and_of_rules_on_notices(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "rules" / "two.yml").write_text(CORRELATED)
    (here / "rules" / "three.yml").write_text(
        "title: 扫描\nid: cccccccc-2222-3333-4444-555555555555\nlogsource: {product: sentinel, service: notice}\n"
        "detection: {s: {note: 'HTTP::Content_Scan'}, condition: s}\nlevel: medium\n"
    )
    refused = [ACCESS.replace("needle", f"page{number}").replace(" 200 ", " 401 ") for number in range(70)]
    (here / "access.log").write_text("".join(refused))
    status, told = answer(capsys, "stats", "access.log")
    assert status == 0
    by_rule = {one["rule"][:8]: one for one in told}
    many = by_rule["bbbbbbbb"]
    assert (many["hits"], many["asked"], many["title"]) == (1, 70, "多次失败") and many["seconds"] > 0
    assert by_rule["aaaaaaaa"]["hits"] == 0, "it only serves the other"
    assert by_rule["cccccccc"]["hits"] == 1
    assert main(["rules", "stats", "access.log"]) == 0
    assert "多次失败" in capsys.readouterr().out


def test_the_pack_holds_what_its_events_say(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert main(["rules", "test"]) == 0
    assert capsys.readouterr().out == "", "nothing is wrong, nothing is untested"
    assert main(["rules", "test", "rules/java/call_back.yml"]) == 0
    assert main(["rules", "test", "java_attempt"]) == 2, (
        "names are for references; people have ids and titles"
    )
    assert main(["rules", "test", "a709a3bd"]) == 1, "by itself it holds at any attempt"
