"""The words of `sentinel incidents` and `sentinel evidence`, declared without the rooms that do the work."""

from __future__ import annotations

import argparse
from pathlib import Path

from sentinel.text import text

__all__ = ["add_evidence", "add_incidents"]


def add_incidents(parser: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Declare the verbs and what each needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    told = argparse.ArgumentParser(add_help=False, parents=[configured])
    told.add_argument("--json", action="store_true", help=text("cli.incidents.json"))
    acting = argparse.ArgumentParser(add_help=False, parents=[told])
    acting.add_argument("--by", default="", metavar="PERSON", help=text("cli.incidents.by"))
    one = argparse.ArgumentParser(add_help=False, parents=[acting])
    one.add_argument("incident", metavar="INCIDENT", help=text("cli.incidents.incident"))
    why = argparse.ArgumentParser(add_help=False)
    why.add_argument("--reason", default="", help=text("cli.incidents.reason"))

    listed = actions.add_parser("list", parents=[told], help=text("cli.incidents.verb.list"))
    listed.add_argument("--all", action="store_true", help=text("cli.incidents.all"))
    listed.add_argument("--state", metavar="STATE", help=text("cli.incidents.of-state"))
    listed.add_argument("--level", type=int, choices=[1, 2, 3, 4], help=text("cli.incidents.of-level"))
    for name in ("category", "department", "assignee"):
        listed.add_argument(f"--{name}", help=text(f"cli.incidents.of-{name}"))
    listed.add_argument("--address", help=text("cli.incidents.address"))
    listed.add_argument("--limit", type=int, default=50, help=text("cli.incidents.limit"))
    show = actions.add_parser("show", parents=[told], help=text("cli.incidents.verb.show"))
    show.add_argument("incident", metavar="INCIDENT", help=text("cli.incidents.incident"))
    actions.add_parser("ack", parents=[one], help=text("cli.incidents.verb.ack"))
    assess = actions.add_parser("assess", parents=[one], help=text("cli.incidents.verb.assess"))
    assess.add_argument("--fact", action="append", default=[], help=text("cli.incidents.fact"))
    assess.add_argument("--category", help=text("cli.incidents.category"))
    assess.add_argument("--note", default="", help=text("cli.incidents.why-note"))
    assess.add_argument(
        "--cii", action=argparse.BooleanOptionalAction, default=None, help=text("cli.incidents.cii")
    )
    level = actions.add_parser("level", parents=[one, why], help=text("cli.incidents.verb.level"))
    level.add_argument(
        "level", type=int, choices=[1, 2, 3, 4], metavar="LEVEL", help=text("cli.incidents.level")
    )
    note = actions.add_parser("note", parents=[one], help=text("cli.incidents.verb.note"))
    note.add_argument("words", metavar="WORDS", help=text("cli.incidents.words"))
    attach = actions.add_parser("attach", parents=[one], help=text("cli.incidents.verb.attach"))
    attach.add_argument("file", type=Path, metavar="FILE", help=text("cli.incidents.file"))
    assign = actions.add_parser("assign", parents=[one], help=text("cli.incidents.verb.assign"))
    assign.add_argument("person", metavar="PERSON", help=text("cli.incidents.person"))
    state = actions.add_parser("state", parents=[one, why], help=text("cli.incidents.verb.state"))
    state.add_argument("state", metavar="STATE", help=text("cli.incidents.state"))
    actions.add_parser("close", parents=[one, why], help=text("cli.incidents.verb.close"))
    actions.add_parser("false-positive", parents=[one, why], help=text("cli.incidents.verb.false-positive"))
    parent = actions.add_parser("parent", parents=[one], help=text("cli.incidents.verb.parent"))
    parent.add_argument("parent", metavar="INCIDENT", help=text("cli.incidents.parent"))
    report = actions.add_parser("report", parents=[one], help=text("cli.incidents.verb.report"))
    report.add_argument("--receiver", required=True, help=text("cli.incidents.receiver"))
    report.add_argument("--receipt", default="", help=text("cli.incidents.receipt"))
    report.add_argument(
        "--kind",
        choices=["first", "supplement", "final"],
        default="first",
        help=text("cli.incidents.kind"),
    )
    opened = actions.add_parser("open", parents=[acting], help=text("cli.incidents.verb.open"))
    opened.add_argument("title", metavar="TITLE", help=text("cli.incidents.title"))
    opened.add_argument(
        "--source",
        choices=["person", "outside", "superior"],
        default="person",
        help=text("cli.incidents.source"),
    )
    opened.add_argument("--category", default="OTH", help=text("cli.incidents.category"))
    opened.add_argument("--department", default="", help=text("cli.incidents.department"))
    opened.add_argument("--address", help=text("cli.incidents.address"))
    opened.add_argument("--discovered", metavar="TIME", help=text("cli.incidents.discovered"))
    opened.add_argument("--drill", action="store_true", help=text("cli.incidents.drill"))
    silence = actions.add_parser("silence", parents=[acting, why], help=text("cli.incidents.verb.silence"))
    silence.add_argument("--match", action="append", default=[], help=text("cli.incidents.match"))
    silence.add_argument("--for", dest="duration", required=True, help=text("cli.incidents.for"))
    actions.add_parser("silences", parents=[told], help=text("cli.incidents.verb.silences")).add_argument(
        "--all", action="store_true", help=text("cli.incidents.silences-all")
    )
    unsilence = actions.add_parser("unsilence", parents=[acting], help=text("cli.incidents.verb.unsilence"))
    unsilence.add_argument("silence", type=int, metavar="SILENCE", help=text("cli.incidents.silence"))


def add_evidence(parser: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Declare the verbs and what each needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    make = actions.add_parser("make", parents=[configured], help=text("cli.evidence.make"))
    make.add_argument("incident", metavar="INCIDENT", help=text("cli.incidents.incident"))
    make.add_argument("--out", type=Path, metavar="FILE", help=text("cli.evidence.out"))
    make.add_argument("--sm3", action="store_true", help=text("cli.evidence.sm3"))
    make.add_argument("--by", default="", metavar="PERSON", help=text("cli.incidents.by"))
    verify = actions.add_parser("verify", parents=[configured], help=text("cli.evidence.verify"))
    verify.add_argument("file", type=Path, metavar="FILE", help=text("cli.evidence.file"))
