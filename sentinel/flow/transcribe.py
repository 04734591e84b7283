"""The kernel that copies a step's stretches into one text, run after run."""

from __future__ import annotations

import numpy as np

from sentinel.decode.compiled import kernel
from sentinel.flow.memory import copy_bytes
from sentinel.flow.record import Verdict, Work

SHOWN = 64
"""Bytes of a conflicting retransmission that are shown."""
WHOLE = np.int64(1) << np.int64(62)
DATA, CONFLICT = int(Work.DATA), int(Work.CONFLICT)
BYPASS = int(Verdict.BYPASS)
TCP = 6


@kernel
def _put(work, number, data, spill, kept, text, at, most):
    """Copy the bytes of a stretch to `text[at:]`; where they end."""
    item = work[number]
    length = min(np.int64(item.length), most)
    if item.buffer == 0:
        copy_bytes(text, at, data, item.offset, length)
    elif item.buffer == 1:
        copy_bytes(text, at, spill, item.offset, length)
    else:
        copy_bytes(text, at, kept, item.offset, length)
    return at + length


@kernel
def _recall(tails, tail_bytes, slot_of, endpoint, serial, text, at):
    """Copy the remembered last bytes of a direction to `text[at:]`; where they end."""
    slot = np.int64(slot_of[endpoint])
    if slot < 0 or tails[slot].endpoint != endpoint or tails[slot].serial != serial:
        return at
    length = np.int64(tails[slot].length)
    copy_bytes(text, at, tail_bytes, slot * (len(tail_bytes) // len(tails)), length)
    return at + length


@kernel
def _remember(
    tails,
    tail_bytes,
    slot_of,
    counters,
    endpoint,
    serial,
    text,
    begin,
    end,
):
    """Keep the last bytes of `text[begin:end]` for the direction's next run."""
    slot = np.int64(slot_of[endpoint])
    if slot < 0 or tails[slot].endpoint != endpoint or tails[slot].serial != serial:
        slot = counters[0] % len(tails)
        counters[0] += 1
        former = np.int64(tails[slot].endpoint)
        if former >= 0 and slot_of[former] == slot:
            slot_of[former] = -1
            counters[1] += 1
        slot_of[endpoint] = slot
        tails[slot].endpoint = endpoint
        tails[slot].serial = serial
    size = len(tail_bytes) // len(tails)
    length = min(end - begin, size)
    copy_bytes(tail_bytes, slot * size, text, end - length, length)
    tails[slot].length = length


@kernel
def transcribe(
    work,
    flows,
    data,
    spill,
    kept,
    tails,
    tail_bytes,
    slot_of,
    counters,
    depth,
    text,
    runs,
    cuts,
):
    """Fill `text`, `runs` and `cuts`; how many runs, how many bytes."""
    count, at, number = 0, np.int64(0), 0
    while number < len(work):
        item = work[number]
        flow = flows[item.flow]
        run = runs[count]
        count += 1
        run.kind = item.kind
        run.side = item.side
        run.flow = item.flow
        run.row = item.row
        run.at = item.at
        run.length = item.length
        run.stream = item.kind == DATA and flow.proto == TCP
        run.begin = at
        wanted = run.stream and len(tail_bytes) > 0 and item.at < depth and flow.verdict != BYPASS
        endpoint = 2 * np.int64(item.flow) + item.side
        if wanted and item.at > 0:
            at = _recall(tails, tail_bytes, slot_of, endpoint, flow.serial, text, at)
        run.start = at
        if item.kind == DATA:
            at = _put(work, number, data, spill, kept, text, at, WHOLE)
        elif item.kind == CONFLICT:
            at = _put(work, number, data, spill, kept, text, at, np.int64(SHOWN))
        run.stretch = number
        cuts[number] = at
        number += 1
        if run.stream:
            while (
                number < len(work)
                and work[number].kind == DATA
                and work[number].flow == item.flow
                and work[number].side == item.side
            ):
                at = _put(work, number, data, spill, kept, text, at, WHOLE)
                cuts[number] = at
                number += 1
        run.stretches = number - run.stretch
        run.end = at
        if wanted:
            _remember(
                tails, tail_bytes, slot_of, counters, endpoint, flow.serial, text, np.int64(run.begin), at
            )
        text[at] = 10
        at += 1
    return count, at
