"""`sentinel rules stats`: hits and cost of rules and correlations, on captures and logs or of the running daemon."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sentinel.capture.file import CaptureError, open_capture
from sentinel.command.log_replay import LogReplay, expanded
from sentinel.config import Config
from sentinel.event import Event
from sentinel.pipeline import Pipeline
from sentinel.rule import Findings, RuleSet
from sentinel.rule.cost import Cost
from sentinel.rule.rule import Document
from sentinel.text import current_language, text
from sentinel.watch import Watch

__all__ = ["statistics"]

_PATIENCE = 10.0


def statistics(config: Config, options: argparse.Namespace) -> int:
    """Print a line a rule that was asked or held, the dearest first. Exit 2 where nothing could be read."""
    rules = RuleSet.load(config.rule, config.root)
    try:
        if options.files:
            told = _of_files(config, rules, options.files)
        else:
            told = _of_daemon((*rules.rules, *rules.links.correlations), options.metrics or _address(config))
    except (CaptureError, OSError, ValueError) as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2
    told.sort(key=lambda row: (-row["seconds"], -row["hits"], row["rule"]))
    if options.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 0
    print(text("rules.stats.head"))
    for row in told:
        title = (row["title_en"] or row["title"]) if current_language() == "en" else row["title"]
        print(f"{row['hits']:>9} {row['asked']:>9} {row['seconds'] * 1e3:>10.1f}  {row['rule'][:8]}  {title}")
    return 0


def _of_files(config: Config, rules: RuleSet, paths: list[Path]) -> list[dict[str, Any]]:
    """As in a replay: detectors read the events, rules grade their notices, correlations count matches."""
    watch = Watch(config, rules)
    by_number, by_id = rules.measure(), watch.measure()
    hits: Counter[str] = Counter()

    def behold(events: list[Event], findings: Findings) -> None:
        hits.update(alert.rule_id for alert in findings.alerts)
        watch.take(events, (), findings.matches)

    logs = LogReplay(config, rules, "auto", behold)
    for path, _ in expanded(paths):
        if logs.recognises(path):
            logs.run([path])
        else:
            _run_capture(config, rules, path, behold)
    watch.finish()
    hits.update(watch.statistics().alerts_by_rule)
    costs = {**{rules.rules[number].id: cost for number, cost in by_number.items()}, **by_id}
    return [
        _row(document, cost, hits[document.id])
        for document in (*rules.rules, *rules.links.correlations)
        if (cost := costs.get(document.id, Cost())).asked or hits[document.id]
    ]


def _run_capture(
    config: Config, rules: RuleSet, path: Path, behold: Callable[[list[Event], Findings], None]
) -> None:
    found = Findings([], [])

    def pass_on(events: list[Event]) -> None:
        behold(events, Findings(found.alerts.copy(), found.matches.copy()))
        found.alerts.clear()
        found.matches.clear()

    pipeline = Pipeline(config, rules, found.alerts.extend, pass_on, on_matches=found.matches.extend)
    with open_capture(path) as capture:
        for batch in capture:
            pipeline.process(batch)
            batch.release()
    pipeline.finish()


def _of_daemon(rules: Iterable[Document], address: str) -> list[dict[str, Any]]:
    """Hits since the daemon's start; what asking costs it does not tell."""
    from prometheus_client.parser import text_string_to_metric_families

    url = address if "://" in address else f"http://{address}/metrics"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
            exposed = answer.read().decode()
    except urllib.error.URLError as error:
        raise OSError(text("rules.stats.no-daemon", url=url, reason=error.reason)) from error
    hits: Counter[str] = Counter()
    for family in text_string_to_metric_families(exposed):
        for sample in family.samples:
            if sample.name == "sentinel_rule_alerts_total":
                hits[sample.labels.get("rule_id", "")] += int(sample.value)
    return [_row(rule, Cost(), hits[rule.id]) for rule in rules if hits[rule.id]]


def _address(config: Config) -> str:
    listen = config.metrics.listen
    return f"[{listen}]:{config.metrics.port}" if ":" in listen else f"{listen}:{config.metrics.port}"


def _row(rule: Document, cost: Cost, hits: int) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "title": rule.title,
        "title_en": rule.title_en,
        "hits": hits,
        "asked": cost.asked,
        "seconds": round(cost.seconds, 6),
    }
