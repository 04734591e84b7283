"""`sentinel incidents`: what the duty officer does with them. The daemon may run or not."""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from sentinel.announcement import put_into_outbox
from sentinel.command.acting import Action, act, actor
from sentinel.command.incident_views import (
    as_json,
    graver_suggestion,
    list_silences,
    list_them,
    moment,
    next_step,
    read_state,
    show_one,
)
from sentinel.config import Config
from sentinel.config.quantity import parse_duration
from sentinel.desk.duty import reach
from sentinel.duty import DutyBook
from sentinel.incident import Change, Grading, Handling, Incident, IncidentError, State, find_incident
from sentinel.incident.silence import end_silence, make_silence
from sentinel.ledger import LedgerStore
from sentinel.store.session import in_transaction
from sentinel.text import Message, speaking, text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where it is done, 2 where it could not be."""
    return act(options, _ACTIONS)


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
        *to.on, state or read_state(to.options.state), **to.who, reason=to.options.reason
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
            print(as_json(incident))
        else:
            state, level = text(f"incident.state.{incident.state}"), text(f"incident.level.{incident.level}")
            print(text("incident.done", number=incident.number, state=state, level=level))
            if (graver := graver_suggestion(incident)) is not None:
                print(graver)
            print(next_step(incident))
        return 0

    return do


def _open(config: Config, options: argparse.Namespace) -> int:
    discovered = _time(options.discovered, ZoneInfo(config.duty.zone)) if options.discovered else None
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
    print(as_json(incident) if options.json else text("incident.opened", number=incident.number))
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
    print(text("incident.silenced", id=id, until=moment(now + seconds, ZoneInfo(config.duty.zone))))
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


def _handling(config: Config, connection: Any, now: float) -> Handling:
    """The verbs as the daemon has them: same clauses, guard periods and ledger."""
    grading = Grading.load(config.incident.clauses)
    database = Database(connection, execute_plugins=False)
    periods = DutyBook(database, "").guard_periods(now)
    return Handling(config.incident, grading, periods.factor, LedgerStore(connection))


def _fact(written: str) -> tuple[str, float | None]:
    """A fact and its number; None where it is to be measured."""
    name, given, value = written.partition("=")
    try:
        return name.strip(), float(value) if given else None
    except ValueError:
        raise IncidentError(Message("cli.bad-value", got=written)) from None


def _time(written: str, zone: ZoneInfo) -> float:
    """Seconds since 1970 UTC; a time that names no zone is one of the clock on the wall."""
    try:
        read = datetime.datetime.fromisoformat(written)
        return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise IncidentError(Message("cli.bad-value", got=written)) from None


_ACTIONS: Mapping[str, Action] = {
    "list": list_them,
    "show": show_one,
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
    "silences": list_silences,
    "unsilence": _unsilence,
}
