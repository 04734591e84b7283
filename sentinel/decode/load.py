"""Loads of big-endian numbers from memory, for kernels: one machine load and one byte swap each.

They take the address of a block, not an array: an array that is passed from function to function costs
atomic reference counts, an address costs nothing. The kernel's entry keeps the array alive.

They check no bounds. The caller has compared the position with the end of the frame before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["load8", "load16", "load32", "load48", "load64"]

Load = Callable[[int, int], Any]


def _loader(bits: int, result: types.Integer) -> Load:
    """A kernel function `(address of a block, position in it) -> number` that reads `bits` bits as `result`."""

    @intrinsic
    def load(context: Any, data: Any, position: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            word = ir.IntType(bits)
            address = builder.inttoptr(builder.add(*arguments), word.as_pointer())
            value = builder.load(address, align=1)
            if bits > 8:
                value = builder.bswap(value)
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return result(types.int64, types.int64), generate

    return cast(Load, load)


load8: Final = _loader(8, types.int64)
load16: Final = _loader(16, types.int64)
load32: Final = _loader(32, types.int64)
load48: Final = _loader(48, types.uint64)
"""A MAC address."""
load64: Final = _loader(64, types.uint64)
