"""`sentinel incidents`: what the duty officer does with them. The daemon may run or not."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from sentinel.announcement import put_into_outbox
from sentinel.command.acting import Action, act, actor, local_time
from sentinel.config import Config
from sentinel.config.quantity import parse_duration
from sentinel.desk.duty import reach
from sentinel.duty import DutyBook
from sentinel.incident import Change, Grading, Handling, Incident, IncidentError, State, find_incident
from sentinel.incident.category import MAJORS, major_of, old_category
from sentinel.incident.listing import Filter, count_incidents, list_incidents
from sentinel.incident.silence import end_silence, make_silence, silences
from sentinel.incident.timeline import Entry, entries
from sentinel.incident.wording import advice, in_words
from sentinel.ledger import LedgerStore
from sentinel.store.session import in_transaction, reading
from sentinel.text import Message, current_language, speaking, text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it is done, 2 where it could not be."""
    return act(options, _ACTIONS)


def _list(config: Config, options: argparse.Namespace) -> int:
    chosen = Filter(
        open=None if options.all or options.state else True,
        state=_state(options.state).value if options.state else None,
        level=options.level,
        category=options.category,
        department=options.department,
        assignee=options.assignee,
        address=options.address,
    )
    found, number = _look(
        config,
        lambda connection: (
            list_incidents(connection, chosen, options.limit),
            count_incidents(connection, chosen),
        ),
    )
    if options.json:
        for incident in found:
            print(_json(incident))
        return 0
    for incident in found:
        print(_line(incident))
    print(text("incident.total", number=number), file=sys.stderr)
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    def read(
        connection: Any,
    ) -> tuple[Incident, list[Any], list[Any], list[Entry], list[tuple[str, str]]]:
        incident = find_incident(connection, options.incident)
        clocks = connection.execute(
            "SELECT clock, due, met_at FROM incident_clock WHERE incident = ? ORDER BY due", (incident.id,)
        ).fetchall()
        found = connection.execute(
            "SELECT severity, title, title_en, src, dst, alerts FROM incident_finding WHERE incident = ?"
            " ORDER BY severity DESC, alerts DESC LIMIT 20",
            (incident.id,),
        ).fetchall()
        return incident, clocks, found, entries(connection, incident.id), advice(connection, incident.id)

    incident, clocks, found, timeline, advised = _look(config, read)
    if options.json:
        document = dataclasses.asdict(incident) | {
            "clocks": [{"clock": clock, "due": due, "met_at": met} for clock, due, met in clocks],
            "timeline": [dataclasses.asdict(entry) for entry in timeline],
            "advice": [{"title": title, "respond": words} for title, words in advised],
        }
        print(json.dumps(document, ensure_ascii=False))
        return 0
    _print_incident(config, incident)
    for clock, due, met in clocks:
        how = "met" if met is not None else "overdue" if due <= time.time() else "running"
        state = text(f"incident.show.{how}")
        print(
            text(
                "incident.show.clock", clock=text(f"incident.clock.{clock}"), due=local_time(due), state=state
            )
        )
    for severity, title, title_en, src, dst, alerts in found:
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
    if incident.findings > len(found):
        print(text("incident.show.more", number=incident.findings - len(found)))
    for title, words in advised:
        print(text("incident.show.advice", title=title, words=words))
    for entry in timeline:
        print(
            text(
                "incident.show.entry",
                at=local_time(entry.at),
                actor=entry.actor,
                words=in_words(entry),
            )
        )
    return 0


