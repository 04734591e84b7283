"""`sentinel duty handover`: offered, accepted or declined, shown."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sentinel.config import Config
from sentinel.duty import Check, DutyBook, DutyError, Handover, HandoverBook
from sentinel.text import Message, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["hand_over"]


def hand_over(
    options: argparse.Namespace, config: Config, database: Database, book: DutyBook, now: float
) -> int:
    """Do what is asked, inside the caller's transaction. Raises DutyError."""
    handovers = HandoverBook(database, book)
    zone = ZoneInfo(config.duty.zone)
    if options.verb == "list":
        for handover in handovers.latest():
            print(_line(handover, zone))
        return 0
    if options.verb == "show":
        handover = handovers.find(options.id)
    elif options.verb == "offer":
        handover = handovers.offer(
            options.actor,
            options.taker,
            now,
            abnormal=dict(map(_abnormal, options.abnormal)),
            pending=options.pending,
            reason=options.reason,
        )
    else:
        accepted = options.verb == "accept"
        handover = handovers.answer(options.id, options.actor, now, accepted=accepted, note=options.note)
    _print(handover, zone)
    return 0


def _abnormal(written: str) -> tuple[Check, str]:
    name, _, words = written.partition("=")
    known = {text(f"duty.check.{check}"): check for check in Check} | {check.value: check for check in Check}
    if name.strip() not in known or not words.strip():
        raise DutyError(Message("duty.handover.bad-check", got=written, known=", ".join(known)))
    return known[name.strip()], words.strip()


def _line(handover: Handover, zone: ZoneInfo) -> str:
    answer = handover.answer
    state = "open" if answer is None else "accepted" if answer.accepted else "declined"
    return text(
        "duty.handover.line",
        id=handover.id,
        time=_moment(handover.ts, zone),
        role=text(f"duty.role.{handover.role}"),
        giver=handover.giver,
        taker=handover.taker,
        number=handover.open_count,
        state=text(f"duty.handover.{state}"),
        when=_moment(answer.ts, zone) if answer else "",
    )


def _print(handover: Handover, zone: ZoneInfo) -> None:
    print(_line(handover, zone))
    for check in Check:
        words = handover.abnormal.get(check)
        print(f"  {text(f'duty.check.{check}')}: {words or text('duty.result.normal')}")
    if handover.patrol_at is not None:
        print(text("duty.handover.patrolled", time=_moment(handover.patrol_at, zone)))
    for item in handover.items:
        state, level = text(f"incident.state.{item.state}"), text(f"incident.level.{item.level}")
        print(f"  {item.number} [{level}] {state} {item.title} {item.assignee}".rstrip())
    if handover.open_count > len(handover.items):
        print(text("duty.handover.more", number=handover.open_count - len(handover.items)))
    for name, words in (("pending", handover.pending), ("reason", handover.reason)):
        if words:
            print(text(f"duty.handover.{name}", words=words))
    if handover.answer is not None and handover.answer.note:
        print(text("duty.handover.note", words=handover.answer.note))
    if handover.answer is not None and handover.answer.opened:
        print(text("duty.handover.opened", numbers=", ".join(handover.answer.opened)))


def _moment(ts: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ts, zone):%Y-%m-%d %H:%M}"
