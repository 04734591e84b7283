"""The words of `sentinel notify`."""

from __future__ import annotations

import argparse

from sentinel.text import text

__all__ = ["add_notify"]


def add_notify(parser: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Declare the verbs and what each needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[configured], help=text("cli.notify.list"))
    listing.add_argument("--limit", type=int, default=50, metavar="N", help=text("cli.limit"))
    listing.add_argument("--channel", default="", metavar="CHANNEL", help=text("cli.notify.channel"))
    states = ("waiting", "delivered", "failed")
    listing.add_argument("--state", default="", choices=states, help=text("cli.notify.state"))
    listing.add_argument("--json", action="store_true", help=text("cli.notify.json"))
    show = actions.add_parser("show", parents=[configured], help=text("cli.notify.show"))
    show.add_argument("message", metavar="ID", help=text("cli.notify.message"))
    show.add_argument("--json", action="store_true", help=text("cli.notify.json"))
    acting = argparse.ArgumentParser(add_help=False, parents=[configured])
    acting.add_argument("--by", default="", metavar="PERSON", help=text("cli.notify.by"))
    actions.add_parser("retry", parents=[acting], help=text("cli.notify.retry"))
    test = actions.add_parser("test", parents=[acting], help=text("cli.notify.test"))
    test.add_argument("channels", nargs="*", metavar="CHANNEL", help=text("cli.notify.channels"))
