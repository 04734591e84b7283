"""Giving up privileges: a worker that reads hostile packets keeps CAP_NET_RAW alone."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

__all__ = ["die_with_parent", "keep_only_net_raw"]

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAP_NET_RAW, _CAP_SETPCAP, _LAST_CAP = 13, 8, 40
_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when process `parent` ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)  # it ended before we could ask


def keep_only_net_raw() -> None:
    """Drop every capability but CAP_NET_RAW, and the way to gain others. See capabilities(7)."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(_LAST_CAP + 1):
        if capability != _CAP_NET_RAW:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", _VERSION_3, 0)
    wanted = 1 << _CAP_NET_RAW
    got = ctypes.create_string_buffer(24)
    if _libc.capget(header, got) != 0:
        return
    permitted = struct.unpack("6I", got.raw)[1] & wanted
    data = struct.pack("6I", permitted, permitted, 0, 0, 0, 0)
    if _libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
