"""What can be wrong with a capture file, and the register that counts it."""

from __future__ import annotations

import enum

import numpy as np

from sentinel.text import Message, MessageError

__all__ = ["CaptureError", "Fault", "FaultRegister"]


class CaptureError(MessageError):
    """The file cannot be read as a capture at all. The message says why, with the file's name."""


class Fault(enum.IntEnum):
    """A defect of a capture file; the lower-case name is its key. The last few end the reading.

    What each is called in front of people: `capture.fault.<key>`.
    """

    WIRELEN_BELOW_CAPLEN = 0
    """More bytes captured than there were on the wire; the frame is kept with both lengths equal."""
    TIME_OUT_OF_RANGE = 1
    """A time of capture before 1970 or after 2116, or a fraction above a second; it is clamped."""
    CAPLEN_BEYOND_BLOCK = 2
    """A packet block that promises more bytes than it holds; the frame is cut to what is there."""
    BLOCK_TOO_SHORT = 3
    """A block shorter than its fixed fields; it is skipped."""
    BLOCK_TRAILER_MISMATCH = 4
    """The lengths at a block's head and tail differ; the head's is believed."""
    BLOCK_UNALIGNED = 5
    """A block length that is no multiple of four; it is rounded up."""
    UNKNOWN_BLOCK = 6
    """A block type that the specification does not name; it is skipped."""
    UNKNOWN_INTERFACE = 7
    """A frame of an interface that was not described; its link type is `UNKNOWN_LINKTYPE`."""
    TOO_MANY_INTERFACES = 8
    """Descriptions past `MAX_INTERFACES` of one section; their frames are of an unknown interface."""
    TRUNCATED_RECORD = 9
    """The file ends inside a record or block."""
    CAPLEN_TOO_LARGE = 10
    """A record longer than any capture writes: the file is damaged and the next record cannot be found."""
    BLOCK_LENGTH_INVALID = 11
    """A block length below 12 or absurdly large: the next block cannot be found."""
    SECTION_INVALID = 12
    """A section header of an unknown byte order or version."""
    STREAM_TRUNCATED = 13
    """The compressed stream ends too early."""
    STREAM_CORRUPT = 14
    """The compressed stream cannot be expanded further."""
    READ_ERROR = 15
    """The operating system could not read on."""

    @property
    def ends(self) -> bool:
        """Whether nothing can be read behind it."""
        return self >= Fault.TRUNCATED_RECORD

    @property
    def message(self) -> Message:
        """What people are told."""
        return Message(f"capture.fault.{self.name.lower()}")


class FaultRegister:
    """Counts faults and keeps the place of each one's first."""

    def __init__(self) -> None:
        self.counts = np.zeros(len(Fault), np.int64)
        """How often each `Fault` was met; kernels add to it."""
        self.places = np.zeros(len(Fault), np.int64)
        """Offset in the (expanded) file of the first of each."""

    def add(self, fault: Fault, place: int) -> None:
        """Count one `fault` at the offset `place`."""
        if not self.counts[fault]:
            self.places[fault] = place
        self.counts[fault] += 1

    @property
    def summary(self) -> str | None:
        """Key and place of the fault that ended the reading, else of the earliest one; None without any."""
        worst = self._worst
        return None if worst is None else f"{worst.name.lower()} at byte {self.places[worst]}"

    @property
    def message(self) -> Message | None:
        """The same for people."""
        worst = self._worst
        if worst is None:
            return None
        return Message("capture.fault-at", fault=worst.message, place=int(self.places[worst]))

    @property
    def _worst(self) -> Fault | None:
        met = [Fault(number) for number in np.flatnonzero(self.counts).tolist()]
        return min(met, key=lambda fault: (not fault.ends, self.places[fault]), default=None)

    def as_dict(self) -> dict[str, int]:
        """Counts by key, of those that were met."""
        return {Fault(n).name.lower(): int(self.counts[n]) for n in np.flatnonzero(self.counts).tolist()}
