"""`sentinel playbook`: which playbooks there are, whether they are sound; start, try, answer and follow runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from sentinel.command.acting import Action as Word
from sentinel.command.acting import act, local_time, logged_in
from sentinel.command.run_wording import in_words
from sentinel.config import Config
from sentinel.desk.playbook import load_library
from sentinel.playbook import journal
from sentinel.playbook.approver import Approvers
from sentinel.playbook.cacao import export_cacao, import_cacao
from sentinel.playbook.document import Action, Manual, Playbook, SubPlaybook
from sentinel.playbook.engine import queue_run
from sentinel.playbook.fault import PlaybookError
from sentinel.playbook.journal import Entry, Run
from sentinel.playbook.library import json_schema
from sentinel.playbook.lint import successors
from sentinel.playbook.rehearsal import rehearse
from sentinel.playbook.value import read_value
from sentinel.store import audit
from sentinel.store.session import in_transaction, reading
from sentinel.text import Message, current_language, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where all is well, 1 where a playbook is not right, 2 where nothing could be done."""
    return act(options, _ACTIONS)


def _list(config: Config, options: argparse.Namespace) -> int:
    playbooks = [one.playbook for one in load_library(config).playbooks.values()]
    if options.json:
        return _print_json([msgspec.to_builtins(playbook) for playbook in playbooks])
    width = max([len(playbook.id) for playbook in playbooks], default=0)
    for playbook in playbooks:
        print(f"{playbook.id:{width}}  {_name(playbook)}")
    if not playbooks:
        print(text("playbook.none-there", folders=" ".join(config.playbook.paths)))
    return 0


def _show(config: Config, options: argparse.Namespace) -> int:
    playbook = load_library(config).find(options.playbook).playbook
    if options.json:
        return _print_json(msgspec.to_builtins(playbook))
    print(f"{playbook.id}  {_name(playbook)}\n{_either(playbook.description, playbook.description_en)}\n")
    for id, step in playbook.workflow.items():
        said = _either(step.name, step.name_en)
        if isinstance(step, Manual):
            said = f"{text(f'duty.role.{step.owner}')}  {_either(step.instruction, step.instruction_en)}"
        elif isinstance(step, Action):
            said = f"{step.action} {step.arguments}  {said}"
        print(f"{id}  [{type(step).__name__.lower()}]  {said}  → {', '.join(successors(step)) or '·'}")
    return 0


def _lint(config: Config, options: argparse.Namespace) -> int:
    library = load_library(config)
    wrong = [problem for problem in library.problems if not problem.warning]
    for problem in library.problems:
        print(text("playbook.warning", problem=problem) if problem.warning else problem)
    counts = {
        "number": len(library.playbooks),
        "wrong": len(wrong),
        "doubts": len(library.problems) - len(wrong),
    }
    print(text("playbook.linted", **counts), file=sys.stderr)
    return 1 if wrong else 0


def _start(config: Config, options: argparse.Namespace) -> int:
    library = load_library(config)
    given = _given(library.find(options.playbook).playbook, options.set)
    id, now = uuid.uuid4().hex, time.time()
    run = in_transaction(
        Path(config.store.path),
        lambda database: queue_run(
            database, library, options.playbook, given, id=id, now=now, actor=options.person,
            cause={"person": options.person}, incident=options.incident, drill=options.drill,
        ),
    )  # fmt: skip
    print(text("playbook.queued", run=run.id))
    return 0


def _dry_run(config: Config, options: argparse.Namespace) -> int:
    library = load_library(config)
    given = _given(library.find(options.playbook).playbook, options.set)
    for message in asyncio.run(rehearse(library, options.playbook, given, _pairs(options.answer))):
        print(message)
    return 0


