"""`sentinel evidence`: make an incident's package, and verify one."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from sentinel.command.acting import act, actor
from sentinel.config import Config
from sentinel.incident import IncidentError
from sentinel.incident.evidence import Recorded, make_evidence, record_evidence, recorded, verify_evidence
from sentinel.store.session import in_transaction, reading
from sentinel.text import Message, text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where the package is made or agrees, 1 where it does not, 2 where nothing could be done."""
    return act(options, {"make": _make, "verify": _verify})


def _make(config: Config, options: argparse.Namespace) -> int:
    target = options.out or Path(f"{options.incident}.zip")
    if target.exists():
        # Whoever was given the former package must find it on the timeline, and here.
        raise IncidentError(Message("evidence.exists", path=target))
    events = config.output.events
    path, person, now = Path(config.store.path), actor(options), time.time()
    # Reading every event file may take long: the daemon must not wait for it.
    made = reading(
        path,
        lambda database: make_evidence(
            database.conn,
            options.incident,
            target,
            actor=person,
            now=now,
            attachments=Path(config.incident.attachments),
            events=Path(events) if events not in ("", "-") else None,
            sm3=options.sm3,
        ),
    )
    in_transaction(path, lambda database: record_evidence(database.conn, made, actor=person, now=now))
    print(text("evidence.made", path=target, digest=made.digest))
    return _say(made.missing, made.changed)


def _verify(config: Config, options: argparse.Namespace) -> int:
    try:
        checked = verify_evidence(options.file)
    except IncidentError as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 1
    print(text("evidence.good", path=options.file, number=checked.files, digest=checked.digest))
    status = _say(checked.missing, checked.changed)
    path = Path(config.store.path)
    if not path.exists():
        return status
    known = reading(path, lambda database: recorded(database.conn, checked))
    print(text(_KNOWN[known]), file=sys.stderr if known is Recorded.CONTENT else sys.stdout)
    return 1 if known is Recorded.CONTENT else status


_KNOWN: Final = {
    Recorded.NO: "evidence.not-recorded",
    Recorded.CONTENT: "evidence.repacked",
    Recorded.WHOLE: "evidence.recorded",
}


def _say(missing: list[str], changed: list[str]) -> int:
    """What the package has not, and what was changed before it was made. 1 where something was."""
    for path in missing:
        kind = path if path in ("packets", "events") else "other"
        print(text(f"evidence.missing.{kind}", path=path))
    for path in changed:
        print(text("evidence.changed", path=path), file=sys.stderr)
    return 1 if changed else 0
