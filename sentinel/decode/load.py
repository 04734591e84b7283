"""Loads of big-endian numbers from a byte array, for kernels: one machine load and one byte swap each.

They check no bounds. The caller has compared the position with the end of the frame before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["load8", "load16", "load32", "load48", "load64"]

Load = Callable[[Any, int], Any]


def _loader(bits: int, result: types.Integer) -> Load:
    """A kernel function `(data, position) -> number` that reads `bits` bits as `result`."""

    @intrinsic  # type: ignore[untyped-decorator]
    def load(context: Any, data: Any, position: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
            word = ir.IntType(bits)
            address = builder.bitcast(builder.gep(array.data, [arguments[1]]), word.as_pointer())
            value = builder.load(address, align=1)
            if bits > 8:
                value = builder.bswap(value)
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return result(data, types.int64), generate

    return load  # type: ignore[no-any-return]


load8: Final = _loader(8, types.int64)
load16: Final = _loader(16, types.int64)
load32: Final = _loader(32, types.int64)
load48: Final = _loader(48, types.uint64)
"""A MAC address."""
load64: Final = _loader(64, types.uint64)
