"""BPF filters: tcpdump's expressions, compiled by the system's libpcap, run by the kernel.

An empty expression needs no libpcap. The kernel takes the outer VLAN tag out of a frame before filters see it: `vlan`
does not match that one.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from sentinel.text import Message, MessageError

__all__ = ["FilterError", "Instruction", "NoLibpcap", "compile_filter"]

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, operand: struct sock_filter."""


class FilterError(MessageError, ValueError):
    """The expression is wrong."""


class NoLibpcap(FilterError):
    """Nobody can say whether the expression is right: libpcap is missing."""


class _Insn(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Insn)))


def compile_filter(expression: str, linktype: int = 1, snaplen: int = 65535) -> list[Instruction]:
    """Instructions of a filter expression; an empty list for an empty one. Raises `FilterError`."""
    if not expression.strip():
        return []
    pcap = _libpcap()
    handle = pcap.pcap_open_dead(linktype, snaplen)
    if not handle:
        raise FilterError(Message("capture.filter-linktype", linktype=linktype))
    program = _Program()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, 0xFFFFFFFF) != 0:
            raise FilterError(
                Message(
                    "capture.filter-wrong",
                    reason=pcap.pcap_geterr(handle).decode(errors="replace"),
                )
            )
        found = [program.instructions[number] for number in range(program.length)]
        instructions = [(insn.code, insn.jt, insn.jf, insn.k) for insn in found]
        pcap.pcap_freecode(ctypes.byref(program))
        return instructions
    finally:
        pcap.pcap_close(handle)


def _libpcap() -> Any:
    name = ctypes.util.find_library("pcap") or "libpcap.so.0.8"
    try:
        pcap = ctypes.CDLL(name)
    except OSError as error:
        raise NoLibpcap(Message("capture.no-libpcap")) from error
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    pcap.pcap_open_dead.argtypes = [ctypes.c_int, ctypes.c_int]
    pcap.pcap_compile.argtypes = [
        ctypes.c_void_p,
        ctypes.POINTER(_Program),
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint32,
    ]
    pcap.pcap_geterr.argtypes = [ctypes.c_void_p]
    pcap.pcap_geterr.restype = ctypes.c_char_p
    pcap.pcap_freecode.argtypes = [ctypes.POINTER(_Program)]
    pcap.pcap_close.argtypes = [ctypes.c_void_p]
    return pcap
