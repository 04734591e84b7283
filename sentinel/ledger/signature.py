"""Signatures of TCP SYN packets in the language of p0f 3 (its README, "TCP signatures"), and which packets they fit.

`version:ttl:ip_options:mss:window,scale:layout:quirks:payload`, as `*:128:0:*:64240,8:mss,nop,ws,nop,nop,sok:df,id+:0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sentinel.event import TcpSyn

__all__ = ["Fit", "Label", "Signature", "SignatureError", "read_label", "read_signature"]

_FARTHEST: Final = 35
"""Routers between sender and us, at most: no path through the Internet is longer."""
_ONLY_IPV4: Final = frozenset({"df", "id+", "id-", "0+"})
_ONLY_IPV6: Final = frozenset({"flow"})
_QUIRKS: Final = _ONLY_IPV4 | _ONLY_IPV6 | frozenset(
    {"ecn", "seq-", "ack+", "ack-", "uptr+", "urgf+", "pushf+", "ts1-", "ts2+", "opt+", "exws", "bad"}
)  # fmt: skip
_MAY_GO: Final = frozenset({"df", "id+"})
"""Quirks that a router on the way takes out."""
_MAY_COME: Final = frozenset({"id-", "ecn"})
"""Quirks that one adds."""
_LAYOUT: Final = re.compile(r"(?:eol\+\d{1,2}|nop|mss|ws|sok|sack|ts|\?\d{1,3})\Z")
_TTL: Final = re.compile(r"(\d{1,3})(?:(-)|\+(\d{1,3}|\?))?\Z")
_WINDOW: Final = re.compile(r"(?:(mss\*|mtu\*|%)?(\d{1,5})|\*)\Z")
_LEAST_MSS: Final = 100
"""A window is no multiple of less."""
_ETHERNET: Final = 1500
"""Octets of a packet that some systems count with whatever their own link takes."""

Fit = Literal["exact", "distant"]
"""`distant`: but for quirks that routers on the way change. A TTL that is out of reach fits nothing; p0f is laxer."""


class SignatureError(ValueError):
    """A line that is none of the language."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a signature tells: `s:win:Windows:10`."""

    generic: bool
    """A last resort: specific ones come before it."""
    tool: bool
    """A program that makes its packets itself (`!`), not the system under it."""
    name: str
    flavor: str

    def __str__(self) -> str:
        return f"{self.name} {self.flavor}".strip()


@dataclass(frozen=True, slots=True)
class Signature:
    """One of them. What is None fits anything."""

    label: Label
    version: int | None
    ttl: int
    """The TTL that a packet begins with."""
    ttl_kind: Literal["", "-", "?"]
    """`-`: at random, up to `ttl`; `?`: what it begins with is unknown, and not below `ttl`."""
    ip_options: int
    mss: int | None
    window_kind: Literal["", "mss*", "mtu*", "%"]
    window: int | None
    scale: int | None
    layout: str
    quirks: frozenset[str]
    payload: bool | None

    def fit(self, syn: TcpSyn) -> Fit | None:
        """How it fits a packet whose options have its layout; None where it does not."""
        ipv6 = ":" in syn.host
        if (
            (self.version is not None and self.version != (6 if ipv6 else 4))
            or self.ip_options != syn.ip_options
            or (self.mss is not None and self.mss != (syn.mss or 0))
            or (self.scale is not None and self.scale != (syn.scale or 0))
            or (self.payload is not None and self.payload != bool(syn.payload))
            or not self._fits_window(syn, ipv6=ipv6)
        ):
            return None
        return self._fits_quirks(syn, ipv6=ipv6) if self._fits_ttl(syn.ttl) else None

    def _fits_ttl(self, ttl: int) -> bool:
        if self.ttl_kind == "-":
            return ttl <= self.ttl
        first = self.ttl if self.ttl_kind == "" else next(n for n in (64, 128, 255) if n >= self.ttl)
        return first - _FARTHEST <= ttl <= first

    def _fits_quirks(self, syn: TcpSyn, *, ipv6: bool) -> Fit | None:
        """None where not even routers explain the difference."""
        other = _ONLY_IPV4 if ipv6 else _ONLY_IPV6
        wanted = self.quirks - other
        shown = frozenset(filter(None, syn.quirks.split(","))) - other
        if wanted == shown:
            return "exact"
        return "distant" if wanted - shown <= _MAY_GO and shown - wanted <= _MAY_COME else None

    def _fits_window(self, syn: TcpSyn, *, ipv6: bool) -> bool:
        if self.window is None:
            return True
        if self.window_kind == "":
            return syn.window == self.window
        if self.window_kind == "%":
            return syn.window % self.window == 0
        return any(syn.window == self.window * unit for unit in self._units(syn, ipv6=ipv6))

    def _units(self, syn: TcpSyn, *, ipv6: bool) -> Iterator[int]:
        """What a window may be counted in: segments of the sender's link or of Ethernet, some less their timestamps."""
        if syn.mss is None or syn.mss < _LEAST_MSS:
            return
        headers = 60 if ipv6 else 40
        if self.window_kind == "mtu*":
            yield from (syn.mss + headers, _ETHERNET)
            return
        stamps = 12 if "ts" in self.layout.split(",") else 0
        for mss in (syn.mss, _ETHERNET - headers):
            yield from {mss, mss - stamps}


def read_label(text: str) -> Label:
    """The value of `label =`. Raises SignatureError."""
    parts = text.split(":", 3)
    if len(parts) != 4 or parts[0] not in ("s", "g") or not parts[1] or not parts[2]:
        raise SignatureError(text)
    return Label(parts[0] == "g", parts[1] == "!", parts[2].strip(), parts[3].strip())


def read_signature(text: str, label: Label) -> Signature:
    """The value of `sig =`. Raises SignatureError."""
    parts = text.split(":")
    if len(parts) != 8:
        raise SignatureError(text)
    version, ttl, ip_options, mss, sizes, layout, quirks, payload = parts
    window, comma, scale = sizes.partition(",")
    first, counted = _TTL.match(ttl), _WINDOW.match(window)
    named = frozenset(filter(None, quirks.split(",")))
    if (
        version not in ("4", "6", "*")
        or first is None
        or counted is None
        or not comma
        or payload not in ("0", "+", "*")
        or not named <= _QUIRKS
        or not all(_LAYOUT.match(one) for one in layout.split(",") if layout)
    ):
        raise SignatureError(text)
    kind: Literal["", "-", "?"] = "-" if first[2] else "?" if first[3] == "?" else ""
    begun = int(first[1]) + (int(first[3]) if first[3] and first[3] != "?" else 0)
    size = None if window == "*" else int(counted[2])
    if not 1 <= begun <= 255 or (counted[1] == "%" and size is not None and size < 2):
        raise SignatureError(text)
    return Signature(
        label,
        None if version == "*" else int(version),
        begun,
        kind,
        _number(ip_options, 255, text) or 0,
        _number(mss, 65535, text),
        counted[1] or "",  # type: ignore[arg-type]  # as the expression has them
        size,
        _number(scale, 255, text),
        layout,
        named,
        {"0": False, "+": True, "*": None}[payload],
    )


def _number(text: str, most: int, whole: str) -> int | None:
    """A number; None for `*`."""
    if text == "*":
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise SignatureError(whole)
    return int(text)
