"""TCP reassembly: bytes in order go through without a copy; the rest waits in a ring of kept segments.

Handed-over bytes stay in the same ring for a while, so that a retransmission that differs (injection,
RFC 9293 §3.4 overlaps) is seen. First bytes win. The ring is bounded: what it forgets counts as a gap.
"""

from __future__ import annotations

import numpy as np

from sentinel.decode.compiled import inlined, kernel
from sentinel.flow.memory import copy_bytes
from sentinel.flow.record import Endpoint, Verdict, Work
from sentinel.flow.tables import COUNTERS
from sentinel.flow.tcp import LETTER_G, add_scaled, ahead

N_WORK = COUNTERS.index("work")
N_SEGMENTS = COUNTERS.index("segments")
N_KEPT = COUNTERS.index("kept")
N_REFUSED = COUNTERS.index("pending_refused")
N_CONFLICTS = COUNTERS.index("conflicts")
DATA, GAP, CONFLICT, SKIPPED = int(Work.DATA), int(Work.GAP), int(Work.CONFLICT), int(Work.SKIPPED)
KEEP, FRESH = int(Verdict.KEEP), int(Verdict.FRESH)
TRUNCATED = int(Endpoint.TRUNCATED)
STREAM = int(Endpoint.STREAM)
FIN = int(Endpoint.FIN)
KEPT_BUFFER = np.int64(2)
NO_ROW = np.int64(-1)
NEWEST = np.int64(1) << np.int64(62)
MOST_SKIPPED = np.int64(1) << np.int64(30)
"""Bytes told of in one entry."""
LARGEST_GAP = 1 << 24
"""Bytes; an acknowledgement further ahead is not believed."""
CHAIN_STEPS = 128
"""Segments looked at for one packet: bounds the work that hostile segments can cause."""
MARGIN = 16 << 20
"""Bytes of the ring left untouched behind its head, so that work of the present batch stays valid."""


@inlined
def is_shallow(verdict):
    """Does the inspection depth hold for a flow of this verdict?"""
    return verdict != KEEP and verdict != FRESH


@inlined
def push(work, count, kind, flow_index, side, row, buffer, offset, length, at):
    """Append one entry to the work list. The caller has made sure that there is room."""
    n = count[N_WORK]
    item = work[n]
    item.kind = kind
    item.flow = flow_index
    item.side = side
    item.row = row
    item.buffer = buffer
    item.offset = offset
    item.length = length
    item.at = at
    count[N_WORK] = n + 1


