"""The evidence package of an incident: one zip whose manifest names every file with its digests.

The SHA-256 of the manifest and of the whole file go onto the timeline, which only grows: so a package that was changed
together with its manifest, or in a byte that no file of it holds, is still told from the one that was made.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from sqlite_utils import Database

from sentinel.incident.fault import IncidentError
from sentinel.incident.incident import Incident, find_incident
from sentinel.incident.timeline import entries, record
from sentinel.store import audit
from sentinel.text import Message

__all__ = ["Checked", "Made", "Recorded", "make_evidence", "record_evidence", "recorded", "verify_evidence"]

_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 64 << 20
_BLOCK: Final = 1 << 20


class _File(msgspec.Struct, omit_defaults=True):
    path: str
    size: int
    sha256: str
    sm3: str = ""
    """GB/T 32905-2016, where it was asked for."""


class _Manifest(msgspec.Struct):
    incident: str
    made_at: float
    made_by: str
    drill: bool
    files: list[_File]
    missing: list[str]
    """What the package would hold, had it been kept."""
    changed: list[str] = []
    """What it holds, but no longer with the digest under which it was registered."""
    audit_row: int = 0
    """The audit trail's last row at that time, whose hash shows later whether its end was cut off; 0: it was empty."""
    audit_hash: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A package that was written, and is not yet on the timeline."""

    incident: int
    digest: str
    """SHA-256 of the manifest."""
    whole: str
    """SHA-256 of the whole file."""
    files: int
    missing: list[str]
    changed: list[str]


@dataclass(frozen=True, slots=True)
class Checked:
    """A package that agrees with its manifest."""

    incident: str
    files: int
    digest: str
    """SHA-256 of the manifest."""
    whole: str
    """SHA-256 of the whole file."""
    missing: list[str]
    changed: list[str]


class Recorded(enum.Enum):
    """What the timeline knows of a package."""

    NO = "no"
    CONTENT = "content"
    """Its manifest, but the file around it is another."""
    WHOLE = "whole"
    """This very file."""


def make_evidence(
    connection: Any,
    asked: int | str,
    target: Path,
    *,
    actor: str,
    now: float,
    attachments: Path,
    events: Path | None = None,
    sm3: bool = False,
) -> Made:
    """Write the package to `target`, from a database that is only read; `record_evidence` it then.

    `events` is the folder of event files, where there is one. Raises IncidentError.
    """
    incident = find_incident(connection, asked)
    part = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            package = _Package(archive, sm3)
            missing = list(_fill(connection, incident, package, attachments, events))
            end = audit.head(Database(connection, execute_plugins=False))
            manifest = _Manifest(
                incident=incident.number,
                made_at=now,
                made_by=actor,
                drill=incident.drill,
                files=package.files,
                missing=missing,
                changed=package.changed,
                audit_row=end.id,
                audit_hash=end.hash,
            )
            written = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
            archive.writestr(_MANIFEST, written)
        whole = _kept(part)
        part.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise IncidentError(Message("evidence.cannot-write", path=target, reason=reason)) from error
    finally:
        part.unlink(missing_ok=True)
    digest = hashlib.sha256(written).hexdigest()
    return Made(incident.id, digest, whole, len(package.files), missing, package.changed)


def record_evidence(connection: Any, made: Made, *, actor: str, now: float) -> None:
    """Put onto the timeline, in a short transaction, that the package was made."""
    record(
        connection,
        made.incident,
        at=now,
        actor=actor,
        action="evidence",
        manifest=made.digest,
        package=made.whole,
        files=made.files,
        missing=made.missing,
        changed=made.changed,
    )


def verify_evidence(package: Path) -> Checked:
    """Read every file of `package` and compare. Raises IncidentError saying what does not agree."""
    try:
        with zipfile.ZipFile(package) as archive:
            return _verify(archive, package)
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise IncidentError(Message("evidence.unreadable", path=package, reason=error)) from error
    except Exception as error:
        if isinstance(error, IncidentError):
            raise
        # zlib's own errors have no name that zipfile promises
        raise IncidentError(Message("evidence.unreadable", path=package, reason=error)) from error


def recorded(connection: Any, checked: Checked) -> Recorded:
    """What the timeline of its incident knows of it."""
    rows = connection.execute(
        "SELECT detail FROM incident_timeline t JOIN incident i ON i.id = t.incident"
        " WHERE i.number = ? AND action = 'evidence'",
        (checked.incident,),
    )
    known = [detail for (row,) in rows if (detail := json.loads(row)).get("manifest") == checked.digest]
    if not known:
        return Recorded.NO
    # Packages of earlier versions are known by their manifest alone.
    same = any(detail.get("package", checked.whole) == checked.whole for detail in known)
    return Recorded.WHOLE if same else Recorded.CONTENT


class _Package:
    """A zip that is being written, with the digests of what went in."""

    def __init__(self, archive: zipfile.ZipFile, sm3: bool) -> None:
        self._archive = archive
        self._sm3 = sm3
        self.files: list[_File] = []
        self.changed: list[str] = []

    def free(self, stem: str, suffix: str) -> str:
        """A path that no file has: two names may look alike once they are made safe."""
        taken, path, number = {file.path for file in self.files}, f"{stem}{suffix}", 1
        while path in taken:
            number += 1
            path = f"{stem}.{number}{suffix}"
        return path

    def add(self, path: str, blocks: Iterable[bytes], registered: str = "") -> None:
        """Write a file; `registered` is the SHA-256 that it should have, where one was kept."""
        digests = _Digests(self._sm3)
        with self._archive.open(path, "w", force_zip64=True) as opened:
            for block in blocks:
                digests.update(block)
                opened.write(block)
        file = digests.file(path)
        self.files.append(file)
        if registered and file.sha256 != registered:
            self.changed.append(path)


class _Digests:
    def __init__(self, sm3: bool) -> None:
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._sm3 = hashes.Hash(hashes.SM3()) if sm3 else None

    def update(self, block: bytes) -> None:
        self._size += len(block)
        self._sha256.update(block)
        if self._sm3 is not None:
            self._sm3.update(block)

    def file(self, path: str) -> _File:
        sm3 = self._sm3.finalize().hex() if self._sm3 is not None else ""
        return _File(path, self._size, self._sha256.hexdigest(), sm3)


def _fill(
    connection: Any, incident: Incident, package: _Package, attachments: Path, events: Path | None
) -> Iterator[str]:
    """Put everything into `package`; what is not there any more, or never was kept."""
    package.add("incident.json", _document(asdict(incident)))
    package.add("timeline.jsonl", (_line(asdict(entry)) for entry in entries(connection, incident.id)))
    package.add("alerts.jsonl", _table(connection, _ALERTS, incident.id))
    package.add("findings.jsonl", _table(connection, _FINDINGS, incident.id))
    package.add("clocks.jsonl", _table(connection, _CLOCKS, incident.id))
    versions = []
    for rule_id, digest, kept_at, text in connection.execute(_RULES, (incident.id,)).fetchall():
        path = package.free(f"rules/{_safe(rule_id)}", ".yml")
        package.add(path, [text.encode()], digest)
        versions.append(_line({"rule_id": rule_id, "path": path, "sha256": digest, "kept_at": kept_at}))
    package.add("rules.jsonl", versions)
    for rule_id, text in connection.execute(_UNKEPT_RULES, (incident.id, incident.id)).fetchall():
        yield f"rules/{_safe(rule_id)}.yml ({text})"
    for id, name, digest in connection.execute(_ATTACHMENTS, (incident.id,)).fetchall():
        kept = attachments / digest
        if kept.is_file():
            package.add(f"attachments/{id}-{_safe(name)}", _blocks(kept.open("rb")), digest)
        else:
            yield f"attachments/{id}-{_safe(name)}"
    if events is not None and events.is_dir():
        uids = {uid for (uid,) in connection.execute(_UIDS, (incident.id,))}
        for file in sorted(events.glob("*.log")):
            package.add(package.free(f"events/{_safe(file.stem)}", ".log"), _of_flows(file, uids))
    else:
        yield "events"
    yield "packets"


_ALERTS: Final = (
    "SELECT a.* FROM alert a JOIN incident_alert l ON l.alert = a.rowid WHERE l.incident = ? ORDER BY a.rowid"
)
_FINDINGS: Final = "SELECT * FROM incident_finding WHERE incident = ? ORDER BY fingerprint"
_CLOCKS: Final = "SELECT * FROM incident_clock WHERE incident = ? ORDER BY clock"
_RULES: Final = (
    "SELECT rule_id, r.sha256, kept_at, text FROM incident_rule r JOIN rule_text t ON t.sha256 = r.sha256"
    " WHERE incident = ? ORDER BY rule_id, kept_at"
)
_UNKEPT_RULES: Final = (
    "SELECT DISTINCT rule_id, title FROM incident_finding WHERE incident = ? AND rule_id NOT IN"
    " (SELECT rule_id FROM incident_rule WHERE incident = ?) ORDER BY rule_id"
)
_ATTACHMENTS: Final = "SELECT id, name, sha256 FROM incident_attachment WHERE incident = ? ORDER BY id"
_UIDS: Final = (
    "SELECT DISTINCT uid FROM alert a JOIN incident_alert l ON l.alert = a.rowid"
    " WHERE l.incident = ? AND uid IS NOT NULL"
)


def _table(connection: Any, query: str, id: int) -> Iterator[bytes]:
    cursor = connection.execute(query, (id,))
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield _line(dict(zip(names, row, strict=True)))


def _of_flows(file: Path, uids: set[str]) -> Iterator[bytes]:
    """The lines of an event file that belong to flows of the incident."""
    with file.open("rb") as lines:
        for line in lines:
            _, found, rest = line.partition(b'"uid":"')
            if found and rest.partition(b'"')[0].decode("ascii", "replace") in uids:
                yield line


def _verify(archive: zipfile.ZipFile, package: Path) -> Checked:
    names = archive.namelist()
    if names.count(_MANIFEST) != 1 or archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
        raise _bad(package, _MANIFEST)
    written = archive.read(_MANIFEST)
    try:
        manifest = msgspec.json.decode(written, type=_Manifest)
    except msgspec.MsgspecError as error:
        raise _bad(package, f"{_MANIFEST}: {error}") from error
    listed = [file.path for file in manifest.files]
    if len(set(names)) != len(names) or len(set(listed)) != len(listed):
        raise _bad(package, "duplicate names")
    if differing := sorted(set(names) - {_MANIFEST} ^ set(listed)):
        raise _bad(package, differing[0])
    for file in manifest.files:
        if archive.getinfo(file.path).file_size != file.size:
            raise _bad(package, file.path)
        digests = _Digests(bool(file.sm3))
        for block in _blocks(archive.open(file.path)):
            digests.update(block)
        if digests.file(file.path) != file:
            raise _bad(package, file.path)
    with package.open("rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return Checked(
        manifest.incident,
        len(manifest.files),
        hashlib.sha256(written).hexdigest(),
        digest,
        manifest.missing,
        manifest.changed,
    )


def _bad(package: Path, reason: str) -> IncidentError:
    return IncidentError(Message("evidence.bad", path=package, reason=reason))


def _kept(file: Path) -> str:
    """SHA-256 of `file`, which is on the disk from now on and is no one else's to read."""
    file.chmod(0o640)
    with file.open("rb") as written:
        os.fsync(written.fileno())
        return hashlib.file_digest(written, "sha256").hexdigest()


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _safe(name: str) -> str:
    """A name that stays inside its folder, whoever chose it."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[:100].lstrip(".")
        or "_"
    )


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n"


def _document(document: dict[str, Any]) -> list[bytes]:
    return [json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"]
