"""`sentinel rules`: which rules there are, whether they are sound, what they match and why, what they cost."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import Config, ConfigError
from sentinel.rule import Rule, RuleProblem, RuleSet
from sentinel.rule.correlation import Correlation
from sentinel.rule.explain import Part, explain
from sentinel.rule.library import load_paths
from sentinel.rule.page import logsource_page, pack_page, rule_page, unknown_fields
from sentinel.rule.rule import Document
from sentinel.rule.trial import (
    Outcome,
    TrialError,
    event_of,
    events_file,
    trial_events,
    trial_sequences,
    try_correlation,
    try_rule,
)
from sentinel.text import Message, current_language, text, use_language

__all__ = ["run"]


class _NoSuchRule(Exception):
    """No rule, or several, have the name that was asked for."""


def run(options: argparse.Namespace) -> int:
    """Exit 0 where all is well, 1 where a rule is not right or does not hold, 2 where nothing could be done."""
    if options.action == "eval":
        from sentinel.rule.evaluate import evaluate_cases

        return evaluate_cases(options.cases, sys.stdout)
    try:
        config = chosen_config(options)
        return _ACTIONS[options.action](config, options)
    except ConfigError as error:
        return complain(error)
    except (_NoSuchRule, TrialError) as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 2


def _list(config: Config, options: argparse.Namespace) -> int:
    loaded = RuleSet.load(config.rule, config.root)
    rules = sorted((*loaded.rules, *loaded.links.correlations), key=lambda rule: (-rule.level.rank, rule.id))
    if options.json:
        return _print_json([_told(rule) for rule in rules])
    for rule in rules:
        print(f"{rule.id}  {text(f'alert.level.{rule.level}')}  {_about(rule)}  {_title(rule)}")
    return 0


def _about(rule: Document) -> str:
    if isinstance(rule, Correlation):
        return rule.type.value
    return (",".join(rule.kinds) if isinstance(rule, Rule) else "") or "-"


def _show(config: Config, options: argparse.Namespace) -> int:
    rules = _chosen(config, options.rule)
    if options.json:
        return _print_json([_told(rule) for rule in rules])
    for rule in rules:
        print(rule_page(rule))
    return 0


def _lint(config: Config, options: argparse.Namespace) -> int:
    rules = RuleSet.load(config.rule, config.root)
    bad = [problem for problem in rules.problems if not problem.informational]
    doubts = [(rule, field, kind) for rule in rules.rules for field, kind in unknown_fields(rule)]
    if options.json:
        _print_json([*map(_told_problem, rules.problems), *(_told_doubt(*doubt) for doubt in doubts)])
    else:
        for problem in rules.problems:
            print(problem)
        for rule, field, kind in doubts:
            print(f"{rule.path}:{rule.line}: {text('rules.unknown-field', field=field, kind=kind)}")
    paths = ", ".join(config.rule.paths)
    print(text("check.rules", running=len(rules.rules), refused=len(bad), paths=paths), file=sys.stderr)
    return 1 if bad else 0


def _test(config: Config, options: argparse.Namespace) -> int:
    rules: Sequence[Document]
    if options.rule:
        rules = _chosen(config, options.rule)
    else:
        compiled = load_paths(config.rule.paths, config.root, config.rule.lists)
        rules = [*compiled.rules, *compiled.correlations]
    every = RuleSet.load(config.rule, config.root)
    silent = every.links.silent
    rules = [rule for rule in rules if rule.id not in config.rule.disabled]
    # the events beside a file are about what alerts; a correlation beneath it is tried where it alone is asked for
    rules = [rule for rule in rules if not (isinstance(rule, Correlation) and rule.id in silent)] or rules
    told = [(rule, *_tried(rule, every)) for rule in rules]
    if options.json:
        _print_json([_told_trial(*one) for one in told])
    failed = events = 0
    for rule, outcomes, fault in told:
        events += len(outcomes)
        failed += fault is not None
        if fault is not None and not options.json:
            print(f"{events_file(rule.path)}: {fault}")
        for outcome in outcomes:
            if not outcome.right:
                failed += 1
                if not options.json:
                    print(_complaint(rule, outcome))
        if not outcomes and fault is None and not options.json and rule.id not in silent:
            print(text("rules.untested", path=rule.path))
    print(text("rules.tested", rules=len(told), events=events, failed=failed), file=sys.stderr)
    return 1 if failed else 0


def _tried(rule: Document, every: RuleSet) -> tuple[list[Outcome], str | None]:
    """What came of the events beside a rule; a correlation is tried together with the rules it builds on."""
    path = events_file(rule.path)
    if not path.exists():
        return [], None
    try:
        if isinstance(rule, Correlation):
            return try_correlation(rule, every, trial_sequences(path)), None
        assert isinstance(rule, Rule)
        return try_rule(rule, trial_events(path)), None
    except (TrialError, TypeError, ValueError) as error:
        return [], str(error)


def _complaint(rule: Document, outcome: Outcome) -> str:
    sort = "positive" if outcome.expected else "negative"
    return (
        f"{events_file(rule.path)}: {text(f'rules.wrong.{sort}', number=outcome.number, title=_title(rule))}"
    )


def _explain(config: Config, options: argparse.Namespace) -> int:
    rules = list(_single(_chosen(config, options.rule), config))
    explained = [
        (rule, number, explain(rule, _event(fields, options.kind)))
        for number, fields in enumerate(_events(options.event), 1)
        for rule in rules
    ]
    if options.json:
        _print_json(
            [
                {
                    "rule": rule.id,
                    "event": number,
                    "condition": None if part is None else msgspec.to_builtins(part),
                }
                for rule, number, part in explained
            ]
        )
    else:
        for rule, number, part in explained:
            print("\n".join(_explanation(rule, number, part)))
    return 0 if any(part is not None and part.held for _, _, part in explained) else 1


def _single(documents: Sequence[Document], config: Config) -> Iterator[Rule]:
    """The rules themselves; of a correlation those that it builds on, since it is about no event alone."""
    links = RuleSet.load(config.rule, config.root).links
    named = {one.id: one.rules for one in links.correlations}
    asked = [one.id for one in documents if isinstance(one, Correlation)]
    beneath = set[str]()
    while asked:
        for rule in named.get(asked.pop(), ()):
            if rule not in beneath:
                beneath.add(rule)
                asked.append(rule)
    yield from (one for one in documents if isinstance(one, Rule))
    if beneath:
        loaded = load_paths(config.rule.paths, config.root, config.rule.lists).rules
        yield from (rule for rule in loaded if rule.id in beneath and rule not in documents)


def _event(fields: dict[str, Any], kind: str | None) -> Any:
    if kind is None and "kind" not in fields:
        return fields
    return event_of({"kind": kind, **fields})


def _events(argument: str) -> list[dict[str, Any]]:
    """One JSON object, or a file (`-`: standard input) of one, of a list, or of one a line."""
    try:
        if argument.lstrip().startswith("{"):
            written = argument
        else:
            written = sys.stdin.read() if argument == "-" else Path(argument).read_text(encoding="utf-8")
        try:
            found = json.loads(written)
        except ValueError:
            found = [json.loads(line) for line in written.splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise TrialError(Message("rules.bad-event", reason=error)) from error
    events = found if isinstance(found, list) else [found]
    if not all(isinstance(event, dict) for event in events):
        raise TrialError(Message("rules.bad-event", reason="JSON"))
    return events


def _explanation(rule: Rule, number: int, part: Part | None) -> Iterator[str]:
    if part is None:
        yield text("rules.not-about", title=_title(rule), number=number)
        return
    verdict = "rules.holds" if part.held else "rules.fails"
    yield text(verdict, title=_title(rule), number=number)
    yield from _branches(part, "  ")


def _branches(part: Part, indent: str) -> Iterator[str]:
    mark = "✔" if part.held else "✘"
    if part.sort != "leaf":
        yield f"{indent}{mark} {text(f'rules.part.{part.sort}')}"
        for inner in part.parts:
            yield from _branches(inner, indent + "  ")
        return
    field = text("rules.part.keyword") if part.field is None else part.field
    found = "" if part.field is None else f"    {text('rules.part.value', value=_value(part.value))}"
    yield f"{indent}{mark} {field}: {part.question}{found}"


def _value(value: Any) -> str:
    return text("rules.part.absent") if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _docs(config: Config, options: argparse.Namespace) -> int:
    use_language("zh")
    options.out.mkdir(parents=True, exist_ok=True)
    rules = RuleSet.load(config.rule, config.root)
    for name, page in (("rules.md", pack_page(rules, config.root)), ("logsources.md", logsource_page())):
        (options.out / name).write_text(page, encoding="utf-8")
    return 0


def _stats(config: Config, options: argparse.Namespace) -> int:
    from sentinel.command.rule_statistics import statistics

    return statistics(config, options)


def _chosen(config: Config, name: str) -> list[Document]:
    """The rules and correlations that a file, an id or its beginning, or a title names. Raises _NoSuchRule."""
    found: list[Document]
    path = Path(name)
    if path.suffix in (".yml", ".yaml") and path.exists():
        compiled = load_paths((str(path.absolute()),), Path("/"), config.rule.lists)
        for problem in compiled.problems:
            print(problem, file=sys.stderr)
        found = [*compiled.rules, *compiled.correlations]
    else:
        compiled = load_paths(config.rule.paths, config.root, config.rule.lists)
        rules = [*compiled.rules, *compiled.correlations]
        found = [rule for rule in rules if name in (rule.id, rule.title, rule.title_en)]
        found = found or [rule for rule in rules if rule.id.startswith(name)]
    if not found:
        raise _NoSuchRule(text("rules.no-such", name=name))
    return found


def _title(rule: Document) -> str:
    return (rule.title_en or rule.title) if current_language() == "en" else rule.title


def _told(rule: Document) -> dict[str, Any]:
    told = msgspec.to_builtins(rule, enc_hook=str)
    if isinstance(rule, Rule):
        del told["condition"]
    return dict(told)


def _told_problem(problem: RuleProblem) -> dict[str, Any]:
    return dict(msgspec.to_builtins(problem, enc_hook=str))


def _told_doubt(rule: Rule, field: str, kind: str) -> dict[str, Any]:
    return {
        "path": str(rule.path),
        "line": rule.line,
        "rule": rule.id,
        "reason": text("rules.unknown-field", field=field, kind=kind),
        "informational": True,
    }


def _told_trial(rule: Document, outcomes: list[Outcome], fault: str | None) -> dict[str, Any]:
    events = [{"expected": outcome.expected, "held": outcome.held} for outcome in outcomes]
    return {"rule": rule.id, "title": rule.title, "events": events, "fault": fault}


def _print_json(told: Any) -> int:
    print(json.dumps(told, ensure_ascii=False, indent=1, default=str))
    return 0


_ACTIONS: dict[str, Callable[[Config, argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "lint": _lint,
    "test": _test,
    "explain": _explain,
    "stats": _stats,
    "docs": _docs,
}
