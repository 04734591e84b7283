"""Folders for what is compiled once and read again at the next start. Nobody else may write there."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["forget_old", "make_trusted", "trusted_folders"]


def trusted_folders(name: str, variable: str) -> Iterator[Path]:
    """Folders called `name` that are ours alone, made where missing, in the order of preference.

    Tried are the base that the environment's `variable` asks for, systemd's CacheDirectory=, the user's
    cache and the temporary folder.
    """
    return filter(make_trusted, _candidates(name, variable))


def make_trusted(folder: Path) -> bool:
    """Make `folder` where it is missing; whether it is ours, writable, and closed to everybody else.

    What is read from there runs: a folder that anyone else made or may write to is not trusted.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o022
    return ours and os.access(folder, os.W_OK | os.X_OK)


def forget_old(base: Path, present: Path, kept: int) -> None:
    """Remove all of `base` but `present` and the `kept` entries that were written last."""
    try:
        former = sorted(
            (entry for entry in base.iterdir() if entry != present),
            key=lambda entry: entry.lstat().st_mtime,
            reverse=True,
        )
    except OSError:
        return
    for entry in former[kept:]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _candidates(name: str, variable: str) -> Iterator[Path]:
    for asked in (variable, "CACHE_DIRECTORY"):
        if value := os.environ.get(asked):
            yield Path(value.split(":")[0]) / name
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and os.environ["HOME"] + "/.cache")
    if home:
        yield Path(home) / "sentinel" / name
    yield Path(tempfile.gettempdir()) / f"sentinel-{name}-{os.getuid()}"
