"""A stamp of source files. Numba's disk cache asks only whether the file of the outermost kernel changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["source_stamp"]


def source_stamp(*folders: Path) -> int:
    """A number (63 bits) of the Python sources that stand in `folders`; the same for the same text.

    A kernel that holds it in a closure is compiled anew when any of them changes.
    """
    digest = hashlib.blake2b(digest_size=8)
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return int.from_bytes(digest.digest(), "big") >> 1
