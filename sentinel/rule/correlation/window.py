"""The window of one group: what came within the timespan, and whether the correlation holds.

Windows slide: one ends at every match. A match is inside as long as it is no older than the timespan, to
the microsecond. One that comes late, but within the lateness, is put in its place, and every window that
it belongs to is looked at again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sentinel.rule.correlation.aggregate import Aggregate

__all__ = ["SAMPLE", "CountWindow", "EntryWindow", "Hold", "Terms", "Window"]

Hold = tuple[int, float]
"""The end of a window in which the correlation holds, in microseconds, and the value that says so."""

SAMPLE = 8
"""Flows, sources and targets named in an alert."""
_FEW = 64
"""Entries behind the window at which cleaning up begins to pay."""
_LOOKED_AT = 256
"""Windows that one late match is looked for in."""


@dataclass(slots=True)
class Terms:
    """What the windows of one correlation share. Times are microseconds."""

    timespan: int
    lateness: int
    most: int
    """Entries that one window keeps; past that the oldest leave early."""
    holds: Callable[[float], bool]
    aggregate: Callable[[], Aggregate]
    distinct: bool = False
    """Does an entry say nothing that a later one like it does not say as well?"""
    ordered: bool = False
    """Does the order of entries matter?"""
    late: int = 0
    """Matches that came too late."""
    overfull: int = 0
    """Entries that left early."""


class Window:
    """What one group remembers besides its entries."""

    __slots__ = ("sources", "targets", "times", "told", "touched", "uids")

    def __init__(self) -> None:
        self.times = array("q")
        """Microseconds of all entries, rising."""
        self.told: int | None = None
        """End of the window that the last alert was about."""
        self.touched = False
        """Did a match come since the group was last considered for eviction?"""
        self.uids: list[str] | None = None
        self.sources: tuple[str, ...] = ()
        self.targets: tuple[str, ...] = ()

    def add(self, t: int, entry: Any, terms: Terms) -> Hold | None:
        """Take a match; the first window that holds by it, where one does."""
        raise NotImplementedError

    @property
    def latest(self) -> int:
        """When the last match came, or what was told last."""
        return self.times[-1] if self.times else self.told or 0

    def count(self, end: int, terms: Terms) -> tuple[int, int]:
        """How many entries the window that ends at `end` has, and when the first of them came."""
        times = self.times
        first = bisect_left(times, end - terms.timespan)
        return bisect_right(times, end) - first, times[first] if first < len(times) else end

    def note(self, t: int, terms: Terms, uid: str | None, src: str | None, dst: str | None) -> None:
        """Remember who took part in the match that came last; only those inside the window matter."""
        times = self.times
        if len(times) == 1 or times[-2] < t - terms.timespan:
            self.uids = None if uid is None else [uid]
            self.sources = () if src is None else (src,)
            self.targets = () if dst is None else (dst,)
            return
        if uid is not None:
            uids = self.uids
            if uids is None:
                self.uids = [uid]
            elif uid != uids[-1]:
                uids.append(uid)
                if len(uids) >= 2 * SAMPLE:
                    del uids[:SAMPLE]
        if src is not None and src not in self.sources and len(self.sources) < SAMPLE:
            self.sources = (*self.sources, src)
        if dst is not None and dst not in self.targets and len(self.targets) < SAMPLE:
            self.targets = (*self.targets, dst)


class CountWindow(Window):
    """Counts events: nothing but their times is kept."""

    __slots__ = ()

    def add(self, t: int, entry: Any, terms: Terms) -> Hold | None:
        times = self.times
        if times and t < times[-1]:
            return self._add_late(t, terms)
        times.append(t)
        first = bisect_left(times, t - terms.timespan)
        count = len(times) - first
        if (first > _FEW and 2 * first > len(times)) or (first and count == 1):
            del times[: bisect_left(times, t - terms.timespan - terms.lateness)]
        if count > terms.most:
            excess = count - terms.most
            del times[: len(times) - terms.most]
            terms.overfull += excess
        elif len(times) > 2 * terms.most:
            excess = len(times) - 3 * terms.most // 2
            del times[:excess]
            terms.overfull += excess
        return (t, count) if terms.holds(count) else None

    def _add_late(self, t: int, terms: Terms) -> Hold | None:
        times = self.times
        if t < times[-1] - terms.lateness or len(times) >= 2 * terms.most:
            terms.late += 1
            return None
        place = bisect_right(times, t)
        times.insert(place, t)
        for number in range(place, min(len(times), place + _LOOKED_AT)):
            end = times[number]
            if end - t > terms.timespan:
                break
            if number + 1 < len(times) and times[number + 1] == end:
                continue  # the window has all that came at its end
            count = number + 1 - bisect_left(times, end - terms.timespan)
            if terms.holds(count):
                return end, count
        return None


class EntryWindow(Window):
    """Keeps what each match entered, and an aggregate over those inside the window."""

    __slots__ = ("aggregate", "entries", "first")

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__()
        self.entries: list[Any] = []
        self.first = 0
        """Place of the first entry inside the window; those before wait for late ones."""
        self.aggregate = aggregate

    def add(self, t: int, entry: Any, terms: Terms) -> Hold | None:
        times = self.times
        if times and t < times[-1]:
            return self._add_late(t, entry, terms)
        times.append(t)
        self.entries.append(entry)
        self.aggregate.add(t, entry)
        self._slide(t, terms)
        if len(times) - self.first > terms.most:
            self._thin(t, terms)
        value = self.aggregate.value(t - terms.timespan)
        return (t, value) if terms.holds(value) else None

    def _slide(self, t: int, terms: Terms) -> None:
        times, edge = self.times, t - terms.timespan
        while times[self.first] < edge:
            self.aggregate.remove(self.entries[self.first])
            self.first += 1
        if self.first > _FEW or self.first == len(times) - 1:
            old = bisect_left(times, edge - terms.lateness)
            if old > _FEW or old == self.first:
                self._drop(old)
            if self.first > terms.most:
                terms.overfull += self.first - terms.most // 2
                self._drop(self.first - terms.most // 2)

    def _drop(self, number: int) -> None:
        """Forget the oldest entries, which are behind the window."""
        del self.times[:number], self.entries[:number]
        self.first -= number

    def _add_late(self, t: int, entry: Any, terms: Terms) -> Hold | None:
        times = self.times
        newest = times[-1]
        if t < newest - terms.lateness or len(times) >= 2 * terms.most:
            terms.late += 1
            return None
        place = bisect_right(times, t)
        times.insert(place, t)
        self.entries.insert(place, entry)
        if terms.ordered:
            self.rebuild(terms)
            return self._again_in_order(place, terms)
        if t >= newest - terms.timespan:
            self.aggregate.add(t, entry)
        else:
            self.first += 1
        return self._again(place, terms)

    def rebuild(self, terms: Terms) -> None:
        """Make the aggregate anew from the entries."""
        self.aggregate = terms.aggregate()
        self.first = bisect_left(self.times, self.times[-1] - terms.timespan) if self.times else 0
        for t, entry in zip(self.times[self.first :], self.entries[self.first :], strict=True):
            self.aggregate.add(t, entry)

    def _again(self, place: int, terms: Terms) -> Hold | None:
        """The first window to hold of those that end at the entry at `place` or later and have it inside.

        The aggregate is led back through them, and forth again.
        """
        times, entries, aggregate = self.times, self.entries, self.aggregate
        late, last, first = times[place], len(times) - 1, self.first
        found: Hold | None = None
        number = last
        while True:
            end = times[number]
            complete = number == last or times[number + 1] != end
            if complete and end - late <= terms.timespan:
                value = aggregate.value(end - terms.timespan)
                if terms.holds(value):
                    found = end, value
            if number == place or last - number >= _LOOKED_AT:
                break
            aggregate.remove(entries[number])
            number -= 1
            while first and times[first - 1] >= times[number] - terms.timespan:
                first -= 1
                aggregate.add(times[first], entries[first])
        while first < self.first:
            aggregate.remove(entries[first])
            first += 1
        for later in range(number + 1, last + 1):
            aggregate.add(times[later], entries[later])
        return found

    def _again_in_order(self, place: int, terms: Terms) -> Hold | None:
        """The same for an aggregate that cannot be led back."""
        times, entries, aggregate = self.times, self.entries, terms.aggregate()
        for number in range(bisect_left(times, times[place] - terms.timespan), len(times)):
            end = times[number]
            if end - times[place] > terms.timespan:
                break
            aggregate.add(end, entries[number])
            if number >= place and (number + 1 == len(times) or times[number + 1] != end):
                value = aggregate.value(end - terms.timespan)
                if terms.holds(value):
                    return end, value
        return None

    def _thin(self, t: int, terms: Terms) -> None:
        """Make room: first what says nothing new, then what is oldest. Half of the room is free afterwards.

        A repetition changes no window that ends from now on; those that late matches may complete are spared.
        """
        settled = bisect_right(self.times, t - terms.lateness)
        kept = self._telling(settled, terms)
        kept += range(settled, len(self.times))
        excess = len(kept) - terms.most // 2
        if excess > 0:
            terms.overfull += excess
            del kept[:excess]
        self.times = array("q", [self.times[place] for place in kept])
        self.entries[:] = [self.entries[place] for place in kept]
        self.rebuild(terms)

    def _telling(self, settled: int, terms: Terms) -> list[int]:
        """Of the entries before `settled`, those that no later one of them repeats."""
        entries, places = self.entries, range(self.first, settled)
        if terms.ordered:
            return [p for p in places if p + 1 == settled or entries[p] != entries[p + 1]]
        if not terms.distinct:
            return list(places)
        latest = {entries[place]: place for place in places}
        return sorted(latest.values())
