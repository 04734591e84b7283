"""Memory as kernels need it: arrays in huge pages, copying a stretch of bytes, prefetching a cache line."""

from __future__ import annotations

import contextlib
import mmap
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

__all__ = ["copy_bytes", "prefetch", "zeros"]

_HUGE = 2 << 20
"""Bytes of a huge page."""


def zeros(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """`count` zeroed elements that begin at a page, in huge pages where the kernel has them to give.

    Walked at random, a large array in pages of 4 KiB costs a miss of the address cache at each step. Memory
    is taken only as it is touched, two megabytes at a time.
    """
    dtype = np.dtype(dtype)
    size = max(1, count * dtype.itemsize)
    if size < _HUGE:
        return np.zeros(count, dtype)
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        block.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(block, dtype, count)


@intrinsic
def copy_bytes(typingctx: Any, target: Any, target_at: Any, source: Any, source_at: Any, length: Any) -> Any:
    """memcpy of `length` bytes between one-dimensional uint8 arrays; the caller has checked the bounds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, to_at, of, of_at, size = arguments
        to_data = context.make_array(signature.args[0])(context, builder, to).data
        of_data = context.make_array(signature.args[2])(context, builder, of).data
        cgutils.raw_memcpy(
            builder,
            cgutils.gep(builder, to_data, to_at),
            cgutils.gep(builder, of_data, of_at),
            size,
            1,
        )
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), generate


@intrinsic
def prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]` (a one-dimensional array), to be written soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block, at = arguments
        data = context.make_array(signature.args[0])(context, builder, block).data
        address = builder.bitcast(cgutils.gep(builder, data, at), ir.IntType(8).as_pointer())
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(
                ir.VoidType(), [ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(32), ir.IntType(32)]
            ),
            "llvm.prefetch.p0",
        )
        one, three = ir.Constant(ir.IntType(32), 1), ir.Constant(ir.IntType(32), 3)
        builder.call(function, [address, one, three, one])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
