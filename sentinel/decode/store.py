"""Stores to memory, for kernels: the counterpart of `load`, by the address of a block. They check no bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["copy_bytes", "fill_bytes", "store16"]

_BYTE: Final = ir.IntType(8)


@intrinsic
def _copy_bytes(context: Any, target: Any, source: Any, length: Any) -> Any:
    """memcpy of `length` bytes from address `source` to address `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, length = arguments
        pointer = _BYTE.as_pointer()
        cgutils.raw_memcpy(  # type: ignore[no-untyped-call]
            builder, builder.inttoptr(target, pointer), builder.inttoptr(source, pointer), length, 1
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _fill_bytes(context: Any, target: Any, length: Any, value: Any) -> Any:
    """memset of `length` bytes at address `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, length, value = arguments
        cgutils.memset(  # type: ignore[no-untyped-call]
            builder,
            builder.inttoptr(target, _BYTE.as_pointer()),
            length,
            builder.trunc(value, _BYTE),
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _store16(context: Any, target: Any, value: Any) -> Any:
    """Write a big-endian number of 16 bits at address `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, value = arguments
        word = ir.IntType(16)
        builder.store(
            builder.bswap(builder.trunc(value, word)), builder.inttoptr(target, word.as_pointer()), align=1
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


copy_bytes: Final = cast(Callable[[Any, Any, Any], None], _copy_bytes)
fill_bytes: Final = cast(Callable[[Any, Any, Any], None], _fill_bytes)
store16: Final = cast(Callable[[Any, Any], None], _store16)
