"""The TCP of systems, by how it opens connections: our own signatures, and p0f's where the administrator has them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sentinel.event import TcpSyn
from sentinel.ledger.signature import Label, Signature, SignatureError, read_label, read_signature

__all__ = ["OURS", "Stacks"]

_LARGEST: Final = 4 << 20
"""Bytes of a database that are read: p0f's own has 30 thousand."""
_OWN: Final = """
[tcp:request]
label = s:!:Nmap:
sig = 4:64-:0:1460:1024,0:mss::0
sig = 4:64-:0:1460:2048,0:mss::0
sig = 4:64-:0:1460:3072,0:mss::0
sig = 4:64-:0:1460:4096,0:mss::0
label = s:win:Windows:10/11
sig = *:128:0:*:64240,8:mss,nop,ws,nop,nop,sok:df,id+:0
sig = *:128:0:*:65535,8:mss,nop,ws,nop,nop,sok:df,id+:0
sig = *:128:0:*:mss*44,8:mss,nop,ws,nop,nop,sok:df,id+:0
label = s:win:Windows:7/8/2012
sig = *:128:0:*:8192,2:mss,nop,ws,nop,nop,sok:df,id+:0
sig = *:128:0:*:8192,8:mss,nop,ws,nop,nop,sok:df,id+:0
label = s:win:Windows:XP/2003
sig = *:128:0:*:16384,0:mss,nop,nop,sok:df,id+:0
sig = *:128:0:*:65535,0:mss,nop,nop,sok:df,id+:0
label = s:unix:macOS/iOS:
sig = *:64:0:*:65535,*:mss,nop,ws,nop,nop,ts,sok,eol+1:df,id+:0
sig = *:64:0:*:65535,*:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0
label = s:unix:FreeBSD:
sig = *:64:0:*:65535,*:mss,nop,ws,sok,ts:df,id+:0
sig = *:64:0:*:65535,*:mss,nop,ws,sok,ts:df:0
label = s:unix:OpenBSD:
sig = *:64:0:*:16384,*:mss,nop,nop,sok,nop,ws,nop,nop,ts:df,id+:0
label = s:unix:Solaris:10
sig = *:64:0:*:mss*34,0:mss,nop,ws,nop,nop,sok:df,id+:0
label = s:other:Cisco IOS:
sig = *:255:0:*:4128,0:mss::0
sig = *:255:0:*:4128,0:mss:df:0
label = s:other:lwIP:
sig = *:255:0:*:mss*4,0:mss::0
label = g:unix:Linux:
sig = *:64:0:*:*,*:mss,sok,ts,nop,ws:df,id+:0
sig = *:64:0:*:*,*:mss,sok,ts,nop,ws:df:0
sig = *:64:0:*:*,*:mss,nop,nop,sok,nop,ws:df,id+:0
sig = *:64:0:*:*,*:mss,nop,nop,sok,nop,ws:df:0
label = g:win:Windows:
sig = *:128:0:*:*,*:mss,nop,ws,nop,nop,sok:df,id+:0
sig = *:128:0:*:*,*:mss,nop,ws,sok,ts:df,id+:0
label = g:win:Windows:XP/2003
sig = *:128:0:*:*,*:mss,nop,nop,sok:df,id+:0
label = g:unix:macOS/iOS:
sig = *:64:0:*:*,*:mss,nop,ws,nop,nop,ts,sok,eol+1:df,id+:0
sig = *:64:0:*:*,*:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0
label = g:unix:FreeBSD:
sig = *:64:0:*:*,*:mss,nop,ws,sok,ts:df,id+:0
sig = *:64:0:*:*,*:mss,nop,ws,sok,ts:df:0
label = g:unix:OpenBSD:
sig = *:64:0:*:*,*:mss,nop,nop,sok,nop,ws,nop,nop,ts:df,id+:0
label = g:other:network device:
sig = *:255:0:*:*,0:mss::0
sig = *:255:0:*:*,0:mss:df:0
sig = *:255:0:*:*,0:mss:df,id+:0
"""
"""Ours, in the same language: from what the systems' documentation says of their windows, options and TTL. Android,
Kylin and UOS are Linux too: all one TCP."""


class Stacks:
    """Signatures, of which the best counts: an exact fit before a distant one, specific before generic, ours first."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self._by_layout: dict[str, list[Signature]] = {}
        for one in signatures:
            self._by_layout.setdefault(one.layout, []).append(one)

    @staticmethod
    def load(path: Path) -> tuple[Stacks, list[int]]:
        """Ours and those of a p0f database, where it is there; also the numbers of its lines that are none.

        Raises OSError where it is there and cannot be read.
        """
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST).decode("utf-8", "replace")
        except FileNotFoundError:
            return OURS, []
        theirs, bad = _read(text)
        return Stacks([*_OURS, *theirs]), bad

    def system_of(self, syn: TcpSyn) -> str | None:
        """The system whose TCP opens connections so; None where none is known, or a program made the packet itself."""
        best: Label | None = None
        rank = (2, True)
        for one in self._by_layout.get(syn.options, ()):
            fit = one.fit(syn)
            if fit is not None and (fit == "distant", one.label.generic) < rank:
                best, rank = one.label, (fit == "distant", one.label.generic)
        return None if best is None or best.tool else str(best)


def _read(text: str) -> tuple[list[Signature], list[int]]:
    """The signatures of SYN packets, and the numbers of lines there that are none."""
    found: list[Signature] = []
    bad: list[int] = []
    inside = False
    label: Label | None = None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not said or said.startswith(";"):
            continue
        if said.startswith("["):
            inside, label = said == "[tcp:request]", None
            continue
        name, equals, value = (part.strip() for part in said.partition("="))
        if not inside or name == "sys":  # under which systems a tool runs
            continue
        try:
            if name == "label" and equals:
                label = None
                label = read_label(value)
            elif name == "sig" and label is not None:
                found.append(read_signature(value, label))
            else:
                bad.append(number)
        except SignatureError:
            bad.append(number)
    return found, bad


_OURS: Final = tuple(_read(_OWN)[0])
OURS: Final = Stacks(_OURS)
