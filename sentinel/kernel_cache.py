"""Where compiled kernels are kept.

numba notices a change in the file of a kernel, not in the files of the kernels that it calls. So all
compiled kernels lie in a folder named after the state of all sources: a change anywhere begins a new one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["use_kernel_cache"]

_KEPT = 4
"""Folders of former states that stay: another checkout or version may still use them."""


def use_kernel_cache() -> Path | None:
    """Point numba (not yet imported) at the folder for the present sources; None where no folder can be written."""
    state = _state_of_sources(Path(__file__).parent)
    for base in _candidates():
        folder = base / state
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            trusted = _is_ours(base) and _is_ours(folder)
        except OSError:
            continue
        if trusted and os.access(folder, os.W_OK | os.X_OK):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            _forget_old(base, folder)
            return folder
    return None


def _candidates() -> Iterator[Path]:
    """Base folders to try: what was asked for, systemd's CacheDirectory=, the user's cache, a temporary one."""
    for variable in ("SENTINEL_KERNEL_CACHE", "CACHE_DIRECTORY"):
        if value := os.environ.get(variable):
            yield Path(value.split(":")[0]) / "kernels"
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and os.environ["HOME"] + "/.cache")
    if home:
        yield Path(home) / "sentinel" / "kernels"
    yield Path(tempfile.gettempdir()) / f"sentinel-kernels-{os.getuid()}"


def _is_ours(folder: Path) -> bool:
    """Compiled code is loaded from here: nobody else may have made it or may write to it."""
    about = folder.lstat()
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o022


def _state_of_sources(package: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(package.glob("*/*.py")):
        about = path.stat()
        digest.update(f"{path}:{about.st_size}:{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _forget_old(base: Path, present: Path) -> None:
    try:
        former = sorted(
            (entry for entry in base.iterdir() if entry != present and entry.is_dir()),
            key=lambda entry: entry.stat().st_mtime,
            reverse=True,
        )
    except OSError:
        return
    for entry in former[_KEPT:]:
        shutil.rmtree(entry, ignore_errors=True)
