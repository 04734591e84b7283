"""`tcp_syn`: how one of our hosts opens TCP connections, which tells its operating system (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["TcpSyn"]


class TcpSyn(Event, kw_only=True):
    """One SYN, as p0f looks at it. Told of a host when it changes, and else once an hour."""

    kind: ClassVar[str] = "tcp_syn"

    host: str
    """Who sent it."""
    ttl: int
    """As it came; routers took one each."""
    window: int
    """Bytes, not scaled (RFC 9293 §3.1)."""
    options: str
    """Kinds of the TCP options in their order: `mss,nop,ws,nop,nop,sok`; `?` and a number for others, `eol+1` for the
    end and so many bytes after it."""
    quirks: str = ""
    """What is peculiar, as p0f names it, in order of the alphabet: `df,id+`."""
    ip_options: int = 0
    """Bytes of IPv4 options."""
    payload: int = 0
    """Bytes that came with it."""
    mss: int | None = None
    """Maximum segment size, bytes."""
    scale: int | None = None
    """Shift of the window (RFC 7323 §2.2)."""
