"""Where compiled kernels are kept.

numba notices a change in the file of a kernel, not in the files of the kernels that it calls. So all
compiled kernels lie in a folder named after the state of all sources: a change anywhere begins a new one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sentinel.cache_folder import forget_old, make_trusted, trusted_folders

__all__ = ["tolerate_failing_cache", "use_kernel_cache"]

_KEPT = 16
"""Folders of former states that stay: another checkout or version may still use them."""


def use_kernel_cache() -> Path | None:
    """Point numba (not yet imported) at the folder for the present sources; None where no folder can be written."""
    state = _state_of_sources(Path(__file__).parent)
    for base in trusted_folders("kernels", "SENTINEL_KERNEL_CACHE"):
        folder = base / state
        if make_trusted(folder):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            forget_old(base, folder, _KEPT)
            return folder
    _compile_in_memory()
    return None


def tolerate_failing_cache(tell: Callable[[OSError], None]) -> None:
    """Let kernels that cannot be kept (a full disk) be compiled again at the next start; `tell` hears it once.

    To be called once numba is imported; without numba there is nothing to do.
    """
    caching = sys.modules.get("numba.core.caching")
    if caching is None:
        return
    save = caching.IndexDataCacheFile.save
    told: list[OSError] = []

    def save_where_possible(file: Any, key: Any, data: Any) -> None:
        try:
            save(file, key, data)
        except OSError as error:
            if not told:
                told.append(error)
                tell(error)

    caching.IndexDataCacheFile.save = save_where_possible


def _compile_in_memory() -> None:
    """There is no folder at all: numba would refuse to go on."""
    from numba.core import dispatcher

    dispatcher.Dispatcher.enable_caching = lambda function: None  # type: ignore[assignment, method-assign]


def _state_of_sources(package: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(package.glob("*/*.py")):
        about = path.stat()
        digest.update(f"{path}:{about.st_size}:{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
