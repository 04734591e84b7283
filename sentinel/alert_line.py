"""Alerts as a person at a terminal reads them."""

from __future__ import annotations

import time

from sentinel.event import Alert, Level
from sentinel.text import current_language, text

__all__ = ["alert_line"]

_COLOURS = {Level.CRITICAL: "1;31", Level.HIGH: "31", Level.MEDIUM: "33", Level.LOW: "36"}


def alert_line(alert: Alert, *, colour: bool = False) -> str:
    """When, how bad, what, who to whom; below it, indented, what to do first where the rule says it.

    Control characters from the wire are shown, not obeyed.
    """
    clock = time.strftime("%m-%d %H:%M:%S", time.localtime(alert.ts))
    level = text(f"alert.level.{alert.level}")
    if colour and alert.level in _COLOURS:
        level = f"\x1b[{_COLOURS[alert.level]}m{level}\x1b[0m"
    title = (alert.title_en or alert.title) if current_language() == "en" else alert.title
    drill = text("alert.drill") if alert.drill else ""
    ports = (None, None) if alert.kind == "icmp" else (alert.src_port, alert.dst_port)  # ICMP: type and code
    sides = " → ".join(filter(None, map(_side, (alert.src, alert.dst), ports)))
    line = f"{clock} {level} {drill}{_printable(title)} {_printable(sides)}".rstrip()
    return f"{line}\n    {text('alert.respond', what=_printable(alert.respond))}" if alert.respond else line


def _side(address: str | None, port: int | None) -> str:
    if not address:
        return ""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _printable(words: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
