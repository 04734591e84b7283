"""Collect an incident's evidence into a package of its own."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.incident import IncidentError
from sentinel.incident.evidence import Made, make_evidence, record_evidence
from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.action.incident import incident_of_call
from sentinel.playbook.fault import ActionFailed
from sentinel.store import StoreError
from sentinel.store.session import reading
from sentinel.text import Message

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["CollectEvidence"]


class CollectEvidence(Act):
    """Writes the package, then puts it onto the incident's timeline together with the journal.

    `path`, `digest` (SHA-256 of its manifest) and `files` for `save`. Done again, it takes the place of the former.
    """

    name = "collect-evidence"
    parameters = {"incident": Parameter("string", False), "sm3": Parameter("bool", False)}
    touches = False

    def __init__(self, store: Path, folder: Path, attachments: Path, events: Path | None) -> None:
        self._store = store
        self._folder = folder
        self._attachments = attachments
        self._events = events

    async def act(self, call: Call) -> Result:
        try:
            made, path = await asyncio.to_thread(self._make, call)
        except (IncidentError, StoreError) as error:
            raise ActionFailed(error.message) from error
        actor = f"playbook:{call.run}"

        def commit(database: Database) -> Mapping[str, Any]:
            record_evidence(database.conn, made, actor=actor, now=call.ts)
            return {"path": str(path), "digest": made.digest, "files": made.files}

        return Result(commit=commit)

    def _make(self, call: Call) -> tuple[Made, Path]:
        try:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise ActionFailed(Message("evidence.cannot-write", path=self._folder, reason=reason)) from error

        def make(database: Database) -> tuple[Made, Path]:
            incident = incident_of_call(database, call)
            step = hashlib.sha256(f"{call.run}/{call.key}".encode()).hexdigest()[:8]
            path = self._folder / f"{incident.number}-{step}.zip"
            made = make_evidence(
                database.conn, incident.id, path, actor=f"playbook:{call.run}", now=call.ts,
                attachments=self._attachments, events=self._events, sm3=bool(call.arguments.get("sm3")),
            )  # fmt: skip
            return made, path

        return reading(self._store, make)
