"""Hyperscan databases, compiled once and kept between starts: the many literals of a field take long to compile.

A database is known by its expressions, flags, Hyperscan's version and the processor. Hyperscan checks a kept one
for damage and for the processor it was made for; what it refuses is compiled again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import hyperscan

from sentinel.cache_folder import forget_old, trusted_folders

__all__ = ["database_of"]

_WORTH_KEEPING: Final = 0.002
"""Seconds; what compiles faster is compiled each time."""
_KEPT: Final = 2000
"""Databases that stay."""
_VARIABLE: Final = "SENTINEL_RULE_CACHE"


def database_of(expressions: Sequence[bytes], flags: Sequence[int]) -> hyperscan.Database:
    """The database whose expression `n` is `expressions[n]`. Raises hyperscan.HyperscanError."""
    path = _path_of(expressions, flags)
    if path is not None and (kept := _read(path)) is not None:
        return kept
    began = time.perf_counter()
    database = hyperscan.Database()
    database.compile(
        expressions=list(expressions), ids=list(range(len(flags))), elements=len(flags), flags=list(flags)
    )
    if path is not None and time.perf_counter() - began > _WORTH_KEEPING:
        _keep(path, database)
    return database


def _path_of(expressions: Sequence[bytes], flags: Sequence[int]) -> Path | None:
    folder = _folder(os.environ.get(_VARIABLE))
    if folder is None:
        return None
    digest = hashlib.sha256(_platform().encode())
    for expression, flag in zip(expressions, flags, strict=True):
        digest.update(b"%d %d " % (flag, len(expression)) + expression)
    return folder / digest.hexdigest()


@functools.cache
def _folder(asked: str | None) -> Path | None:
    return next(trusted_folders("hyperscan", _VARIABLE), None)


@functools.cache
def _platform() -> str:
    return f"{version('hyperscan')} {platform.machine()} {platform.python_version()}"


def _read(path: Path) -> hyperscan.Database | None:
    try:
        data = path.read_bytes()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        database = hyperscan.loadb(data[32:], hyperscan.HS_MODE_BLOCK)
    except (OSError, hyperscan.HyperscanError):
        return None
    return database


def _keep(path: Path, database: hyperscan.Database) -> None:
    """A full disk stops nothing: the next start compiles again."""
    data = hyperscan.dumpb(database)
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(data).digest() + data)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        if hash(path.name) % 64 == 0:
            forget_old(path.parent, path, _KEPT)
