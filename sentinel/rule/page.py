"""Rules as people read them: one rule, the page of the pack, the table of logsources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from sentinel.event import KINDS, field_attributes
from sentinel.rule.condition import leaves
from sentinel.rule.correlation import Correlation
from sentinel.rule.correlation.correlation import SECOND
from sentinel.rule.correlation.expression import Bounds
from sentinel.rule.explain import written
from sentinel.rule.logsource import COMPUTED, kind_of
from sentinel.rule.rule import Document, LogSource, Rule
from sentinel.rule.ruleset import RuleSet
from sentinel.rule.view import View, shipped_pipelines, views_of
from sentinel.text import current_language, text

__all__ = ["logsource_page", "pack_page", "rule_page", "unknown_fields"]

_NONE: Mapping[str, str] = MappingProxyType({})
_TRAFFIC = ("dns", "proxy", "webserver", "firewall", "network_connection")
_HOST = (
    "process_creation", "network_connection", "dns_query", "process_access", "process_tampering", "image_load",
    "driver_load", "create_remote_thread", "create_stream_hash", "file_event", "file_access", "file_change",
    "file_delete", "file_rename", "file_executable_detected", "pipe_created", "raw_access_thread",
    "registry_event", "registry_add", "registry_set", "registry_delete", "wmi_event", "ps_module", "ps_script",
    "ps_classic_start", "ps_classic_provider_start", "sysmon_status", "sysmon_error",
)  # fmt: skip
_OTHER = ("authentication", "antivirus", "database", "application")
"""Sigma's generic categories that public rules use."""


def unknown_fields(rule: Rule) -> Iterator[tuple[str, str]]:
    """(field, kind of event) for each field that the rule asks of our events and they never have."""
    for view in views_of(rule.logsource, shipped_pipelines()):
        kind = kind_of(view.source)
        if kind not in KINDS or kind == "log":
            continue
        known = field_attributes(KINDS[kind]).keys() | COMPUTED.get(kind, {}).keys()
        asked = dict.fromkeys(view.name(leaf.field) for leaf in leaves(rule.condition) if leaf.field)
        yield from ((field, kind) for field in asked if field not in known)


def rule_page(rule: Document, root: Path | None = None, titles: Mapping[str, str] = _NONE) -> str:
    """A rule or correlation in Markdown, in the current language; its file's path is relative to `root`.

    `titles` are those of the rules that correlations build on, by id.
    """
    english = current_language() == "en"
    title, other = (rule.title_en or rule.title, rule.title) if english else (rule.title, rule.title_en)
    path = rule.path.relative_to(root) if root is not None else rule.path
    facts = [
        ("level", text(f"alert.level.{rule.level}")),
        ("category", rule.category),
        ("techniques", ", ".join(tag for tag in rule.tags if tag.startswith(("attack.t", "cve.")))),
        ("logsource", _written(rule.logsource) if isinstance(rule, Rule) else None),
        ("correlation", _correlated(rule, titles) if isinstance(rule, Correlation) else None),
        ("id", f"`{rule.id}`"),
        ("file", f"`{path}`"),
    ]
    lines = [f"### {title}", ""]
    if other and other != title:
        lines += [f"*{other}*", ""]
    lines += [f"- {text(f'rules.page.{name}')}: {fact}" for name, fact in facts if fact]
    for name, told in (("description", rule.told_description), ("respond", rule.told_respond)):
        if told:
            lines += ["", f"**{text(f'rules.page.{name}')}** {' '.join(told.split())}"]
    if rule.falsepositives:
        lines += ["", f"**{text('rules.page.falsepositives')}** {'; '.join(rule.falsepositives)}"]
    return "\n".join(lines) + "\n"


def pack_page(rules: RuleSet, root: Path) -> str:
    """All rules and correlations of a pack that alert, in Markdown, by folder, the gravest first."""
    english = current_language() == "en"
    ordered = sorted(
        rules.telling(), key=lambda rule: (_folder(rule, root), -rule.level.rank, rule.path.name)
    )
    every = (*rules.rules, *rules.links.correlations)
    titles = {one.id: (english and one.title_en) or one.title for one in every}
    parts = [f"# {text('rules.page.title')}\n", f"{text('rules.page.about', number=len(ordered))}\n"]
    for folder, group in groupby(ordered, key=lambda rule: _folder(rule, root)):
        parts.append(f"## {folder}\n")
        parts += [rule_page(rule, root, titles) for rule in group]
    return "\n".join(parts)


def logsource_page() -> str:
    """The table of logsources in Markdown: what rules of each see here, and by what names."""
    sources = [
        *(LogSource(None, category) for category in _TRAFFIC),
        *(LogSource("windows", category) for category in _HOST),
        *(
            LogSource("linux", category)
            for category in ("process_creation", "network_connection", "file_event")
        ),
        *(
            LogSource("linux", None, service)
            for service in ("auditd", "auth", "sshd", "sudo", "cron", "syslog")
        ),
        *(LogSource("zeek", None, kind) for kind in sorted(KINDS) if kind not in ("log", "payload")),
        LogSource("sentinel", None, "payload"),
        LogSource(None, "network_device"),
        *(LogSource(None, category) for category in _OTHER),
    ]
    lines = [
        f"# {text('rules.sources.title')}",
        "",
        text("rules.sources.about"),
        "",
        f"| {text('rules.page.logsource')} | {text('rules.sources.seen')} | {text('rules.sources.names')} |",
        "| --- | --- | --- |",
    ]
    for source in sources:
        views = views_of(source, shipped_pipelines())
        seen = "<br>".join(map(_seen, views))
        names = {field: name for view in views for field, name in view.names.items()}
        renamed = ", ".join(f"`{field}` → `{name}`" for field, name in sorted(names.items()))
        lines.append(f"| `{_written(source)}` | {seen} | {renamed} |")
    return "\n".join(lines) + "\n"


def _seen(view: View) -> str:
    kind = kind_of(view.source)
    if kind is not None:
        return text("rules.sources.kind", kind=kind)
    asked = "" if view.condition is None else _asked(view)
    return text("rules.sources.log", source=_written(view.source)) + asked


def _asked(view: View) -> str:
    assert view.condition is not None
    values: dict[str, list[str]] = {}
    for leaf in leaves(view.condition):
        values.setdefault(leaf.field or "", []).append(written(leaf.question))
    return ", " + ", ".join(f"{field} {' / '.join(several)}" for field, several in values.items())


def _correlated(correlation: Correlation, titles: Mapping[str, str]) -> str:
    """What holds when: type, condition, window, groups, and the rules it is about."""
    condition = correlation.condition
    asked = ""
    if isinstance(condition, Bounds):
        asked = "".join(f" {name} {number:g}" for name, number in condition.limits)
    groups = ", ".join(correlation.group_by) or "-"
    span = correlation.timespan / SECOND
    rules = ", ".join(titles.get(rule, f"`{rule}`") for rule in correlation.rules)
    return f"{correlation.type}{asked}, {span:g} s, {groups}: {rules}"


def _written(source: LogSource) -> str:
    parts = (("product", source.product), ("category", source.category), ("service", source.service))
    return ", ".join(f"{name}: {value}" for name, value in parts if value)


def _folder(rule: Document, root: Path) -> str:
    return str(rule.path.relative_to(root).parent)