def _print_incident(config: Config, incident: Incident) -> None:
    print(_line(incident))
    print(
        text(
            "incident.show.discovered",
            at=local_time(incident.discovered_at),
            by=incident.discovered_by,
            source=incident.source,
        )
    )
    names = MAJORS[major_of(incident.category)]
    name = names[1] if current_language() == "en" else names[0]
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
    for clause in Grading.load(config.incident.clauses).clauses:
        if clause.id in incident.clauses:
            words = clause.en if current_language() == "en" else clause.zh
            unverified = "" if clause.verified else text("incident.show.unverified")
            print(text("incident.show.clause", clause=words, unverified=unverified))
    print(
        text(
            "incident.show.parties",
            attacker=incident.attacker or "-",
            victim=incident.victim or "-",
            zone=incident.zone or "-",
        )
    )
    print(
        text(
            "incident.show.owner",
            department=incident.department or "-",
            responsible=incident.responsible or "-",
            phone=incident.phone,
            location=incident.location or "-",
            system=incident.system or "-",
            assignee=incident.assignee or "-",
        )
    )


class _Act(NamedTuple):
    """A verb's surroundings: by whom, when, and where it is written."""

    handling: Handling
    connection: Any
    options: argparse.Namespace
    who: dict[str, Any]
    """`actor` and `now`."""

    @property
    def on(self) -> tuple[Any, str]:
        """The connection and the incident."""
        return self.connection, self.options.incident


_Verb = Callable[[_Act], list[Change] | None]


def _ack(to: _Act) -> list[Change]:
    return to.handling.acknowledge(*to.on, **to.who)


def _assess(to: _Act) -> list[Change]:
    said = to.options
    facts = dict(map(_fact, said.fact))
    return to.handling.assess(*to.on, facts, **to.who, category=said.category, note=said.note, cii=said.cii)


def _level(to: _Act) -> list[Change]:
    return to.handling.decide(*to.on, to.options.level, **to.who, reason=to.options.reason)


def _note(to: _Act) -> None:
    to.handling.note(*to.on, to.options.words, **to.who)


def _attach(to: _Act) -> None:
    to.handling.attach(*to.on, to.options.file, **to.who)


def _assign(to: _Act) -> None:
    to.handling.assign(*to.on, to.options.person, **to.who)


def _move(state: State | None) -> _Verb:
    return lambda to: to.handling.move(
        *to.on, state or _state(to.options.state), **to.who, reason=to.options.reason
    )


def _parent(to: _Act) -> None:
    to.handling.adopt(*to.on, to.options.parent, **to.who)


def _report(to: _Act) -> None:
    said = to.options
    to.handling.report(*to.on, **to.who, receiver=said.receiver, receipt=said.receipt, kind=said.kind)


def _acting(verb: _Verb) -> Action:
    """A verb on one incident, in one transaction; then say how it stands."""

    def do(config: Config, options: argparse.Namespace) -> int:
        who = {"actor": actor(options)}

        def work(connection: Any, now: float) -> tuple[Incident, list[Change]]:
            handling = _handling(config, connection, now)
            changes = verb(_Act(handling, connection, options, who | {"now": now})) or []
            return find_incident(connection, options.incident), changes

        incident = _telling(config, work)
        if options.json:
            print(_json(incident))
        else:
            state, level = text(f"incident.state.{incident.state}"), text(f"incident.level.{incident.level}")
            print(text("incident.done", number=incident.number, state=state, level=level))
        return 0

    return do


def _open(config: Config, options: argparse.Namespace) -> int:
    discovered = _time(options.discovered) if options.discovered else None
    incident = _telling(
        config,
        lambda connection, now: _handling(config, connection, now).open(
            connection,
            title=options.title,
            actor=actor(options),
            now=now,
            source=options.source,
            category=options.category,
            department=options.department,
            address=options.address,
            discovered_at=discovered,
            drill=options.drill,
        ),
    )
    print(_json(incident) if options.json else text("incident.opened", number=incident.number))
    return 0


def _silence(config: Config, options: argparse.Namespace) -> int:
    now, seconds = time.time(), parse_duration(options.duration)
    if seconds is None:
        raise IncidentError(Message("cli.bad-value", got=options.duration))
    id = _with(
        config,
        lambda connection: make_silence(
            connection,
            author=actor(options),
            reason=options.reason,
            matchers=options.match,
            now=now,
            seconds=seconds,
        ),
    )
    print(text("incident.silenced", id=id, until=local_time(now + seconds)))
    return 0


