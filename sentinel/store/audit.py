"""The audit trail: what people and playbooks did, in a chain of hashes that shows any later change.

Each row's hash is SHA-256 over the former row's hash and the row itself in canonical JSON (keys sorted, no white
space, UTF-8). The database refuses to change or delete rows; whoever goes round that breaks the chain. That rows
are missing at the end is seen only against a `head` noted elsewhere (a hand-over, an evidence package).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["AuditHead", "AuditRow", "append", "head", "rows", "verify"]

_COLUMNS = "id, ts, actor, action, subject, detail, drill, hash"
_START = "0" * 64
"""What stands in the place of the hash before the first row's."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing done."""

    id: int
    """1, 2, 3 … without gaps."""
    ts: float
    """When, seconds since 1970 UTC."""
    actor: str
    """Who: a person's name, or `playbook:<run>`, or `sentinel`."""
    action: str
    """What: a dotted verb such as `playbook.approve`."""
    subject: str
    """To what: an incident's number, a run, an address."""
    detail: Mapping[str, Any]
    drill: bool
    hash: str
    """Of this row and all before it, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the trail: later trails must hold this row with this hash."""

    id: int
    hash: str


def append(
    database: Database,
    *,
    ts: float,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    drill: bool = False,
) -> AuditHead:
    """Add a row, inside the caller's transaction: it is on the trail exactly if what it tells of is committed."""
    former = head(database)
    id = former.id + 1
    values = (id, float(ts), _text(actor), _text(action), _text(subject), _canonical(detail), int(drill))
    digest = _hash(former.hash, values)
    database.conn.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, digest)
    )
    return AuditHead(id, digest)


def head(database: Database) -> AuditHead:
    """The last row's id and hash; id 0 while there is none."""
    row = database.conn.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return AuditHead(*row) if row else AuditHead(0, _START)


def rows(database: Database, *, subject: str | None = None, limit: int = 1000) -> list[AuditRow]:
    """The latest rows, of one subject or of all, oldest first."""
    where = "" if subject is None else "WHERE subject = ?"
    values = (limit,) if subject is None else (subject, limit)
    query = f"SELECT {_COLUMNS} FROM audit {where} ORDER BY id DESC LIMIT ?"
    found = database.conn.execute(query, values).fetchall()
    return [
        AuditRow(id, ts, actor, action, subject, json.loads(detail), bool(drill), digest)
        for id, ts, actor, action, subject, detail, drill, digest in reversed(found)
    ]


def verify(database: Database, noted: AuditHead | None = None) -> int | None:
    """The id of the first row that is not what was written, or None where all are.

    A missing row counts at the place where it should stand; so does the row of `noted`, a former `head`.
    """
    former = _START
    expected = 1
    for row in _all(database):
        if row[0] != expected or row[7] != _hash(former, row[:7]):
            return expected
        if noted is not None and noted.id == expected and noted.hash != row[7]:
            return expected
        former = row[7]
        expected += 1
    return expected if noted is not None and noted.id >= expected else None


def _all(database: Database) -> Iterator[tuple[Any, ...]]:
    yield from database.conn.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY id")


def _hash(former: str, values: tuple[Any, ...]) -> str:
    names = ("id", "ts", "actor", "action", "subject", "detail", "drill")
    line = _canonical(dict(zip(names, values, strict=True)))
    return hashlib.sha256(former.encode() + line.encode()).hexdigest()


def _canonical(value: Mapping[str, Any]) -> str:
    line = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return _text(line)


def _text(value: str) -> str:
    """Without lone surrogates, which SQLite refuses."""
    return value.encode("utf-8", "backslashreplace").decode()
