"""Pipelines mean to us what they mean to pySigma; public rules find our events through them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sigma.exceptions import SigmaTransformationError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from sentinel.event import Http, Log
from sentinel.rule import LogSource, RuleSet, RuleSettings
from sentinel.rule import view as view_module
from sentinel.rule.view import PipelineError, read_pipelines, shipped_pipelines, views_of

pytestmark = pytest.mark.usefixtures("english")

FOLDER = Path(view_module.__file__).parent / "pipelines"
CATEGORIES = (
    "dns", "proxy", "firewall", "network_connection", "process_creation", "registry_event", "registry_set", "ps_script",
)  # fmt: skip
SOURCES = [
    *(
        LogSource(product, category)
        for product in (None, "windows", "linux", "zeek")
        for category in CATEGORIES
    ),
    *(
        LogSource(product, None, service)
        for product in ("windows", "linux")
        for service in ("sysmon", "auth", "syslog")
    ),
    LogSource(None, "webserver"),
    LogSource(None, "authentication"),
    LogSource("cisco", "firewall"),
    LogSource("sentinel", None, "http"),
    LogSource("windows", "process_creation", "security"),
]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_a_shipped_pipeline_does_what_pysigma_makes_of_it(path: Path) -> None:
    texts = path.read_text(encoding="utf-8").split("\n---\n")
    for ours, text in zip(read_pipelines(path), texts, strict=True):
        for source in SOURCES:
            fields = ["Other", "c-uri", "cs-uri-query", "dst_ip", "Image", "User", "QueryName"]
            rule = SigmaRule.from_dict(
                {
                    "title": "t",
                    "logsource": {
                        part: value
                        for part in ("product", "category", "service")
                        if (value := getattr(source, part))
                    },
                    "detection": {"s": dict.fromkeys(fields, "x"), "condition": "s"},
                }
            )
            view = ours.view(source)
            theirs = ProcessingPipeline.from_yaml(text)
            try:
                theirs.apply(rule)
            except SigmaTransformationError:
                assert view is None
                continue
            if view is None:
                assert not theirs.applied_ids
                continue
            assert theirs.applied_ids
            got = LogSource(rule.logsource.product, rule.logsource.category, rule.logsource.service)
            assert view.source == got
            items = rule.detection.detections["s"].detection_items
            assert [view.name(field) for field in fields] == [item.field for item in items]
            added = [name for name in rule.detection.detections if name.startswith("_cond_")]
            assert bool(added) == (view.condition is not None)


def test_every_view_is_reached_by_a_public_logsource() -> None:
    used = {pipeline.name for pipeline in shipped_pipelines() for source in SOURCES if pipeline.view(source)}
    assert used == {pipeline.name for pipeline in shipped_pipelines()}


def test_windows_categories_are_not_traffic() -> None:
    assert all(view.source.product == "windows" for view in views_of(
        LogSource("windows", "network_connection"), shipped_pipelines()
    ))  # fmt: skip


WEB = """title: t
logsource: {{{source}}}
detection:
  s:
    {field}|contains: needle
  condition: s
level: high
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., RuleSet]:
    def load(source: str, field: str) -> RuleSet:
        (tmp_path / "rule.yml").write_text(WEB.format(source=source, field=field))
        rules = RuleSet.load(RuleSettings(paths=("rule.yml",)), tmp_path)
        assert not rules.problems
        return rules

    return load


def http(uri: str) -> Http:
    return Http(
        ts=1.0, uid="C1", orig_h="10.0.0.1", orig_p=1, resp_h="10.0.0.2", resp_p=80,
        trans_depth=1, request_body_len=0, response_body_len=0, uri=uri,
    )  # fmt: skip


def log(fields: dict[str, object], **source: str) -> Log:
    return Log(ts=1.0, source="test", fields=fields, **source)  # type: ignore[arg-type]


def test_one_web_rule_sees_traffic_and_logs(load: Callable[..., RuleSet]) -> None:
    rules = load("category: webserver", "cs-uri-query")
    events = [
        http("/?needle"),
        http("/"),
        log({"cs-uri-query": "/?needle"}, category="webserver", service="nginx"),
        log({"cs-uri-query": "/?needle"}, category="proxy"),
        log({"uri": "/?needle"}, category="webserver"),
    ]
    alerts = rules.match(events)
    assert [alert.kind for alert in alerts] == ["http", "log"]
    assert [alert.fields["uri" if alert.kind == "http" else "cs-uri-query"] for alert in alerts] == [
        "/?needle"
    ] * 2


def test_one_process_rule_sees_sysmon_and_the_security_channel(load: Callable[..., RuleSet]) -> None:
    rules = load("product: windows, category: process_creation", "Image")
    image = "C:\\needle.exe"
    told = [
        (True, log({"Image": image}, product="windows", category="process_creation")),
        (True, log({"Image": image, "EventID": 1}, product="windows", service="sysmon")),
        (True, log({"Image": image, "EventID": "1"}, product="windows", service="sysmon")),
        (False, log({"Image": image, "EventID": 3}, product="windows", service="sysmon")),
        (True, log({"NewProcessName": image, "EventID": 4688}, product="windows", service="security")),
        (False, log({"NewProcessName": image, "EventID": 4689}, product="windows", service="security")),
        (False, log({"Image": image, "EventID": 4688}, product="windows", service="security")),
        (False, log({"Image": image, "EventID": 1}, product="linux", service="sysmon")),
        (False, log({"Image": image}, product="windows")),
    ]
    for expected, event in told:
        assert bool(rules.match([event])) is expected, event
    together = rules.match([event for _, event in told])
    assert len(together) == sum(expected for expected, _ in told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "a pipeline is a mapping"),
        ("transformations: [{type: replace_string}]", "`replace_string` are not known"),
        ("transformations: [{type: change_logsource}]", "a logsource has"),
        ("transformations: [{type: field_name_mapping, mapping: {a: [b, c]}}]", "one name"),
        ("transformations: [{type: add_condition, conditions: {a: 'b*'}}]", "no plain text"),
        ("transformations: [{type: rule_failure, rule_conditions: [{type: tag}]}]", "`type: logsource`"),
        ("transformations: [{type: rule_failure, rule_cond_op: xor}]", "not `xor`"),
        ("transformations: [{type: rule_failure, rule_cond_expr: a and b}]", "`rule_cond_op`"),
        ("a: [", "expected"),
    ],
)
def test_a_pipeline_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.yml").write_text(text)
    with pytest.raises(PipelineError, match=said):
        read_pipelines(tmp_path / "p.yml")