def _silences(config: Config, options: argparse.Namespace) -> int:
    now = None if options.all else time.time()
    for silence in _look(config, lambda connection: silences(connection, now)):
        matchers = " ".join(map(str, silence.matchers))
        if options.json:
            written = dataclasses.asdict(silence) | {"matchers": list(map(str, silence.matchers))}
            print(json.dumps(written, ensure_ascii=False))
            continue
        print(
            text(
                "incident.silence-line",
                id=silence.id,
                matchers=matchers,
                author=silence.author,
                reason=silence.reason,
                until=local_time(silence.expires_at),
                alerts=silence.alerts,
            )
        )
    return 0


def _unsilence(config: Config, options: argparse.Namespace) -> int:
    _with(config, lambda connection: end_silence(connection, options.silence, time.time(), actor(options)))
    print(text("incident.unsilenced", id=options.silence))
    return 0


def _telling(config: Config, work: Callable[[Any, float], tuple[Incident, list[Change]]]) -> Incident:
    """The incident that `work` handled; what others must hear of it is committed with it, in the daemon's language."""

    def whole(database: Database) -> Incident:
        now = time.time()
        incident, changes = work(database.conn, now)
        with speaking(config.language):
            put_into_outbox(database, changes, config.notify, now, reach, ZoneInfo(config.duty.zone))
        return incident

    return in_transaction(Path(config.store.path), whole)


def _with(config: Config, work: Callable[[Any], Any]) -> Any:
    return in_transaction(Path(config.store.path), lambda database: work(database.conn))


def _look(config: Config, work: Callable[[Any], Any]) -> Any:
    return reading(Path(config.store.path), lambda database: work(database.conn))


def _handling(config: Config, connection: Any, now: float) -> Handling:
    """The verbs as the daemon has them: same clauses, guard periods and ledger."""
    grading = Grading.load(config.incident.clauses)
    database = Database(connection, execute_plugins=False)
    periods = DutyBook(database, "").guard_periods(now)
    return Handling(config.incident, grading, periods.factor, LedgerStore(connection))


def _fact(written: str) -> tuple[str, float]:
    name, _, value = written.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise IncidentError(Message("cli.bad-value", got=written)) from None


def _state(written: str) -> State:
    try:
        return State(written)
    except ValueError:
        raise IncidentError(Message("cli.bad-state", got=written, states=", ".join(State))) from None


def _time(written: str) -> float:
    try:
        return datetime.datetime.fromisoformat(written).timestamp()
    except (ValueError, OverflowError, OSError):
        raise IncidentError(Message("cli.bad-value", got=written)) from None


def _in_language(title: str, title_en: str | None) -> str:
    return title_en if title_en and current_language() == "en" else title


def _severity(rank: int) -> str:
    return text(f"alert.level.{('informational', 'low', 'medium', 'high', 'critical')[rank]}")


def _line(incident: Incident) -> str:
    drill = text("alert.drill") if incident.drill else ""
    return text(
        "incident.line",
        number=incident.number,
        state=text(f"incident.state.{incident.state}"),
        level=text(f"incident.level.{incident.level}"),
        severity=_severity(incident.severity),
        alerts=incident.alerts,
        title=drill + _in_language(incident.title, incident.title_en),
    )


def _json(incident: Incident) -> str:
    return json.dumps(dataclasses.asdict(incident), ensure_ascii=False)


_ACTIONS: Mapping[str, Action] = {
    "list": _list,
    "show": _show,
    "ack": _acting(_ack),
    "assess": _acting(_assess),
    "level": _acting(_level),
    "note": _acting(_note),
    "attach": _acting(_attach),
    "assign": _acting(_assign),
    "state": _acting(_move(None)),
    "close": _acting(_move(State.CLOSED)),
    "false-positive": _acting(_move(State.FALSE_POSITIVE)),
    "parent": _acting(_parent),
    "report": _acting(_report),
    "open": _open,
    "silence": _silence,
    "silences": _silences,
    "unsilence": _unsilence,
}
