"""The words of `sentinel assets`, declared without the room that does the work."""

from __future__ import annotations

import argparse
from pathlib import Path

from sentinel.text import text

__all__ = ["DIFFERENCES", "add_assets"]

DIFFERENCES = ("shadow", "zombie", "drift", "exposed", "double_homed")
"""As in `ledger.compare.Difference`."""


def add_assets(parser: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Declare the verbs and what each needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    told = argparse.ArgumentParser(add_help=False, parents=[configured])
    told.add_argument("--json", action="store_true", help=text("cli.assets.json"))
    listed = actions.add_parser("list", parents=[told], help=text("cli.assets.list"))
    listed.add_argument("--zone", help=text("cli.assets.zone"))
    listed.add_argument("--limit", type=int, default=100, help=text("cli.assets.limit"))
    for field in ("department", "developer", "product", "version"):
        listed.add_argument(f"--{field}", help=text(f"cli.assets.{field}"))
    held = listed.add_mutually_exclusive_group()
    held.add_argument(
        "--registered", action="store_true", default=None, help=text("cli.assets.only-registered")
    )
    held.add_argument(
        "--unregistered",
        action="store_false",
        dest="registered",
        default=None,
        help=text("cli.assets.only-unregistered"),
    )
    actions.add_parser("coverage", parents=[told], help=text("cli.assets.coverage"))
    show = actions.add_parser("show", parents=[told], help=text("cli.assets.show"))
    show.add_argument("address", metavar="ADDRESS", help=text("cli.assets.address"))
    show.add_argument("--zone", help=text("cli.assets.zone"))
    bring = actions.add_parser("import", parents=[told], help=text("cli.assets.import"))
    bring.add_argument("file", type=Path, metavar="FILE", help=text("cli.assets.file"))
    bring.add_argument("--dry-run", action="store_true", help=text("cli.assets.dry-run"))
    bring.add_argument("--by", default="", metavar="PERSON", help=text("cli.assets.by"))
    export = actions.add_parser("export", parents=[configured], help=text("cli.assets.export"))
    export.add_argument("file", type=Path, metavar="FILE", help=text("cli.assets.export-file"))
    export.add_argument("--department", help=text("cli.assets.department"))
    export.add_argument("--by", default="", metavar="PERSON", help=text("cli.assets.by"))
    diff = actions.add_parser("diff", parents=[told], help=text("cli.assets.diff"))
    diff.add_argument("--days", type=float, default=30.0, help=text("cli.assets.days"))
    diff.add_argument("--kind", choices=DIFFERENCES, help=text("cli.assets.kind"))
    scan = actions.add_parser("scan", parents=[configured], help=text("cli.assets.scan"))
    scan.add_argument(
        "--range", action="append", default=[], metavar="NETWORK", help=text("cli.assets.range")
    )
    scan.add_argument("--no-ports", action="store_true", help=text("cli.assets.no-ports"))
    scan.add_argument("--zone", help=text("cli.assets.scan-zone"))
    scan.add_argument("--by", default="", metavar="PERSON", help=text("cli.assets.scan-by"))
    _add_life(actions, configured)


def _add_life(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], configured: argparse.ArgumentParser
) -> None:
    """The verbs that move an asset on its way."""
    acted = argparse.ArgumentParser(add_help=False, parents=[configured])
    acted.add_argument("--zone", help=text("cli.assets.zone"))
    acted.add_argument("--by", default="", metavar="PERSON", help=text("cli.assets.by"))
    for verb in ("claim", "register"):
        one = actions.add_parser(verb, parents=[acted], help=text(f"cli.assets.{verb}"))
        one.add_argument("address", metavar="ADDRESS", help=text("cli.assets.address"))
        one.add_argument("values", nargs="*", metavar="FIELD=VALUE", help=text("cli.assets.values"))
    for verb in ("change", "retire", "lock", "unlock", "history"):
        one = actions.add_parser(verb, parents=[acted], help=text(f"cli.assets.{verb}"))
        one.add_argument("asset", metavar="ASSET", help=text("cli.assets.asset"))
        if verb == "change":
            one.add_argument("values", nargs="+", metavar="FIELD=VALUE", help=text("cli.assets.values"))
        elif verb == "retire":
            one.add_argument("--reason", required=True, help=text("cli.assets.reason"))
        elif verb == "history":
            one.add_argument("--json", action="store_true", help=text("cli.assets.json"))
        else:
            one.add_argument("fields", nargs="+", metavar="FIELD", help=text("cli.assets.fields"))
