"""Log-ins wrapped in SPNEGO (RFC 4178) or GSS-API (RFC 2743), or bare: NTLM and Kerberos inside other protocols."""

from __future__ import annotations

from typing import Final

from sentinel.protocol import der
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.kerberos import shown_ticket
from sentinel.protocol.ntlm import SIGNATURE, NtlmLogin

__all__ = ["NegotiationReader"]

_NEGOTIATION_RESPONSE: Final = 0xA1
_SPNEGO: Final = bytes.fromhex("2b0601050502")
_KERBEROS: Final = (bytes.fromhex("2a864886f712010202"), bytes.fromhex("2a864882f712010202"))
"""Kerberos 5 as RFC 4121 names it, and as Windows does."""
_AP_REQ: Final = b"\x01\x00"
_COMPLETED, _REJECTED = 0, 2


class NegotiationReader:
    """What both sides of a connection say to log in. It tells `ntlm` and `kerberos` events."""

    def __init__(self, flow: Endpoints, emit: Emit) -> None:
        self._flow = flow
        self._emit = emit
        self.ntlm = NtlmLogin(flow, emit)
        """The NTLM log-in inside, if there is one."""

    def token(self, data: bytes, ts: float) -> None:
        """Take one token of either side."""
        if data.startswith(SIGNATURE):
            self._ntlm(data, ts)
        elif data[:1] == b"\x60":
            self._initial(data, ts)
        elif data[:1] == b"\x6e":  # an AP-REQ as DCE-RPC sends it
            self._ticket(data, ts)
        elif data[:1] in (b"\xa0", b"\xa1"):
            self._negotiation(data, 0, len(data), ts)
            self._flow.carries("gssapi")

    def concluded(self, success: bool) -> None:
        """The protocol around says how the log-in ended."""
        self.ntlm.concluded(success)

    def finish(self) -> None:
        """Tell what is still open."""
        self.ntlm.finish()

    def _ntlm(self, data: bytes, ts: float) -> None:
        if self.ntlm.message(data, ts):
            self._flow.carries("ntlm")

    def _initial(self, data: bytes, ts: float, inner: bool = False) -> None:
        """RFC 2743 section 3.1: a mechanism's name and what belongs to it."""
        try:
            outer = der.read(data, 0, len(data))
            name = der.read(data, outer[2], outer[3])
        except der.DerError:
            self._flow.weird("gssapi_unreadable_token", ts, None, "GSSAPI")
            return
        mechanism = data[name[2] : name[3]]
        if mechanism == _SPNEGO and not inner:
            self._negotiation(data, name[3], outer[3], ts)
            self._flow.carries("gssapi")
        elif mechanism in _KERBEROS:
            if data[name[3] : name[3] + 2] == _AP_REQ:
                self._ticket(data[name[3] + 2 : outer[3]], ts)

    def _ticket(self, data: bytes, ts: float) -> None:
        event = shown_ticket(self._flow, data, ts)
        if event is not None:
            self._flow.carries("krb")
            self._emit(event)

    def _negotiation(self, data: bytes, at: int, end: int, ts: float) -> None:
        """NegTokenInit or NegTokenResp (RFC 4178 section 4.2)."""
        try:
            outer = der.read(data, at, end)
            fields = der.tagged(data, der.read(data, outer[2], outer[3]))
        except der.DerError:
            self._flow.weird("gssapi_unreadable_token", ts, None, "GSSAPI")
            return
        inner = fields.get(2)
        if inner is not None and inner[0] == der.OCTET_STRING:
            token = data[inner[2] : inner[3]]
            if token.startswith(SIGNATURE):
                self._ntlm(token, ts)
            elif token[:1] == b"\x60":
                self._initial(token, ts, inner=True)
            elif token[:1] == b"\x6e":
                self._ticket(token, ts)
        if outer[0] == _NEGOTIATION_RESPONSE:
            state = der.integer(data, fields.get(0))
            if state in (_COMPLETED, _REJECTED):
                self.ntlm.concluded(state == _COMPLETED)
