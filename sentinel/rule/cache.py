"""Compiled rules kept between starts: one file a set of rule folders, one entry a rule file, keyed by its content.

Parsing Sigma takes about a millisecond a rule; reading a compiled one a hundredth of that. An entry is used
only while the bytes of the rule file, this program's sources and the libraries that parse are the same, so one
edited rule compiles one file. A damaged cache is counted and built anew; a place to keep it need not exist.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from sentinel import __version__
from sentinel.cache_folder import forget_old, trusted_folders
from sentinel.rule.compiled import Compiled
from sentinel.rule.rule import Document, RuleProblem

__all__ = ["RuleCache"]

_KEPT = 16
"""Caches of other sets of folders that stay."""
_LIBRARIES = ("pysigma", "PyYAML", "msgspec")
_VARIABLE = "SENTINEL_RULE_CACHE"


class _Contents(msgspec.Struct, array_like=True):
    state: str
    entries: dict[bytes, msgspec.Raw]


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"no {type(value).__name__} can be kept")


def _from_plain(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"no {kind} is kept")


_encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)
_decoder = msgspec.msgpack.Decoder(Compiled, dec_hook=_from_plain)
_contents = msgspec.msgpack.Decoder(_Contents)


class RuleCache:
    """Entries for the rule files below `places`, read at once; `keep` writes what was used and added.

    `circumstances` is whatever else decides what a file compiles to: pipelines, lists of values.
    """

    def __init__(self, places: Iterable[str], circumstances: str = "") -> None:
        self.damaged = 0
        """Caches and entries that could not be read."""
        self._state = _state(circumstances)
        name = hashlib.sha256("\0".join(places).encode()).hexdigest()[:16]
        folder = next(trusted_folders("rules", _VARIABLE), None)
        self._path = None if folder is None else folder / f"{name}.msgpack"
        self._entries: dict[bytes, msgspec.Raw] = {}
        self._used: dict[bytes, msgspec.Raw | bytes] = {}
        self._added = 0
        self._read()

    @property
    def added(self) -> int:
        """Files that were not here."""
        return self._added

    def get(self, path: Path, content: bytes) -> Compiled | None:
        """What `path` became when it held `content`; None where that is not known."""
        key = _key(path, content)
        entry = self._entries.get(key)
        if entry is None:
            return None
        try:
            compiled = _decoder.decode(entry)
        except (msgspec.MsgspecError, ValueError):
            self.damaged += 1
            return None
        self._used[key] = entry
        return _at(path, compiled)

    def put(self, path: Path, content: bytes, compiled: Compiled) -> None:
        """Remember what `path` became. What cannot be written (numbers past 64 bits, bytes) is compiled each time."""
        with contextlib.suppress(NotImplementedError, OverflowError, TypeError, RecursionError, UnicodeError):
            self._used[_key(path, content)] = _encoder.encode(compiled)
            self._added += 1

    def keep(self) -> None:
        """Write the entries used since the start, where that differs from what is on the disk."""
        if self._path is None or (not self._added and len(self._used) == len(self._entries)):
            return
        entries = {key: msgspec.Raw(entry) for key, entry in self._used.items()}
        body = msgspec.msgpack.encode(_Contents(self._state, entries))
        with contextlib.suppress(OSError):  # a full disk: the next start compiles again
            _replace(self._path, hashlib.sha256(body).digest() + body)
            forget_old(self._path.parent, self._path, _KEPT)

    def _read(self) -> None:
        try:
            data = b"" if self._path is None else self._path.read_bytes()
        except OSError:
            return
        if not data:
            return
        digest, body = data[:32], data[32:]
        try:
            if hashlib.sha256(body).digest() != digest:
                raise ValueError("the digest differs")
            contents = _contents.decode(body)
        except (msgspec.MsgspecError, ValueError):
            self.damaged += 1
            return
        if contents.state == self._state:
            self._entries = contents.entries


def _key(path: Path, content: bytes) -> bytes:
    """A file's name counts too: rules without an id get one from it."""
    return hashlib.sha256(path.name.encode("utf-8", "surrogateescape") + b"\0" + content).digest()[:16]


def _at(path: Path, compiled: Compiled) -> Compiled:
    """The same bytes may have been compiled in another place."""
    made: list[Document | RuleProblem] = [*compiled.documents(), *compiled.problems]
    for one in made:
        if one.path != path:
            msgspec.structs.force_setattr(one, "path", path)
    return compiled


def _state(circumstances: str) -> str:
    """Differs whenever the same rule file might compile to something else."""
    digest = hashlib.sha256(f"{__version__} {sys.version} {circumstances}".encode())
    for library in _LIBRARIES:
        digest.update(version(library).encode())
    for source in sorted(Path(__file__).parent.rglob("*")):
        if source.suffix in (".py", ".yml"):
            about = source.stat()
            digest.update(f"{source}:{about.st_size}:{about.st_mtime_ns}".encode())
    return digest.hexdigest()


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, whoever else writes it at the same time."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
