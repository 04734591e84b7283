"""`dce_rpc`: one remote procedure call (Zeek's dce_rpc.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["DceRpc"]


class DceRpc(FlowEvent, kw_only=True):
    """One call, told when its answer comes, or when the connection ends without one."""

    kind: ClassVar[str] = "dce_rpc"
    unwritten: ClassVar[frozenset[str]] = frozenset({"stub"})

    rtt: float | None = None
    """Seconds from call to answer; absent without an answer."""
    named_pipe: str | None = None
    """The server's secondary address: a pipe's name, or a TCP port."""
    endpoint: str | None = None
    """Name of the interface: `svcctl`, `drsuapi` …, or `unknown-<uuid>`."""
    operation: str | None = None
    """Name of the operation, or `unknown-<number>`."""
    auth_type: str | None = None
    """`NTLM`, `SPNEGO`, `Kerberos`, `Netlogon`; absent for a call that is not authenticated."""
    auth_level: str | None = None
    """`connect`, `call`, `packet`, `integrity` or `privacy`; only under `privacy` are parameters unreadable."""
    status: int | None = None
    """Why the call failed, if it did (a fault's code)."""
    stub: bytes | None = None
    """First bytes of the call's parameters in the clear."""