@inlined
def is_kept(tables, number):
    """Are the bytes of segment `number` still in the ring?"""
    if number < 0 or number < tables.counters[N_SEGMENTS] - len(tables.segments):
        return False
    position = tables.segments[number % len(tables.segments)].position
    return position >= tables.counters[N_KEPT] - (len(tables.kept) - min(MARGIN, len(tables.kept) // 2))


@inlined
def keep(kept, segments, count, end, end_index, source, offset, length, seq, pending):
    """Copy `length` bytes into the ring as the endpoint's newest segment. False where it is too long for that."""
    size = len(kept)
    fits = 0 < length <= size // 4
    if fits:
        position = count[N_KEPT]
        if position % size + length > size:
            position += size - position % size
        at = position % size
        copy_bytes(kept, at, source, offset, length)
        number = count[N_SEGMENTS]
        segment = segments[number % len(segments)]
        segment.position = position
        segment.former = end.segment
        segment.length = length
        segment.endpoint = end_index
        segment.seq = seq
        segment.pending = pending
        end.segment = number
        count[N_SEGMENTS] = number + 1
        count[N_KEPT] = position + length
    return fits


@kernel
def differs(tables, end_index, source, offset, length, seq):
    """Do these bytes contradict bytes kept for the same sequence numbers?"""
    number = tables.ends[end_index].segment
    for _ in range(CHAIN_STEPS):
        if not is_kept(tables, number):
            return False
        segment = tables.segments[number % len(tables.segments)]
        if segment.endpoint != end_index:
            return False
        shift = ahead(seq, segment.seq)  # our first byte relative to the kept one's
        first = max(np.int64(0), shift)
        last = min(np.int64(segment.length), shift + length)
        at = segment.position % len(tables.kept)
        for k in range(first, last):
            if tables.kept[at + k] != source[offset + k - shift]:
                return True
        number = segment.former
    return False


@kernel
def _oldest_ready(tables, end_index):
    """Number of the oldest pending segment that begins at or before the next byte wanted, or -1."""
    end = tables.ends[end_index]
    found = np.int64(-1)
    number = end.segment
    for _ in range(CHAIN_STEPS):
        if not is_kept(tables, number):
            break
        segment = tables.segments[number % len(tables.segments)]
        if segment.endpoint != end_index:
            break
        if segment.pending and ahead(segment.seq, end.next) <= 0:
            found = number
        number = segment.former
    return found


@kernel
def _nearest_pending(tables, end_index, before):
    """Distance from the next byte wanted to the nearest later pending segment kept before number `before`, or -1."""
    end = tables.ends[end_index]
    nearest = np.int64(-1)
    number = end.segment
    for _ in range(CHAIN_STEPS):
        if not is_kept(tables, number):
            break
        segment = tables.segments[number % len(tables.segments)]
        if segment.endpoint != end_index:
            break
        distance = ahead(segment.seq, end.next)
        if segment.pending and number < before and distance > 0 and (nearest < 0 or distance < nearest):
            nearest = distance
        number = segment.former
    return nearest


@kernel
def drain(tables, limits, flow_index, side, row):
    """Hand over pending segments that have become due."""
    end_index = 2 * flow_index + side
    end = tables.ends[end_index]
    for _ in range(CHAIN_STEPS):
        if end.pending <= 0:
            return
        number = _oldest_ready(tables, end_index)
        if number < 0:
            return
        segment = tables.segments[number % len(tables.segments)]
        skip = -ahead(segment.seq, end.next)
        fresh = segment.length - skip
        older = _nearest_pending(tables, end_index, number)
        if 0 < older < fresh:
            fresh = older  # an older segment has the bytes from there; the rest of this one waits
        else:
            segment.pending = 0
            end.pending -= segment.length
        if fresh > 0:
            hand_over(
                tables,
                limits,
                flow_index,
                side,
                row,
                KEPT_BUFFER,
                segment.position % len(tables.kept) + skip,
                fresh,
            )


@inlined
def pass_over(end, length):
    """Of the next `length` bytes in order, count those that nobody wants; how many."""
    unwanted = min(end.unwanted, length)
    end.unwanted -= unwanted
    end.skipped += unwanted
    return unwanted


@inlined
def tell_skipped(work, count, end, flow_index, side, row):
    """Tell the protocols of the bytes passed over, before anything that came after them."""
    while end.skipped > 0:
        length = min(end.skipped, MOST_SKIPPED)
        end.skipped -= length
        push(work, count, SKIPPED, flow_index, side, row, 0, 0, length, 0)


@kernel
def hand_over(tables, limits, flow_index, side, row, buffer, offset, length):
    """The next bytes in order go to the protocols, until the inspection depth is reached."""
    end = tables.ends[2 * flow_index + side]
    end.next += np.uint32(length)
    unwanted = pass_over(end, length)
    if unwanted < length:
        tell_skipped(tables.work, tables.counters, end, flow_index, side, row)
        push(
            tables.work, tables.counters, DATA, flow_index, side, row, buffer, offset + unwanted, length - unwanted,
            end.delivered + unwanted,
        )  # fmt: skip
    end.delivered += length
    if is_shallow(tables.flows[flow_index].verdict) and end.delivered >= limits.inspect:
        end.flags |= TRUNCATED


@kernel
def skip_gap(tables, flow_index, side, row, length):
    """Give up waiting for the next `length` bytes."""
    end = tables.ends[2 * flow_index + side]
    end.missed += length
    end.next += np.uint32(length)
    wanted = length - pass_over(end, length)
    if wanted > 0:
        tell_skipped(tables.work, tables.counters, end, flow_index, side, row)
        push(tables.work, tables.counters, GAP, flow_index, side, row, 0, 0, wanted, 0)


@kernel
def acknowledge(tables, limits, flow_index, side, row, ack, in_order):
    """The peer of `side` has all bytes before `ack`: those that we have not seen will not come."""
    flow = tables.flows[flow_index]
    end = tables.ends[2 * flow_index + side]
    limit = ahead(ack, end.next)
    if limit <= 0 or limit > LARGEST_GAP:
        return
    if end.seen & 2 and np.uint32(ack) == np.uint32(end.fin_seq + np.uint32(1)):
        limit -= 1
    for _ in range(CHAIN_STEPS):
        if limit <= 0:
            return
        nearest = _nearest_pending(tables, 2 * flow_index + side, NEWEST) if end.pending > 0 else np.int64(-1)
        missing = limit if nearest < 0 else min(limit, nearest)
        before = end.next
        skip_gap(tables, flow_index, side, row, missing)
        if in_order:
            end.gaps += 1
            add_scaled(flow, LETTER_G, side, np.int64(end.gaps))
        drain(tables, limits, flow_index, side, row)
        limit -= ahead(end.next, before)


@kernel
def _beyond(end):
    """Distance from the next byte wanted to the end of the furthest one sent."""
    reach = ahead(end.start + np.uint32(end.last & 0xFFFFFFFF), end.next)
    return reach - 1 if end.flags & FIN else reach


@kernel
def count_arrival(end, seq, length):
    """Payload of a stream that nobody reads: only how far it reaches, and what came out of order, is kept."""
    if not end.flags & STREAM:
        end.flags |= STREAM
        end.next = seq
    distance = ahead(seq, end.next)
    if distance > 0:
        end.pending = min(end.pending + length, LARGEST_GAP)
    elif length + distance > 0:
        end.next += np.uint32(length + distance)
    if end.pending > 0:
        beyond = _beyond(end)
        if beyond <= 0:
            end.pending = 0
        elif end.pending >= beyond:
            end.next += np.uint32(beyond)
            end.pending = 0


@kernel
def count_acknowledged(flow, end, side, ack, in_order):
    """The peer of `side` has all bytes before `ack`; of a stream that nobody reads, count those never seen."""
    span = ahead(ack, end.next)
    if end.seen & 2 and np.uint32(ack) == np.uint32(end.fin_seq + np.uint32(1)):
        span -= 1
    if span <= 0 or span > LARGEST_GAP:
        return
    beyond = _beyond(end)
    missing = span
    if end.pending > 0 and beyond > 0:
        holes = max(np.int64(0), beyond - end.pending)
        missing = holes + span - beyond if span >= beyond else min(holes, span)
    end.next += np.uint32(span)
    end.pending = max(np.int64(0), end.pending - (span - missing))
    if missing > 0:
        end.missed += missing
        if in_order:
            end.gaps += 1
            add_scaled(flow, LETTER_G, side, np.int64(end.gaps))


@kernel
def segment_arrives(tables, limits, flow_index, side, row, source, buffer, offset, captured, length, seq):
    """Payload of one segment: hand over, keep for later, or compare with what was handed over.

    `captured` bytes of the segment's `length` are in `source`; the rest fell to the snap length.
    """
    end_index = 2 * flow_index + side
    end = tables.ends[end_index]
    if not end.flags & STREAM:
        end.flags |= STREAM
        end.next = seq
    distance = ahead(seq, end.next)
    if distance < 0:
        old = min(-distance, np.int64(captured))
        if differs(tables, end_index, source, offset, old, seq):
            tables.counters[N_CONFLICTS] += 1
            push(tables.work, tables.counters, CONFLICT, flow_index, side, row, buffer, offset, old, 0)
        offset -= distance
        captured += distance
        length += distance
        seq = end.next
        if length <= 0:
            return
        distance = np.int64(0)
    if distance == 0:
        if captured > 0:
            keep(
                tables.kept,
                tables.segments,
                tables.counters,
                end,
                end_index,
                source,
                offset,
                captured,
                seq,
                0,
            )
            hand_over(tables, limits, flow_index, side, row, buffer, offset, captured)
        if length > captured:
            skip_gap(tables, flow_index, side, row, length - max(np.int64(captured), np.int64(0)))
        if end.pending > 0:
            drain(tables, limits, flow_index, side, row)
        return
    if captured <= 0:
        return
    if differs(tables, end_index, source, offset, captured, seq):
        tables.counters[N_CONFLICTS] += 1
        push(tables.work, tables.counters, CONFLICT, flow_index, side, row, buffer, offset, captured, 0)
    if end.pending + captured > limits.pending or not keep(
        tables.kept, tables.segments, tables.counters, end, end_index, source, offset, captured, seq, 1
    ):
        tables.counters[N_REFUSED] += 1
        return
    end.pending += captured


@kernel
def flush(tables, limits, flow_index, side):
    """The flow ends: hand over what still waits, with the gaps between."""
    end_index = 2 * flow_index + side
    end = tables.ends[end_index]
    if end.flags & TRUNCATED:
        return  # what is pending is only counted
    for _ in range(CHAIN_STEPS):
        if end.pending <= 0:
            return
        drain(tables, limits, flow_index, side, NO_ROW)
        nearest = _nearest_pending(tables, end_index, NEWEST)
        if nearest < 0:
            end.pending = 0
            return
        skip_gap(tables, flow_index, side, NO_ROW, nearest)
