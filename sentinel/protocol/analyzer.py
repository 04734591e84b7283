"""The shape of every protocol: bytes in, events out, no I/O.

A protocol is one module with one or more `Analyzer` classes. `recognise` looks at the first bytes of a
direction; once it says yes, an instance lives as long as its flow and is fed each direction in order.
`docs/protocols.md` says how to add one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Protocol

from sentinel.event import Event
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Analyzer", "Emit", "Endpoints"]

Emit = Callable[[Event], None]
"""Takes an event; the order of calls is the order of events."""


class Endpoints(Protocol):
    """Whose conversation it is. Attributes are ready-made values for the event's fields of the same names."""

    @property
    def uid(self) -> str: ...
    @property
    def orig_h(self) -> str: ...
    @property
    def orig_p(self) -> int: ...
    @property
    def resp_h(self) -> str: ...
    @property
    def resp_p(self) -> int: ...
    @property
    def proto(self) -> str:
        """`tcp`, `udp`, `icmp`."""

    @property
    def eth_src(self) -> str:
        """MAC address of the originator, `aa:bb:cc:dd:ee:ff`, or empty."""

    @property
    def eth_dst(self) -> str: ...
    @property
    def services(self) -> list[str]:
        """Zeek's names of what is spoken, as they were found; an analyzer adds what it finds inside its own."""

    @property
    def shared(self) -> dict[str, Any]:
        """What a protocol keeps over all flows of a worker, by its service; it bounds what it puts here."""

    def carries(self, service: str) -> None:
        """Name a protocol seen inside this one: `conn.service` lists it too."""

    def weird(self, name: str, ts: float, addl: str | None = None, source: str | None = None) -> None:
        """Emit a `weird` event about this flow, once for each name."""


class Analyzer:
    """One protocol on one flow. Subclasses override `feed` (and `gap`, `finish` where they need to).

    An analyzer never raises on bytes from the wire: it calls `self.flow.weird(...)` and goes on, or sets `done`.
    It bounds what it keeps: pending bytes, open transactions, list lengths.
    """

    service: ClassVar[str]
    """Zeek's name in `conn.service`: `dns`, `http`, `ssl` …"""
    transports: ClassVar[frozenset[str]] = frozenset({"tcp"})
    """Which of `tcp`, `udp`, `icmp` it can run on."""
    ports: ClassVar[frozenset[int]] = frozenset()
    """Usual responder ports: only the order in which protocols are asked, never the answer."""
    first_bytes: ClassVar[frozenset[int] | None] = None
    """Bytes that a direction (or datagram) of this protocol can begin with; None for any. `recognise` is asked only then."""
    whole: ClassVar[bool] = False
    """Wants every byte of its flow, not only the first `inspect_bytes` of each direction."""
    segmented: ClassVar[bool] = False
    """Wants a stream's bytes as the segments cut them: the sizes of what is encrypted tell something."""
    encrypted: bool = False
    """What follows once it is `done` is ciphertext, in which payload rules find nothing."""
    successor: type[Analyzer] | None = None
    """Set when the flow changes to another protocol (STARTTLS): its later bytes go to one of these. `Analyzer`
    itself: to whoever recognises them."""
    unread: Sequence[tuple[bool, bytes]] = ()
    """With `successor`: bytes of each direction that were taken already and are the successor's."""
    sated: bool = False
    """Set where `unwanted` may be above 0: bytes follow of which only the number matters."""
    expected_data: Sequence[tuple[str, int]] = ()
    """Responders (address, port) of data connections that this one announced; the reader clears it."""

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        self.flow = flow
        self.emit = emit
        self.settings = settings
        self.done = False
        """True once nothing more is wanted: the flow's later packets only bump counters."""

    @cached_property
    def whose(self) -> dict[str, Any]:
        """The fields of every event that say which flow it is about, ready to be given to its class."""
        flow = self.flow
        return {
            "uid": flow.uid,
            "orig_h": flow.orig_h,
            "orig_p": flow.orig_p,
            "resp_h": flow.resp_h,
            "resp_p": flow.resp_p,
        }

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Is `data` (all bytes so far of one direction, or one datagram) the beginning of this protocol?

        True: mine. False: not mine. None: cannot say before more bytes come.
        """
        raise NotImplementedError

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take the next bytes in order of one direction (TCP), or one datagram. `ts`: seconds, capture time."""
        raise NotImplementedError

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """`length` bytes of one direction were never seen. By default the protocol is given up."""
        self.done = True

    def unwanted(self, is_orig: bool) -> int:
        """How many of the next bytes of a direction it need not see; asked where it is `sated`."""
        return 0

    def skipped(self, is_orig: bool, length: int, ts: float) -> None:
        """`length` bytes went by that were `unwanted`."""

    def closed(self, is_orig: bool, ts: float) -> None:
        """One direction ended in order (FIN)."""

    def finish(self, ts: float) -> None:
        """The flow ended, or the capture did: emit what is still open (idempotent)."""
