"""What was said in one step, as payload rules take it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sentinel.event import Payload
from sentinel.flow.record import Work
from sentinel.flow.transcript import Transcript
from sentinel.protocol.conversation import Conversation

__all__ = ["Spoken"]

_DATA = int(Work.DATA)


class Spoken:
    """A transcript as `Stretches`: its runs of bytes up to `depth` of each direction."""

    def __init__(
        self,
        transcript: Transcript,
        conversations: Mapping[int, Conversation],
        times: Sequence[float],
        depth: int,
    ) -> None:
        """`times`: seconds, of each run."""
        self._runs = transcript.runs
        self._conversations = conversations
        self._times = times
        self._depth = depth
        self.text = transcript.text
        self.begins: NDArray[np.int64] = transcript.runs["begin"]
        self.ends: NDArray[np.int64] = transcript.runs["end"]

    def first(self, number: int) -> bool:
        """See `Stretches`."""
        run = self._runs[number]
        return bool(not run["stream"] or run["at"] == 0)

    def key(self, number: int) -> Hashable:
        """See `Stretches`."""
        run = self._runs[number]
        if run["kind"] != _DATA or run["at"] >= self._depth:
            return None
        return self._conversations[int(run["flow"])].uid, int(run["side"])

    def event(self, number: int) -> Payload:
        """See `Stretches`."""
        run = self._runs[number]
        flow = self._conversations[int(run["flow"])]
        return Payload(
            ts=self._times[number],
            zone=flow.zone,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            payload=self.text[int(run["start"]) : int(run["end"])],
            proto=flow.proto,
            direction="to_client" if run["side"] else "to_server",
            service=flow.service,
        )