def _approve(config: Config, options: argparse.Namespace) -> int:
    now, approvers = time.time(), Approvers(config.playbook)

    def write(database: Database) -> tuple[Run, str, str, Message | None]:
        run = _one_run(database, options.run)
        key, role, more = "", "officer", ""
        if options.decision not in _OF_RUNS:
            key = _waiting(database, run, options.step)
            entry = _entry(database, run, key)
            role = str(entry.intent.get("owner", role))
            if options.decision not in _OF_STEPS[entry.step]:
                fitting = " ".join(_OF_STEPS[entry.step])
                raise PlaybookError(Message("playbook.unfitting", step=key, fitting=fitting))
            if entry.step == "approval" and entry.due is not None and now >= entry.due:
                raise PlaybookError(Message("playbook.expired"))
            if options.decision == "done":
                choices = entry.intent.get("choices") or [options.note.strip()]
                if options.note.strip() not in choices:
                    raise PlaybookError(Message("playbook.choices", step=key, choices=" ".join(choices)))
                _fits(journal.version(database, run.digest), key, options.note)
        who = approvers.who(database, role, now)
        if who is not None and options.person not in who:
            detail = {"step": key, "decision": options.decision, "user": logged_in()}
            audit.append(
                database, ts=now, actor=options.person, action="playbook.refused", subject=f"run:{run.id}",
                detail=detail, drill=run.drill,
            )  # fmt: skip
            names = "、".join(sorted(who)) or text("playbook.nobody")
            title = Message(f"duty.role.{role}")
            return run, key, "", Message("playbook.may-not", person=options.person, role=title, names=names)
        journal.answer(database, run, key, options.person, options.decision, options.note, now, logged_in())
        if options.decision == "undo":
            journal.make_due(database, run.id, now)
        if options.decision == "approve" and entry.intent.get("persons") == 2:
            said = journal.answers(database, run.id, key)
            more = "" if len({one.person for one in said if one.decision == "approve"}) > 1 else key
        return run, key, more, None

    run, key, more, refusal = in_transaction(Path(config.store.path), write)
    if refusal is not None:  # the attempt is on the trail
        raise PlaybookError(refusal)
    values = {"step": key, "decision": options.decision, "person": options.person}
    print(text("playbook.answered", run=run.id[:8], **values))
    if more:
        print(text("playbook.one-more"))
    return 0


_OF_RUNS = ("cancel", "undo")
_OF_STEPS = {
    "approval": ("approve", "reject"),
    "manual": ("done", "failed"),
    "unknown": ("done", "failed", "retry"),
}


def _history(config: Config, options: argparse.Namespace) -> int:
    path = Path(config.store.path)
    if options.waiting:
        return _print_waiting(config, options, reading(path, _open))
    if not options.run:
        runs = reading(path, lambda database: journal.runs(database, limit=100))
        if options.json:
            return _print_json([msgspec.to_builtins(run) for run in runs])
        for run in runs:
            print(_line(run))
        if not runs:
            print(text("playbook.none-ran"))
        return 0

    def read(database: Database) -> tuple[Run, list[Entry]]:
        run = _one_run(database, options.run)
        return run, journal.entries(database, run.id)

    run, entries = reading(path, read)
    if options.json:
        return _print_json(
            {**msgspec.to_builtins(run), "steps": [msgspec.to_builtins(one) for one in entries]}
        )
    print(_line(run))
    for entry in entries:
        print(f"  {in_words(entry)}")
    return 0


def _open(database: Database) -> list[tuple[Run, Entry]]:
    """What waits for people, most urgent first."""
    found = [(journal.find_run(database, entry.run), entry) for entry in journal.open_entries(database)]
    return [(run, entry) for run, entry in found if run is not None]


def _print_waiting(config: Config, options: argparse.Namespace, found: Sequence[tuple[Run, Entry]]) -> int:
    if options.json:
        return _print_json([msgspec.to_builtins(entry) for _, entry in found])
    known = load_library(config).playbooks
    for run, entry in found:
        told = {
            "run": run.id[:8],
            "playbook": _name(known[run.playbook].playbook) if run.playbook in known else run.playbook,
            "step": entry.key.rstrip("?"),
            "role": text(f"duty.role.{entry.intent.get('owner', 'officer')}"),
            "due": local_time(entry.due) if entry.due is not None else "-",
            "text": _either(*_asked(entry)),
            "drill": text("playbook.drill") if run.drill else "",
        }
        words = text("playbook.waits", **told) + text(f"playbook.answer.{_KINDS[entry.step]}", **told)
        if choices := entry.intent.get("choices"):
            words += text("playbook.answer.choices", choices=" ".join(choices))
        print(words)
    if not found:
        print(text("playbook.none-waits"))
    return 0


