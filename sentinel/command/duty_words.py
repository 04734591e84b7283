"""The words of `sentinel duty`, declared without the room that does the work."""

from __future__ import annotations

import argparse
from pathlib import Path

from sentinel.text import text

__all__ = ["add_duty"]


def add_duty(duty: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Declare the verbs and what each needs."""
    actions = duty.add_subparsers(dest="action", metavar="ACTION", required=True)
    acting = argparse.ArgumentParser(add_help=False, parents=[configured])
    acting.add_argument("--as", dest="actor", required=True, metavar="NAME", help=text("cli.duty.as"))
    roster = actions.add_parser("roster", parents=[acting], help=text("cli.duty.roster"))
    roster.add_argument("file", type=Path, metavar="FILE", help=text("cli.duty.roster.file"))
    actions.add_parser("now", parents=[configured], help=text("cli.duty.now"))
    stand_in = actions.add_parser("stand-in", parents=[acting], help=text("cli.duty.stand-in"))
    stand_in.add_argument("absent", metavar="ABSENT", help=text("cli.duty.absent"))
    stand_in.add_argument("person", metavar="PERSON", help=text("cli.duty.person"))
    stand_in.add_argument("phone", metavar="PHONE", help=text("cli.duty.phone"))
    roles = ("officer", "leader", "in_charge")
    stand_in.add_argument("--role", choices=roles, default=roles[0], help=text("cli.duty.role"))
    for end in ("since", "until"):
        stand_in.add_argument(f"--{end}", required=True, metavar="TIME", help=text(f"cli.duty.{end}"))
    patrol = actions.add_parser("patrol", parents=[acting], help=text("cli.duty.patrol"))
    patrol.add_argument("place", metavar="PLACE", help=text("cli.duty.place"))
    results = ("normal", "abnormal", "pending")
    patrol.add_argument("--result", choices=results, required=True, help=text("cli.duty.result"))
    patrol.add_argument("--note", default="", metavar="TEXT", help=text("cli.duty.note"))
    _add_guard(actions.add_parser("guard", help=text("cli.duty.guard")), configured, acting)
    _add_handover(actions.add_parser("handover", help=text("cli.duty.handover")), configured, acting)
    _add_zero(actions.add_parser("zero", help=text("cli.duty.zero")), configured, acting)
    actions.add_parser("plan", parents=[configured], help=text("cli.duty.plan"))
    report = actions.add_parser("report", parents=[configured], help=text("cli.duty.report"))
    periods = ("day", "week", "month", "year")
    report.add_argument("--period", choices=periods, default="day", help=text("cli.duty.period"))
    report.add_argument("--date", metavar="YYYY-MM-DD", help=text("cli.duty.date"))
    report.add_argument("--out", type=Path, required=True, metavar="FILE", help=text("cli.duty.out"))


def _add_zero(
    zero: argparse.ArgumentParser, configured: argparse.ArgumentParser, acting: argparse.ArgumentParser
) -> None:
    verbs = zero.add_subparsers(dest="verb", metavar="VERB", required=True)
    submit = verbs.add_parser("submit", parents=[acting], help=text("cli.duty.zero.submit"))
    for name in ("receiver", "receipt", "note"):
        submit.add_argument(f"--{name}", default="", metavar="TEXT", help=text(f"cli.duty.zero.{name}"))
    show = verbs.add_parser("show", parents=[configured], help=text("cli.duty.zero.show"))
    show.add_argument("id", type=int, metavar="ID", help=text("cli.duty.zero.id"))
    listing = verbs.add_parser("list", parents=[configured], help=text("cli.duty.zero.list"))
    listing.add_argument("--limit", type=int, default=30, metavar="N", help=text("cli.limit"))


def _add_guard(
    guard: argparse.ArgumentParser, configured: argparse.ArgumentParser, acting: argparse.ArgumentParser
) -> None:
    verbs = guard.add_subparsers(dest="verb", metavar="VERB", required=True)
    start = verbs.add_parser("start", parents=[acting], help=text("cli.duty.guard.start"))
    start.add_argument("name", metavar="NAME", help=text("cli.duty.guard.name"))
    start.add_argument("--since", metavar="TIME", help=text("cli.duty.guard.since"))
    start.add_argument("--until", required=True, metavar="TIME", help=text("cli.duty.until"))
    start.add_argument("--factor", type=float, default=0.5, help=text("cli.duty.guard.factor"))
    start.add_argument("--raise", dest="raised", type=int, default=1, help=text("cli.duty.guard.raise"))
    start.add_argument(
        "--freeze", action=argparse.BooleanOptionalAction, default=True, help=text("cli.duty.guard.freeze")
    )
    end = verbs.add_parser("end", parents=[acting], help=text("cli.duty.guard.end"))
    end.add_argument("id", type=int, metavar="ID", help=text("cli.duty.guard.id"))
    verbs.add_parser("list", parents=[configured], help=text("cli.duty.guard.list"))


def _add_handover(
    handover: argparse.ArgumentParser, configured: argparse.ArgumentParser, acting: argparse.ArgumentParser
) -> None:
    verbs = handover.add_subparsers(dest="verb", metavar="VERB", required=True)
    offer = verbs.add_parser("offer", parents=[acting], help=text("cli.duty.handover.offer"))
    offer.add_argument("taker", metavar="PERSON", help=text("cli.duty.handover.taker"))
    offer.add_argument(
        "--abnormal",
        action="append",
        default=[],
        metavar="WHAT=TEXT",
        help=text("cli.duty.handover.abnormal"),
    )
    offer.add_argument("--pending", default="", metavar="TEXT", help=text("cli.duty.handover.pending"))
    offer.add_argument("--reason", default="", metavar="TEXT", help=text("cli.duty.handover.reason"))
    for verb in ("accept", "decline"):
        answer = verbs.add_parser(verb, parents=[acting], help=text(f"cli.duty.handover.{verb}"))
        answer.add_argument("id", type=int, metavar="ID", help=text("cli.duty.handover.id"))
        answer.add_argument("--note", default="", metavar="TEXT", help=text("cli.duty.note"))
    show = verbs.add_parser("show", parents=[configured], help=text("cli.duty.handover.show"))
    show.add_argument("id", type=int, metavar="ID", help=text("cli.duty.handover.id"))
    verbs.add_parser("list", parents=[configured], help=text("cli.duty.handover.list"))
