"""The command line: which words there are. What they do stands in `sentinel.command`, one file a word."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from sentinel import __version__
from sentinel.command.asset_words import add_assets
from sentinel.command.duty_words import add_duty
from sentinel.command.incident_words import add_evidence, add_incidents
from sentinel.command.notify_words import add_notify
from sentinel.command.usage import speak_usage
from sentinel.kernel_cache import tolerate_failing_cache
from sentinel.text import LANGUAGES, text, use_language

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status: 0 done, 1 something is not right, 2 it could not be done at all."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    use_language(_language(arguments))
    speak_usage()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    # Only now: rooms with compiled kernels take a second that `--help` need not wait for.
    module = importlib.import_module(f"sentinel.command.{options.command}")
    tolerate_failing_cache(_tell_of_cache)
    try:
        return int(module.run(options))
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def _tell_of_cache(error: OSError) -> None:
    message = text("cli.cache-not-kept", reason=error.strerror or error)
    print(text("cli.warning", message=message), file=sys.stderr)


def _language(arguments: Sequence[str]) -> str:
    """The language asked for, known before the parser speaks."""
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    early.add_argument("--lang", choices=list(LANGUAGES), default="zh")
    try:
        return str(early.parse_known_args(arguments)[0].lang)
    except argparse.ArgumentError:
        return "zh"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sentinel", description=text("cli.description"))
    parser.add_argument("--version", action="version", version=f"sentinel {__version__}")
    parser.add_argument("--lang", choices=list(LANGUAGES), help=text("cli.lang"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--lang", choices=list(LANGUAGES), default=argparse.SUPPRESS, help=text("cli.lang"))
    configured = argparse.ArgumentParser(add_help=False, parents=[every])
    configured.add_argument("--config", type=Path, metavar="FILE", help=text("cli.config"))

    commands.add_parser("run", parents=[configured], help=text("cli.run"))
    commands.add_parser("check", parents=[configured], help=text("cli.check"))
    _add_replay(commands.add_parser("replay", parents=[configured], help=text("cli.replay")))
    commands.add_parser("interfaces", parents=[every], help=text("cli.interfaces"))
    formats = commands.add_parser("formats", parents=[every], help=text("cli.formats"))
    actions = formats.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", parents=[configured], help=text("cli.formats.list"))
    actions.add_parser("test", parents=[configured], help=text("cli.formats.test"))
    _add_playbook(commands.add_parser("playbook", parents=[every], help=text("cli.playbook")), configured)
    _add_rules(commands.add_parser("rules", parents=[every], help=text("cli.rules")), configured, every)
    add_incidents(commands.add_parser("incidents", parents=[every], help=text("cli.incidents")), configured)
    add_assets(commands.add_parser("assets", parents=[every], help=text("cli.assets")), configured)
    add_evidence(commands.add_parser("evidence", parents=[every], help=text("cli.evidence")), configured)
    add_notify(commands.add_parser("notify", parents=[every], help=text("cli.notify")), configured)
    add_duty(commands.add_parser("duty", parents=[every], help=text("cli.duty")), configured)
    return parser


def _add_replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("files", type=Path, nargs="+", metavar="FILE", help=text("cli.replay.files"))
    replay.add_argument("--format", metavar="auto|FORMAT", help=text("cli.replay.format"))
    replay.add_argument("--out", type=Path, metavar="DIR", help=text("cli.replay.out"))
    replay.add_argument(
        "--speed", type=_speed, default=0.0, metavar="max|1x|Nx", help=text("cli.replay.speed")
    )


def _add_rules(
    rules: argparse.ArgumentParser, configured: argparse.ArgumentParser, every: argparse.ArgumentParser
) -> None:
    actions = rules.add_subparsers(dest="action", metavar="ACTION", required=True)
    told = argparse.ArgumentParser(add_help=False, parents=[configured])
    told.add_argument("--json", action="store_true", help=text("cli.rules.json"))
    actions.add_parser("list", parents=[told], help=text("cli.rules.list"))
    show = actions.add_parser("show", parents=[told], help=text("cli.rules.show"))
    show.add_argument("rule", metavar="RULE", help=text("cli.rules.rule"))
    actions.add_parser("lint", parents=[told], help=text("cli.rules.lint"))
    test = actions.add_parser("test", parents=[told], help=text("cli.rules.test"))
    test.add_argument("rule", metavar="RULE", nargs="?", help=text("cli.rules.rule"))
    explain = actions.add_parser("explain", parents=[told], help=text("cli.rules.explain"))
    explain.add_argument("rule", metavar="RULE", help=text("cli.rules.rule"))
    explain.add_argument("event", metavar="EVENT", help=text("cli.rules.event"))
    explain.add_argument("--kind", help=text("cli.rules.kind"))
    stats = actions.add_parser("stats", parents=[told], help=text("cli.rules.stats"))
    stats.add_argument("files", type=Path, nargs="*", metavar="FILE", help=text("cli.rules.files"))
    stats.add_argument("--metrics", metavar="URL", help=text("cli.rules.metrics"))
    docs = actions.add_parser("docs", parents=[configured], help=text("cli.rules.docs"))
    docs.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR", help=text("cli.rules.out"))
    evaluate = actions.add_parser("eval", parents=[every], help=text("cli.rules.eval"))
    evaluate.add_argument("--cases", type=Path, required=True, metavar="FILE", help=text("cli.rules.cases"))


def _add_playbook(playbook: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    actions = playbook.add_subparsers(dest="action", metavar="ACTION", required=True)
    told = argparse.ArgumentParser(add_help=False, parents=[configured])
    told.add_argument("--json", action="store_true", help=text("cli.playbook.json"))
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("playbook", metavar="PLAYBOOK", help=text("cli.playbook.id"))
    start = argparse.ArgumentParser(add_help=False, parents=[configured, one])
    start.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help=text("cli.playbook.set")
    )
    who = argparse.ArgumentParser(add_help=False)
    who.add_argument("--person", required=True, metavar="NAME", help=text("cli.playbook.person"))
    actions.add_parser("list", parents=[told], help=text("cli.playbook.list"))
    actions.add_parser("show", parents=[told, one], help=text("cli.playbook.show"))
    actions.add_parser("lint", parents=[configured], help=text("cli.playbook.lint"))
    run = actions.add_parser("run", parents=[start, who], help=text("cli.playbook.run"))
    run.add_argument("--drill", action="store_true", help=text("cli.playbook.as-drill"))
    run.add_argument("--incident", default="", metavar="INCIDENT", help=text("cli.playbook.incident"))
    dry = actions.add_parser("dry-run", parents=[start], help=text("cli.playbook.dry-run"))
    dry.add_argument(
        "--answer", action="append", default=[], metavar="STEP=VALUE", help=text("cli.playbook.answer")
    )
    approve = actions.add_parser("approve", parents=[configured, who], help=text("cli.playbook.approve"))
    approve.add_argument("run", metavar="RUN", help=text("cli.playbook.number"))
    approve.add_argument("step", metavar="STEP", nargs="?", help=text("cli.playbook.step"))
    approve.add_argument(
        "--decision",
        choices=["approve", "reject", "done", "failed", "retry", "cancel", "undo"],
        default="approve",
        help=text("cli.playbook.decision"),
    )
    approve.add_argument("--note", default="", metavar="TEXT", help=text("cli.playbook.note"))
    history = actions.add_parser("history", parents=[told], help=text("cli.playbook.history"))
    history.add_argument("run", metavar="RUN", nargs="?", help=text("cli.playbook.number"))
    history.add_argument("--waiting", action="store_true", help=text("cli.playbook.waiting"))
    actions.add_parser("export", parents=[configured, one], help=text("cli.playbook.export"))
    brought = actions.add_parser("import", parents=[configured], help=text("cli.playbook.import"))
    brought.add_argument("file", type=Path, metavar="FILE", help=text("cli.playbook.file"))
    actions.add_parser("schema", parents=[configured], help=text("cli.playbook.schema"))


def _speed(written: str) -> float:
    """Recorded seconds for each real one; 0 is as fast as possible."""
    if written == "max":
        return 0.0
    try:
        speed = float(written.removesuffix("x"))
    except ValueError:
        speed = -1.0
    if not 0 < speed <= 1e6:
        raise argparse.ArgumentTypeError(text("cli.replay.bad-speed", got=written))
    return speed


if __name__ == "__main__":
    sys.exit(main())
