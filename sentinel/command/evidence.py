"""`sentinel evidence`: make an incident's package, and verify one."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from sentinel.command.acting import act, actor
from sentinel.config import Config
from sentinel.incident import IncidentError
from sentinel.incident.evidence import is_recorded, make_evidence, record_evidence, verify_evidence
from sentinel.store.session import in_transaction, reading
from sentinel.text import text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0 where the package is made or agrees, 1 where it does not, 2 where nothing could be done."""
    return act(options, {"make": _make, "verify": _verify})


def _make(config: Config, options: argparse.Namespace) -> int:
    target = options.out or Path(f"{options.incident}.zip")
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
    return 0


def _verify(config: Config, options: argparse.Namespace) -> int:
    try:
        checked = verify_evidence(options.file)
    except IncidentError as error:
        print(text("cli.error", message=error), file=sys.stderr)
        return 1
    print(text("evidence.good", path=options.file, number=checked.files, digest=checked.digest))
    path = Path(config.store.path)
    if path.exists():
        recorded = reading(path, lambda database: is_recorded(database.conn, checked))
        print(text("evidence.recorded" if recorded else "evidence.not-recorded"))
    return 0