def _asked(entry: Entry) -> tuple[str, str]:
    intent = entry.intent
    chinese = str(intent.get("instruction") or intent.get("action", ""))
    return chinese, str(intent.get("instruction_en", chinese))


_KINDS = {"manual": "waiting", "approval": "approval", "unknown": "unknown"}


def _export(config: Config, options: argparse.Namespace) -> int:
    shelved = load_library(config).find(options.playbook)
    return _print_json(export_cacao(shelved.playbook, shelved.path.stat().st_mtime))


def _import(config: Config, options: argparse.Namespace) -> int:
    try:
        document = json.loads(options.file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PlaybookError(Message("playbook.not-cacao", reason=error)) from error
    playbook = msgspec.to_builtins(import_cacao(document))
    print(yaml.safe_dump(playbook, allow_unicode=True, sort_keys=False, width=110), end="")
    return 0


def _schema(config: Config, options: argparse.Namespace) -> int:
    return _print_json(json_schema())


_ACTIONS: Mapping[str, Word] = {
    "list": _list,
    "show": _show,
    "lint": _lint,
    "run": _start,
    "dry-run": _dry_run,
    "approve": _approve,
    "history": _history,
    "export": _export,
    "import": _import,
    "schema": _schema,
}


def _one_run(database: Database, beginning: str) -> Run:
    found = journal.runs(database, beginning=beginning, limit=2)
    if len(found) != 1:
        raise PlaybookError(Message("playbook.no-run", run=beginning))
    return found[0]


def _entry(database: Database, run: Run, key: str) -> Entry:
    entry = journal.find_entry(database, run.id, key)
    if entry is None:
        raise PlaybookError(Message("playbook.not-waiting", run=run.id[:8], step=key))
    return entry


def _waiting(database: Database, run: Run, step: str | None) -> str:
    """The step that waits: the one named, or the only one."""
    kinds = ("manual", "approval", "unknown")
    keys = [
        one.key for one in journal.entries(database, run.id) if one.state == "waiting" and one.step in kinds
    ]
    wanted = [key for key in keys if step is None or key.rstrip("?") == step]
    if len(wanted) != 1:
        raise PlaybookError(
            Message("playbook.not-waiting", run=run.id[:8], step=step or ", ".join(keys) or "-")
        )
    return wanted[0]


def _fits(playbook: Playbook, key: str, note: str) -> None:
    """Raises PlaybookError where an answer is not of its variable's type: the step would fail of it."""
    steps = [playbook.workflow.get(part) for part in key.split("/") if not part.isdecimal()]
    step = steps[-1]
    if isinstance(step, Manual) and step.save and not any(isinstance(one, SubPlaybook) for one in steps):
        read_value(step.save, playbook.variables[step.save], note)


def _given(playbook: Playbook, written: Sequence[str]) -> dict[str, Any]:
    given = {}
    for name, value in _pairs(written).items():
        if name not in playbook.variables:
            raise PlaybookError(Message("playbook.no-variable", name=name))
        given[name] = read_value(name, playbook.variables[name], value)
    return given


def _pairs(written: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for one in written:
        name, sign, value = one.partition("=")
        if not sign:
            raise PlaybookError(Message("playbook.bad-set", got=one))
        pairs[name] = value
    return pairs


def _line(run: Run) -> str:
    drill = text("playbook.drill") if run.drill else ""
    state = text(f"playbook.state.{run.state}")
    return (
        f"{run.id[:8]}  {local_time(run.created)}  {state}  {drill}{run.playbook}  {run.actor}  {run.reason}"
    )


def _name(playbook: Playbook) -> str:
    return _either(playbook.name, playbook.name_en)


def _either(chinese: str, english: str) -> str:
    return chinese if current_language() == "zh" else english or chinese


def _print_json(value: Any) -> int:
    print(json.dumps(value, ensure_ascii=False, indent=2))
    return 0
