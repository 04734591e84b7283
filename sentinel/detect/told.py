"""Notices told before a restart: detectors begin anew, and what they had told must not be told again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from sentinel.event import Alert, Notice

__all__ = ["ToldNotices"]

_MOST = 65_536
"""Notices remembered; past that the oldest go."""

Matter = tuple[str, str | None, str | None, str | None, int | None]
"""Note, zone, source, target and port."""
_decoder = msgspec.msgpack.Decoder(list[tuple[Matter, float]])


class ToldNotices:
    """Until when each notice is not to be told again. Only what a former process told is held against one.

    Within one process the detectors themselves know what they told, and may have reasons to tell it again.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[Matter, float] = OrderedDict()
        self._before: dict[Matter, float] = {}
        self.changed = False
        """Was anything told since this was last saved?"""

    def again(self, notice: Notice) -> bool:
        """Was the same told shortly before the restart? Otherwise it counts as told from now on."""
        matter = (notice.note, notice.zone, notice.src, notice.dst, notice.p)
        if notice.ts < self._before.get(matter, float("-inf")):
            return True
        self._until[matter] = notice.ts + (notice.suppress_for or 0.0)
        self._until.move_to_end(matter)
        if len(self._until) > _MOST:
            self._until.popitem(last=False)
        self.changed = True
        return False

    def save(self) -> bytes:
        """What must not be told again, as bytes."""
        self.changed = False
        return msgspec.msgpack.encode(list({**self._before, **self._until}.items()))

    def restore(self, data: bytes) -> None:
        """Take up what a former process saved. Raises `msgspec.MsgspecError` on anything else."""
        self._before.update(_decoder.decode(data)[-_MOST:])

    def recall(self, alerts: Iterable[Alert], quiet: float) -> None:
        """What alerts on notices in the database say: some may have come after the last saving."""
        for alert in alerts:
            matter = (str(alert.fields.get("note")), alert.zone, alert.src, alert.dst, alert.dst_port)
            self._before[matter] = max(self._before.get(matter, float("-inf")), alert.ts + quiet)
