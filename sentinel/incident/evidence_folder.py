"""The folder of evidence packages: bounded in age and size, and never at the cost of what is still needed.

A package goes when its incident ended so long ago, or, where the folder is too large, those of the incidents that
ended first. What an open incident has, or one whose report or summary is still due, stays whatever the size. That a
package is to go stands on the audit trail and on its incident's timeline before it goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentinel.incident.timeline import SENTINEL, record
from sentinel.store import audit

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["EvidenceFolder", "Package"]

_PART: Final = 86400.0
"""Seconds after which what was never finished goes: whoever wrote it is gone."""
_ENDED: Final = (
    "SELECT id, ended_at, drill FROM incident i WHERE number = ? AND ended_at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM incident_clock c WHERE c.incident = i.id AND c.met_at IS NULL)"
)


@dataclass(frozen=True, slots=True)
class Package:
    """A package in the folder."""

    path: Path
    size: int
    at: float
    """When it was written; seconds since 1970 UTC."""

    @property
    def number(self) -> str:
        """Of its incident: `20261125-0007-<step>.zip`."""
        return self.path.stem.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """Where playbooks put packages, for how long (seconds after the end of the incident) and how many bytes."""

    folder: Path
    keep: float
    most: int

    def packages(self, now: float) -> list[Package]:
        """What is there. What was never finished is removed. Raises OSError."""
        if not self.folder.is_dir():
            return []
        for part in self.folder.glob(".*.zip.part"):
            if now - part.stat().st_mtime > _PART:
                part.unlink(missing_ok=True)
        found = ((path, path.stat()) for path in sorted(self.folder.glob("*.zip")))
        return [Package(path, status.st_size, status.st_mtime) for path, status in found]

    def to_go(self, database: Database, packages: Iterable[Package], now: float) -> tuple[list[Package], int]:
        """Inside the caller's transaction: which go now, put on the audit trail; and the bytes too many that stay."""
        packages = list(packages)
        total = sum(package.size for package in packages)
        ended = []
        for package in packages:
            row = database.execute(_ENDED, (package.number,)).fetchone()
            if row is not None:
                id, ended_at, drill = row
                ended.append((max(ended_at, package.at), package.path, id, drill, package))
        gone = []
        for since, path, id, drill, package in sorted(ended):
            old = now - since > self.keep
            if not old and total <= self.most:
                break
            detail = {"file": path.name, "size": package.size, "why": "age" if old else "size"}
            record(database.conn, id, at=now, actor=SENTINEL, action="evidence_removed", **detail)
            audit.append(
                database,
                ts=now,
                actor=SENTINEL,
                action="evidence.removed",
                subject=package.number,
                detail=detail,
                drill=bool(drill),
            )
            total -= package.size
            gone.append(package)
        return gone, max(0, total - self.most)
