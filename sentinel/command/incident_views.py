"""What `sentinel incidents list|show|silences` say: what happened, whose it is, what is to be done next and by when."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sentinel.config import Config
from sentinel.incident import Grading, Incident, IncidentError, State, find_incident
from sentinel.incident.category import names_of, old_category
from sentinel.incident.clock import changed_pages
from sentinel.incident.grade import REPORTABLE
from sentinel.incident.grouping import ACCOUNTS, accounts
from sentinel.incident.incident import children_of
from sentinel.incident.listing import Filter, count_incidents, list_incidents, next_deadlines
from sentinel.incident.silence import silences
from sentinel.incident.timeline import SENTINEL, Entry, contained_at, entries
from sentinel.incident.wording import advice, in_words, source_in_words
from sentinel.store.session import reading
from sentinel.text import Message, current_language, text

__all__ = [
    "as_json",
    "graver_suggestion",
    "list_silences",
    "list_them",
    "next_step",
    "read_state",
    "show_one",
]

_FINDINGS: Final = 20
_CHILDREN: Final = 20
_SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")


def list_them(config: Config, options: argparse.Namespace) -> int:
    """The latest first, each with what must be done next."""
    chosen = Filter(
        open=None if options.all or options.state else True,
        state=read_state(options.state).value if options.state else None,
        level=options.level,
        category=options.category,
        department=options.department,
        assignee=options.assignee,
        address=options.address,
    )
    now, zone = time.time(), _zone(config)

    def read(
        connection: Any,
    ) -> tuple[list[Incident], int, dict[int, tuple[str, float]], dict[str, int], int]:
        found = list_incidents(connection, chosen, options.limit)
        return (
            found,
            count_incidents(connection, chosen),
            next_deadlines(connection, [incident.id for incident in found]),
            accounts(connection),
            len(silences(connection, now)),
        )

    found, number, deadlines, counts, silent = _look(config, read)
    if options.json:
        for incident in found:
            print(as_json(incident))
        return 0
    for incident in found:
        print(_line(incident, zone) + _deadline(deadlines.get(incident.id), now, zone))
    if not found:
        print(text("incident.none-open" if chosen == Filter(open=True) else "incident.none-such"))
    print(text("incident.total", number=number), file=sys.stderr)
    if number > len(found):
        print(text("incident.limited", shown=len(found)), file=sys.stderr)
    if any(counts.get(name) for name in ACCOUNTS):
        told = {name: counts.get(name, 0) for name in ACCOUNTS}
        print(text("incident.accounts", **told), file=sys.stderr)
    if silent:
        print(text("incident.silences-hold", number=silent), file=sys.stderr)
    return 0


@dataclass(frozen=True, slots=True)
class _Attachment:
    name: str
    size: int
    sha256: str
    at: float
    actor: str
    state: str
    """kept, changed or gone."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """An incident with all that is shown of it."""

    incident: Incident
    parent: Incident | None
    children: list[Incident]
    clocks: list[tuple[str, float, float | None]]
    findings: list[tuple[int, str, str | None, str | None, str | None, int]]
    listed: int
    """Alerts of the findings that are listed on it, shown here or not."""
    advised: list[tuple[str, str]]
    attachments: list[_Attachment]
    timeline: list[Entry]
    contained_at: float | None


def show_one(config: Config, options: argparse.Namespace) -> int:
    """All that is known of one."""
    folder = Path(config.incident.attachments)
    whole = _look(config, lambda connection: _read(connection, options.incident, folder))
    if options.json:
        print(_whole_as_json(whole))
        return 0
    now, zone = time.time(), _zone(config)
    incident = whole.incident
    print(_line(incident, zone))
    print(next_step(incident))
    if (graver := graver_suggestion(incident)) is not None:
        print(graver)
    for clock, due, met in whole.clocks:
        how = "met" if met is not None else "overdue" if due <= now else "running"
        state = text(f"incident.show.{how}")
        named = text(f"incident.clock.{clock}")
        print(text("incident.show.clock", clock=named, due=moment(due, zone), state=state))
        if clock == "report" and met is None:
            print(text("incident.next.report", number=incident.number))
    for title, words in whole.advised:
        print(text("incident.show.advice", title=title, words=words))
    _print_facts(config, whole, now, zone)
    for severity, title, title_en, src, dst, alerts in whole.findings:
        print(
            text(
                "incident.show.finding",
                severity=_severity(severity),
                title=_in_language(title, title_en),
                src=src or "-",
                dst=dst or "-",
                alerts=alerts,
            )
        )
    if (more := incident.findings - len(whole.findings)) > 0:
        print(text("incident.show.more", number=more))
    if (unlisted := incident.alerts - whole.listed) > 0:
        print(text("incident.show.unlisted", number=unlisted))
    for one in whole.attachments:
        state = text(f"incident.attachment.{one.state}")
        print(text("incident.show.attachment", name=one.name, size=one.size, sha256=one.sha256, state=state))
    for entry in whole.timeline:
        print(
            text(
                "incident.show.entry",
                at=moment(entry.at, zone),
                actor=_who(entry.actor),
                words=in_words(entry),
            )
        )
    return 0


def list_silences(config: Config, options: argparse.Namespace) -> int:
    """Those in force, or all, and how many alerts each has kept quiet."""
    now, zone = time.time(), _zone(config)
    found = _look(config, lambda connection: silences(connection, None if options.all else now))
    for silence in found:
        matchers = list(map(str, silence.matchers))
        if options.json:
            written = dataclasses.asdict(silence) | {"matchers": matchers}
            print(json.dumps(written, ensure_ascii=False))
            continue
        over = text("incident.silence-over") if silence.expires_at <= now else ""
        print(
            text(
                "incident.silence-line",
                id=silence.id,
                matchers=" ".join(matchers),
                author=silence.author,
                reason=silence.reason,
                until=moment(silence.expires_at, zone) + over,
                alerts=silence.alerts,
            )
        )
    if not found and not options.json:
        print(text("incident.no-silences-at-all" if options.all else "incident.no-silences"))
    return 0


def next_step(incident: Incident) -> str:
    """What to do next with it, and how to write that down."""
    state = incident.state.value
    if incident.state is State.NEW and incident.parent is not None:
        state = "part"
    elif incident.state is State.CLOSED and incident.level <= REPORTABLE and not incident.drill:
        state = "summary"
    return text(f"incident.next.{state}", number=incident.number)


def graver_suggestion(incident: Incident) -> str | None:
    """That the facts suggest a graver level than a person has decided, where they do."""
    if incident.level <= incident.level_suggested or incident.ended_at is not None:
        return None
    return text(
        "incident.graver-suggested",
        suggested=text(f"incident.level.{incident.level_suggested}"),
        level=text(f"incident.level.{incident.level}"),
        number=incident.number,
    )


def read_state(written: str) -> State:
    """A state by its word or by its name in the language spoken. Raises IncidentError."""
    for state in State:
        if written in (state.value, text(f"incident.state.{state}")):
            return state
    known = text("notify.comma").join(f"{text(f'incident.state.{state}')} {state}" for state in State)
    raise IncidentError(Message("cli.bad-state", got=written, states=known))


def as_json(incident: Incident) -> str:
    """For programs."""
    return json.dumps(dataclasses.asdict(incident), ensure_ascii=False)


def _look(config: Config, work: Callable[[Any], Any]) -> Any:
    return reading(Path(config.store.path), lambda database: work(database.conn))


def _read(connection: Any, asked: str, folder: Path) -> _Whole:
    incident = find_incident(connection, asked)
    clocks = connection.execute(
        "SELECT clock, due, met_at FROM incident_clock WHERE incident = ? ORDER BY due", (incident.id,)
    ).fetchall()
    found = connection.execute(
        "SELECT severity, title, title_en, src, dst, alerts FROM incident_finding WHERE incident = ?"
        " ORDER BY severity DESC, alerts DESC LIMIT ?",
        (incident.id, _FINDINGS),
    ).fetchall()
    (listed,) = connection.execute(
        "SELECT coalesce(sum(alerts), 0) FROM incident_finding WHERE incident = ?", (incident.id,)
    ).fetchone()
    attached = connection.execute(
        "SELECT name, size, sha256, at, actor FROM incident_attachment WHERE incident = ? ORDER BY id",
        (incident.id,),
    ).fetchall()
    return _Whole(
        incident=incident,
        parent=None if incident.parent is None else find_incident(connection, incident.parent),
        children=children_of(connection, incident.id),
        clocks=clocks,
        findings=found,
        listed=listed,
        advised=advice(connection, incident.id),
        attachments=[
            _Attachment(name, size, sha256, at, actor, _kept(folder / sha256, sha256))
            for name, size, sha256, at, actor in attached
        ],
        timeline=entries(connection, incident.id),
        contained_at=contained_at(connection, incident.id),
    )


def _kept(file: Path, sha256: str) -> str:
    """Whether the copy of an attachment still is what was attached."""
    try:
        with file.open("rb") as copy:
            same = hashlib.file_digest(copy, "sha256").hexdigest() == sha256
    except OSError:
        return "gone"
    return "kept" if same else "changed"


def _whole_as_json(whole: _Whole) -> str:
    document = dataclasses.asdict(whole.incident) | {
        "clocks": [{"clock": clock, "due": due, "met_at": met} for clock, due, met in whole.clocks],
        "timeline": [dataclasses.asdict(entry) for entry in whole.timeline],
        "advice": [{"title": title, "respond": words} for title, words in whole.advised],
        "children": [child.number for child in whole.children],
        "attachments": [dataclasses.asdict(one) for one in whole.attachments],
    }
    return json.dumps(document, ensure_ascii=False)


def _print_facts(config: Config, whole: _Whole, now: float, zone: ZoneInfo) -> None:
    incident = whole.incident
    print(
        text(
            "incident.show.discovered",
            at=moment(incident.discovered_at, zone),
            by=_who(incident.discovered_by),
            source=source_in_words(incident.source),
        )
    )
    name = names_of(incident.category)[1 if current_language() == "en" else 0]
    print(
        text("incident.show.category", name=name, code=incident.category, old=old_category(incident.category))
    )
    how = "undecided" if incident.level_decided is None else "decided"
    print(
        text(
            "incident.show.level",
            level=text(f"incident.level.{incident.level}"),
            suggested=text(f"incident.level.{incident.level_suggested}"),
            decided=text(f"incident.show.{how}"),
        )
    )
    if incident.ended_at is None:
        until = now if whole.contained_at is None else whole.contained_at
        how = "so-far" if whole.contained_at is None else "in-all"
        minutes = max(0, round((until - incident.discovered_at) / 60))
        hint = text("incident.show.lasted.pages") if changed_pages(incident.category) else ""
        print(text(f"incident.show.lasted.{how}", minutes=minutes) + hint)
    _print_grading(Grading.load(config.incident.clauses), incident)
    print(
        text(
            "incident.show.parties",
            attacker=incident.attacker or "-",
            victim=incident.victim or "-",
            zone=incident.zone or "-",
        )
    )
    address = incident.victim or incident.attacker
    unknown = address and not (incident.department or incident.responsible)
    print(
        text("incident.show.no-owner", address=address, assignee=incident.assignee or "-")
        if unknown
        else text(
            "incident.show.owner",
            department=incident.department or "-",
            responsible=incident.responsible or "-",
            phone=incident.phone,
            location=incident.location or "-",
            system=incident.system or "-",
            assignee=incident.assignee or "-",
        )
    )
    if incident.cii:
        print(text("incident.show.cii"))
    if incident.inhibited:
        print(text("incident.show.inhibited", number=incident.inhibited))
    if whole.parent is not None:
        print(text("incident.show.parent", line=_line(whole.parent, zone)))
    _print_children(whole.children, zone)


def _print_grading(grading: Grading, incident: Incident) -> None:
    """What was measured, and the clauses that it seems to meet."""
    english = current_language() == "en"
    named = dict(zip(grading.facts, grading.examples(), strict=True))
    for fact, value in incident.facts.items():
        print(text("incident.show.fact", fact=named.get(fact, fact), value=f"{value:g}"))
    for clause in grading.clauses:
        if clause.id in incident.clauses:
            unverified = "" if clause.verified else text("incident.show.unverified")
            words = clause.en if english else clause.zh
            print(text("incident.show.clause", clause=words, unverified=unverified))


def _print_children(children: Sequence[Incident], zone: ZoneInfo) -> None:
    if not children:
        return
    still = sum(child.ended_at is None for child in children)
    print(text("incident.show.children", number=len(children), open=still))
    for child in children[:_CHILDREN]:
        print(f"  {_line(child, zone)}")
    if len(children) > _CHILDREN:
        print(text("incident.show.more", number=len(children) - _CHILDREN))


def _line(incident: Incident, zone: ZoneInfo) -> str:
    drill = text("alert.drill") if incident.drill else ""
    part = "" if incident.parent is None else text("incident.part")
    storm = text("incident.storm") if incident.storm else ""
    parties = " → ".join(filter(None, (incident.attacker, incident.victim)))
    if incident.storm:
        parties = text("incident.many")
    return text(
        "incident.line",
        number=incident.number,
        at=_minute(incident.discovered_at, zone),
        state=text(f"incident.state.{incident.state}"),
        level=text(f"incident.level.{incident.level}"),
        severity=_severity(incident.severity),
        alerts=incident.alerts,
        title=drill + storm + _in_language(incident.title, incident.title_en) + part,
        whose="  ".join(filter(None, (parties, incident.department))) or "-",
    )


def _deadline(clock: tuple[str, float] | None, now: float, zone: ZoneInfo) -> str:
    if clock is None:
        return ""
    name, due = clock
    how = "overdue" if due <= now else "until"
    return text(f"incident.deadline.{how}", clock=text(f"incident.clock.{name}"), due=_minute(due, zone))


def _zone(config: Config) -> ZoneInfo:
    """The clock on the wall, which messages and the roster go by, whatever this machine has."""
    return ZoneInfo(config.duty.zone)


def moment(ts: float, zone: ZoneInfo) -> str:
    """A time (seconds since 1970 UTC) for people."""
    return f"{datetime.fromtimestamp(ts, zone):%Y-%m-%d %H:%M:%S%z}"


def _minute(ts: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ts, zone):%m-%d %H:%M}"


def _who(actor: str) -> str:
    return text("incident.sentinel") if actor == SENTINEL else actor


def _in_language(title: str, title_en: str | None) -> str:
    return title_en if title_en and current_language() == "en" else title


def _severity(rank: int) -> str:
    return text(f"alert.level.{_SEVERITIES[rank]}")
