"""How kernels are compiled: without the interpreter's lock, and without counting references.

Kernels make no arrays, so numba need not count references to those they are given. With counting, each call
that hands a table of arrays on costs dozens of atomic operations: as much as the packet itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from numba import njit

__all__ = ["inlined", "kernel", "part"]

_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "_nrt": False}
_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, once for all starts."""
    return cast(Callable[..., Any], njit(cache=True, **_OPTIONS)(function))


def part(function: _Function) -> _Function:
    """Compile a function that a kernel calls; it is kept with the kernel."""
    return cast(_Function, njit(**_OPTIONS)(function))


def inlined(function: _Function) -> _Function:
    """Compile a small function that is copied to where a kernel calls it."""
    return cast(_Function, njit(inline="always", **_OPTIONS)(function))
