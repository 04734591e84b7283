"""Syslog messages in a stream of bytes (RFC 6587): counted octets, or ended by a line feed or NUL."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Framing", "FramingError"]

_LONGEST: Final = 1 << 18
"""Octets of one message; each connection may hold so many."""
_END: Final = re.compile(rb"[\n\0]")
_COUNT: Final = re.compile(rb"([1-9]\d{0,9}) (?=<)")
"""A count (RFC 6587 §3.4.1) stands before a priority, which every message of syslog begins with."""


class FramingError(Exception):
    """A sender counts `octets` past all measure: where its next message begins cannot be known."""

    def __init__(self, octets: int) -> None:
        super().__init__(f"{octets} octets")
        self.octets = octets


class Framing:
    """Takes bytes as they come and gives whole messages. Which way of framing, each message tells anew."""

    def __init__(self, longest: int = _LONGEST) -> None:
        self._longest = longest
        self._held = bytearray()
        self.cut = 0
        """Messages without an end that were cut off."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes. Raises FramingError."""
        held = self._held
        held += data
        messages: list[bytes] = []
        at = 0
        while at < len(held):
            if held[at] in b"\n\r\0":
                at += 1
                continue
            counted = _COUNT.match(held, at)
            if counted is not None:
                start, length = counted.end(), int(counted[1])
                if length > self._longest:
                    raise FramingError(length)
                if len(held) < start + length:
                    break
                messages.append(bytes(held[start : start + length]))
                at = start + length
                continue
            ended = _END.search(held, at)
            end = -1 if ended is None else ended.start()
            if end < 0:
                if len(held) - at > self._longest:
                    messages.append(bytes(held[at:]))
                    self.cut += 1
                    at = len(held)
                break
            messages.append(bytes(held[at:end]).rstrip(b"\r"))
            at = end + 1
        del held[:at]
        return messages

    def finish(self) -> list[bytes]:
        """The connection is over: what has no end is a message too."""
        rest = bytes(self._held).strip(b"\n\r\0")
        self._held.clear()
        return [rest] if rest else []
