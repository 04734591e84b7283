"""NTLM (MS-NLMP): who logs in, whichever protocol carries the messages.

`NtlmLogin` takes the messages of one connection and tells one `ntlm` event a log-in. Any protocol can hold one:
HTTP's `Authorization: NTLM`/`Negotiate`, LDAP's sicily bind, DCE-RPC's verifier. `NegotiationReader` in `spnego.py`
takes what may also be wrapped in SPNEGO.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from sentinel.event.ntlm import Ntlm as NtlmEvent
from sentinel.protocol.analyzer import Emit, Endpoints

__all__ = ["SIGNATURE", "NtlmLogin"]

SIGNATURE: Final = b"NTLMSSP\x00"

_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3
_UNICODE: Final = 1
_TARGET_INFO: Final = 0x0080_0000
_NB_COMPUTER, _DNS_COMPUTER, _DNS_TREE = 1, 3, 5
_MAX_PAIRS: Final = 32
_MAX_NAME: Final = 512


class NtlmLogin:
    """Log-ins of one connection, one after another."""

    __slots__ = ("_emit", "_flow", "_open")

    def __init__(self, flow: Endpoints, emit: Emit) -> None:
        self._flow = flow
        self._emit = emit
        self._open: NtlmEvent | None = None

    def message(self, data: bytes, ts: float) -> bool:
        """Take one message, `NTLMSSP` first; False where it is none."""
        if len(data) < 12 or not data.startswith(SIGNATURE):
            return False
        kind: int = unpack_from("<I", data, 8)[0]
        if kind == _NEGOTIATE:
            if self._open is not None and self._open.username is not None:
                self.finish()  # the answer to the last one was not understood
            self._event(ts)
        elif kind == _CHALLENGE:
            self._challenge(data, self._event(ts))
        elif kind == _AUTHENTICATE:
            self._authenticate(data, self._event(ts))
        else:
            self._flow.weird("NTLM_unknown_message", ts, str(kind), "NTLM")
        return True

    def concluded(self, success: bool) -> None:
        """The protocol around says how the log-in ended; nothing where none is open."""
        if self._open is not None:
            self._open.success = success
            self.finish()

    def finish(self) -> None:
        """Tell a log-in whose end was not seen."""
        if self._open is not None:
            self._emit(self._open)
            self._open = None

    def _event(self, ts: float) -> NtlmEvent:
        if self._open is None:
            flow = self._flow
            self._open = NtlmEvent(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
            )
        return self._open

    def _challenge(self, data: bytes, event: NtlmEvent) -> None:
        if len(data) < 48 or not unpack_from("<I", data, 20)[0] & _TARGET_INFO:
            return
        pairs = _buffer(data, 40)
        at = 0
        for _ in range(_MAX_PAIRS):  # AV_PAIR (2.2.2.1): id, length, value; id 0 ends the list
            if at + 4 > len(pairs):
                return
            kind, length = unpack_from("<HH", pairs, at)
            value = pairs[at + 4 : at + 4 + min(length, _MAX_NAME)].decode("utf-16-le", "replace")
            if kind == 0:
                return
            if kind == _NB_COMPUTER:
                event.server_nb_computer_name = value
            elif kind == _DNS_COMPUTER:
                event.server_dns_computer_name = value
            elif kind == _DNS_TREE:
                event.server_tree_name = value
            at += 4 + length

    def _authenticate(self, data: bytes, event: NtlmEvent) -> None:
        if len(data) < 52:
            return
        flags = unpack_from("<I", data, 60)[0] if len(data) >= 64 else _UNICODE
        encoding = "utf-16-le" if flags & _UNICODE else "latin-1"

        def name(at: int) -> str | None:
            return _buffer(data, at)[:_MAX_NAME].decode(encoding, "replace") or None

        event.domainname, event.username, event.hostname = name(28), name(36), name(44)


def _buffer(data: bytes, at: int) -> bytes:
    """What the length and offset at `at` point to (2.2.1: length, room, offset)."""
    length, _, offset = unpack_from("<HHI", data, at)
    return data[offset : offset + length]
