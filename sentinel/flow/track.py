"""The kernel that takes a batch's packet rows through the flow table."""

from __future__ import annotations

import numpy as np

from sentinel.decode.compiled import inlined, kernel
from sentinel.flow import reassembly, tcp
from sentinel.flow.key import flow_hash, icmp_reply_type, mix, write_uid
from sentinel.flow.lookup import find, insert, peek, remove
from sentinel.flow.memory import prefetch
from sentinel.flow.reassembly import is_shallow, keep, pass_over, push, tell_skipped
from sentinel.flow.record import FlowFlag, Shedding, Verdict, Work
from sentinel.flow.tables import COUNTERS
from sentinel.flow.tcp import add_letter, add_scaled, ahead

N_FREE = COUNTERS.index("free")
N_ENDED = COUNTERS.index("ended")
N_WORK = COUNTERS.index("work")
N_ACTIVE = COUNTERS.index("active")
N_CREATED = COUNTERS.index("created")
N_EVICTED = COUNTERS.index("evicted")
N_SWEEP_AT = COUNTERS.index("sweep_at")
N_SWEEP_FROM = COUNTERS.index("sweep_from")
N_HIGH = COUNTERS.index("high_water")
N_HAND = COUNTERS.index("hand")
N_NOW = COUNTERS.index("now")
N_EXPIRED = COUNTERS.index("expired_lookup")
N_SHEDDING, N_SHED = COUNTERS.index("shedding"), COUNTERS.index("shed")
FLIPPED, CARRIER, ENDED = int(FlowFlag.FLIPPED), int(FlowFlag.CARRIER), int(FlowFlag.ENDED)
SHED, SHED_ALL = int(FlowFlag.SHED), int(Shedding.ALL)
W_DATA, W_CLOSED, W_NEW = int(Work.DATA), int(Work.CLOSED), int(Work.NEW)
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
ESTABLISHED, CLOSED, RESET, INACTIVE = tcp.ESTABLISHED, tcp.CLOSED, tcp.RESET, tcp.INACTIVE
BYPASS, FRESH = int(Verdict.BYPASS), int(Verdict.FRESH)
ICMP_WORD = 4
"""Bytes before an ICMP payload that are handed over with it: an echo's identifier and number, a next hop's MTU …"""
CARRIER_ROW = 2
"""decode.Status.CARRIER"""
STREAM, TRUNCATED = reassembly.STREAM, reassembly.TRUNCATED
FAR, NEAR = 24, 12
"""How many packets ahead an entry of the table and a flow's cache lines are asked for."""
WORK_PER_ROW = 512
"""Most entries that one packet can add to the work list (two flows flushed, a stream drained)."""
CANDIDATES = 16
"""Flows compared when one must give way."""
MAX_NS = np.int64(1) << np.int64(62)


@kernel
def timeout_of(flow, orig, resp, limits):
    """How long (ns) a flow with these TCP states may be idle."""
    if flow.flags & CARRIER:
        return limits.tunnel
    if flow.proto == TCP:
        if orig == RESET or resp == RESET or (orig == CLOSED and resp == CLOSED):
            return limits.closed
        if resp == INACTIVE or orig == INACTIVE:
            return limits.attempt
        return limits.tcp
    if flow.proto == UDP:
        return limits.udp
    if flow.proto == ICMP or flow.proto == ICMP6:
        return limits.icmp
    return limits.tcp


@kernel
def end_flow(tables, limits, index):
    """Take a flow out of the table; its record stays readable until `release`."""
    flow = tables.flows[index]
    if flow.proto == TCP and flow.verdict != BYPASS:
        for side in range(2):
            reassembly.flush(tables, limits, index, np.int64(side))
            end = tables.ends[2 * index + side]
            tell_skipped(tables.work, tables.counters, end, index, np.int64(side), reassembly.NO_ROW)
    remove(tables.entries, flow.hash, index)
    flow.flags |= ENDED
    tables.deadline[index] = MAX_NS
    tables.ended[tables.counters[N_ENDED]] = index
    tables.counters[N_ENDED] += 1
    tables.counters[N_ACTIVE] -= 1


@kernel
def evict(tables, limits):
    """Make room: of some flows in turn, the longest idle ends; unanswered attempts go first."""
    high = tables.counters[N_HIGH]
    at = tables.counters[N_HAND]
    best, best_age = np.int64(-1), np.int64(-1)
    looked = 0
    for _ in range(high):
        at = at + 1 if at + 1 < high else 0
        flow = tables.flows[at]
        if tables.deadline[at] == MAX_NS:
            continue
        age = tables.counters[N_NOW] - flow.last_ts
        if flow.proto == TCP and tables.ends[2 * at + 1].state == INACTIVE:
            age += limits.tcp
        if age > best_age:
            best, best_age = np.int64(at), age
        looked += 1
        if looked >= CANDIDATES:
            break
    tables.counters[N_HAND] = at
    if best >= 0:
        end_flow(tables, limits, best)
        tables.counters[N_EVICTED] += 1


@kernel
def should_flip(tables, row, proto):
    """Was this first packet sent by the server? So it seems where it comes from a server's port to another."""
    if proto == TCP:
        if row.tcp_flags & (tcp.SYN | tcp.ACK) == tcp.SYN:
            return False
        return tables.server_ports[row.src_port] == 1 and tables.server_ports[row.dst_port] == 0
    if proto == UDP:
        return (
            tables.server_ports[65536 + row.src_port] == 1 and tables.server_ports[65536 + row.dst_port] == 0
        )
    return False


@kernel
def reverse(tables, index):
    """The SYN came after its answer: exchange originator and responder, as Zeek does, and take both for established."""
    flow, orig, resp = tables.flows[index], tables.ends[2 * index], tables.ends[2 * index + 1]
    add_letter(flow, tcp.LETTER_S, np.int64(1))
    add_letter(flow, tcp.LETTER_FLIPPED, tcp.ORIG)
    resp.seen |= tcp.SEEN_SYN
    resp.syn_seq = resp.start
    tcp.set_state(orig, ESTABLISHED)
    tcp.set_state(resp, ESTABLISHED)
    tcp.exchange(orig, resp)
    flow.orig_hi, flow.resp_hi = flow.resp_hi, flow.orig_hi
    flow.orig_lo, flow.resp_lo = flow.resp_lo, flow.orig_lo
    flow.orig_port, flow.resp_port = flow.resp_port, flow.orig_port
    flow.orig_mac, flow.resp_mac = flow.resp_mac, flow.orig_mac
    flow.flags ^= FLIPPED


@kernel
def create(tables, limits, row, hashed, src_port, dst_port, zone):
    """Begin a flow at this packet."""
    if tables.counters[N_FREE] <= len(tables.ended):
        evict(tables, limits)
    tables.counters[N_FREE] -= 1
    index = np.int64(tables.free[tables.counters[N_FREE]])
    tables.counters[N_HIGH] = max(tables.counters[N_HIGH], index + 1)
    tables.counters[N_ACTIVE] += 1
    tables.counters[N_CREATED] += 1
    flow = tables.flows[index]
    flow.hash = hashed
    flow.proto = row.proto
    flow.zone = zone
    flow.first_ts = row.ts
    flow.last_ts = row.ts
    shedding = tables.counters[N_SHEDDING] > 0
    flow.flags = SHED if shedding else 0
    flow.verdict = BYPASS if shedding or limits.inspect == 0 else FRESH
    flow.history_len = 0
    flow.history0 = 0
    flow.history1 = 0
    flow.history2 = 0
    flow.history3 = 0
    flow.tunnel = row.tunnel
    flow.carries = row.carries
    flow.vlan = row.vlan
    flow.inner_vlan = row.inner_vlan
    flow.serial = tables.counters[N_CREATED]
    if should_flip(tables, row, row.proto):
        flow.flags |= FLIPPED
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = (
            row.dst_hi,
            row.dst_lo,
            dst_port,
            row.eth_dst,
        )
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = (
            row.src_hi,
            row.src_lo,
            src_port,
            row.eth_src,
        )
        add_letter(flow, tcp.LETTER_FLIPPED, tcp.ORIG)
    else:
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = (
            row.src_hi,
            row.src_lo,
            src_port,
            row.eth_src,
        )
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = (
            row.dst_hi,
            row.dst_lo,
            dst_port,
            row.eth_dst,
        )
    insert(tables.entries, hashed, index)
    for side in range(2):
        end = tables.ends[2 * index + side]
        end.pkts = 0
        end.ip_bytes = 0
        end.payload_bytes = 0
        end.missed = 0
        end.delivered = 0
        end.unwanted = 0
        end.skipped = 0
        end.last = 0
        end.acked = 0
        end.segment = -1
        end.start = 0
        end.next = 0
        end.pending = 0
        end.seen = 0
        end.gaps = 0
        end.rexmits = 0
        end.zero_windows = 0
        end.bad_checksums = 0
        end.state = INACTIVE
        end.former = INACTIVE
        end.flags = 0
    tables.deadline[index] = row.ts + limits.closed
    entropy = mix(hashed ^ np.uint64(row.ts))
    write_uid(
        tables.uids[index],
        entropy,
        mix(entropy + np.uint64(tables.counters[N_CREATED]) + np.uint64(limits.seed)),
    )
    return index


@inlined
def is_reversed(flow, mine, peer, row):
    """Is this the SYN to a flow that began with its answer? Nothing may have been handed over of it."""
    return (
        row.proto == TCP
        and row.tcp_flags & (tcp.SYN | tcp.ACK | tcp.RST) == tcp.SYN
        and mine.state == INACTIVE
        and peer.state == tcp.SYN_ACK_SENT
        and mine.start == row.seq
        and peer.delivered == 0
        and peer.pending == 0
        and flow.tunnel == 0
        and flow.carries == 0
    )


@inlined
def is_reuse(mine, peer, row):
    """Does this SYN begin a new connection between the endpoints of one that has ended?"""
    if row.proto != TCP or row.tcp_flags & (tcp.SYN | tcp.ACK | tcp.RST) != tcp.SYN:
        return False
    if mine.state == INACTIVE or mine.start == row.seq:
        return False
    return mine.state == CLOSED or mine.state == RESET or peer.state == CLOSED or peer.state == RESET


@inlined
def ports_of(row):
    """Ports as the key has them."""
    src_port, dst_port = row.src_port, row.dst_port
    if row.status == CARRIER_ROW:
        src_port, dst_port = np.uint16(0), np.uint16(0)
    elif row.proto == ICMP or row.proto == ICMP6:
        pair = icmp_reply_type(row.proto, row.src_port & 255)
        if pair >= 0:
            dst_port = np.uint16(pair)
    return src_port, dst_port


@kernel
def hash_rows(rows, hashes, zones, seed):
    """Hash all packets first, so that `process` can ask for their table entries ahead of need."""
    for number in range(len(rows)):
        row = rows[number]
        src_port, dst_port = ports_of(row)
        hashes[number] = flow_hash(
            row.src_hi, row.src_lo, src_port, row.dst_hi, row.dst_lo, dst_port, row.proto, zones[number], seed
        )


@kernel
def process(tables, limits, rows, zones, data, spill, start):
    """Take rows[start:], of `zones[start:]`, through the table; stops early when the work list is nearly full.

    Returns the number of the first row not taken. `tables.row_flow` gets each row's flow.
    The common ways of a packet are written out here over single arrays and records, since handing the
    whole table to a function costs more than a packet may; the rare ways are functions. What a packet will
    touch is asked for ahead of need: its entry in the table FAR packets before, its flow NEAR before.
    """
    flows, ends, entries, count = tables.flows, tables.ends, tables.entries, tables.counters
    work, row_flow, deadline, hashes = tables.work, tables.row_flow, tables.deadline, tables.hashes
    segments, kept = tables.segments, tables.kept
    seed = np.uint64(limits.seed)
    room = len(work) - WORK_PER_ROW
    mask = np.uint64(len(entries) - 1)
    if start == 0:
        hash_rows(rows, hashes, zones, seed)
    last = len(rows) - 1
    for number in range(start, len(rows)):
        if count[N_WORK] > room or count[N_ENDED] + 2 >= len(tables.ended):
            return number
        prefetch(entries, np.int64(hashes[min(number + FAR, last)] & mask))
        soon = peek(entries, mask, hashes[min(number + NEAR, last)])
        if soon >= 0:
            prefetch(flows, soon)
            prefetch(ends, 2 * soon)
            prefetch(ends, 2 * soon + 1)
        row = rows[number]
        row_flow[number] = -1
        if row.ts > count[N_NOW]:
            count[N_NOW] = row.ts
        if (row.status != 0 and row.status != CARRIER_ROW) or row.ip_version == 0:
            continue
        proto, hashed = row.proto, hashes[number]
        src_port, dst_port = ports_of(row)
        index = find(
            entries,
            mask,
            flows,
            hashed,
            row.src_hi,
            row.src_lo,
            src_port,
            row.dst_hi,
            row.dst_lo,
            dst_port,
            proto,
            zones[number],
        )
        side = np.int64(0)
        if index >= 0:
            flow = flows[index]
            if not (flow.orig_lo == row.src_lo and flow.orig_port == src_port and flow.orig_hi == row.src_hi):
                side = np.int64(1)
            idle = row.ts - flow.last_ts
            stale = idle > limits.closed and idle > timeout_of(
                flow, ends[2 * index].state, ends[2 * index + 1].state, limits
            )
            if stale or is_reuse(ends[2 * index + side], ends[2 * index + 1 - side], row):
                count[N_EXPIRED] += stale
                end_flow(tables, limits, index)
                index = np.int64(-1)
            elif is_reversed(flow, ends[2 * index + side], ends[2 * index + 1 - side], row):
                reverse(tables, index)
                side = np.int64(0)
        if index < 0:
            index = create(tables, limits, row, hashed, src_port, dst_port, zones[number])
            side = np.int64(flows[index].flags & FLIPPED)
            if row.status == CARRIER_ROW:
                flows[index].flags |= CARRIER
            if row.parent >= 0 or row.carries != 0:
                push(work, count, W_NEW, index, side, number, 0, 0, 0, 0)
        flow = flows[index]
        end, peer = ends[2 * index + side], ends[2 * index + 1 - side]
        row_flow[number] = index
        if row.ts > flow.last_ts:
            flow.last_ts = row.ts
        if row.carries != 0:
            if flow.carries == 0:  # it said something else before
                push(work, count, W_NEW, index, side, number, 0, 0, 0, 0)
            flow.carries = row.carries
        end.pkts += 1
        end.ip_bytes += row.ip_len
        end.payload_bytes += row.payload_wire
        if row.payload_wire > 0:
            if count[N_SHEDDING] == SHED_ALL and flow.verdict != BYPASS:
                flow.flags |= SHED
                flow.verdict = BYPASS
            if flow.flags & SHED and row.parent < 0:
                count[N_SHED] += 1
        if row.bad_checksum:
            end.bad_checksums += 1
            add_scaled(flow, tcp.LETTER_C, side, np.int64(end.bad_checksums))
            continue
        if proto != TCP:
            end.state = ESTABLISHED
            if proto == UDP and not end.seen & tcp.SEEN_DATA:
                end.seen |= tcp.SEEN_DATA
                add_letter(flow, tcp.LETTER_D, side)
            header = ICMP_WORD if proto == ICMP or proto == ICMP6 else 0
            length = row.payload_len + header
            if length > 0 and flow.verdict != BYPASS and not flow.flags & CARRIER:
                if not is_shallow(flow.verdict) or end.delivered < limits.inspect:
                    push(
                        work, count, W_DATA, index, side, number, row.buffer, row.payload - header, length,
                        end.delivered,
                    )  # fmt: skip
                    end.delivered += length
            continue
        before = end.state
        if tcp.take(flow, end, peer, side, row):
            deadline[index] = row.ts + limits.closed
        flags, seq = row.tcp_flags, row.seq
        read = flow.verdict != BYPASS
        if flags & (tcp.ACK | tcp.RST) == tcp.ACK and peer.flags & STREAM:
            if ahead(row.ack, peer.next) > 0:
                in_order = not flags & tcp.FIN
                if read and not peer.flags & TRUNCATED:
                    reassembly.acknowledge(
                        tables, limits, index, 1 - side, np.int64(number), row.ack, in_order
                    )
                else:
                    reassembly.count_acknowledged(flow, peer, 1 - side, row.ack, in_order)
        if flags & tcp.SYN:
            end.flags |= STREAM
            seq = seq + np.uint32(1)
            end.next = seq
        if row.payload_wire > 0 and not flags & tcp.RST:
            length = np.int64(row.payload_len)
            if read and is_shallow(flow.verdict) and end.delivered >= limits.inspect:
                end.flags |= TRUNCATED
            if not read or end.flags & TRUNCATED:
                reassembly.count_arrival(end, seq, np.int64(row.payload_wire))
            elif (
                end.flags & STREAM
                and seq == end.next
                and end.pending == 0
                and length == row.payload_wire
                and row.buffer == 0
            ):
                end.next = seq + np.uint32(length)
                unwanted = pass_over(end, length)
                if unwanted < length:
                    keep(kept, segments, count, end, 2 * index + side, data, row.payload, length, seq, 0)
                    tell_skipped(work, count, end, index, side, np.int64(number))
                    push(
                        work, count, W_DATA, index, side, number, 0, row.payload + unwanted, length - unwanted,
                        end.delivered + unwanted,
                    )  # fmt: skip
                end.delivered += length
            else:
                source = data if row.buffer == 0 else spill
                reassembly.segment_arrives(
                    tables, limits, index, side, np.int64(number), source, np.int64(row.buffer), row.payload, length,
                    np.int64(row.payload_wire), seq,
                )  # fmt: skip
        if read and flags & tcp.FIN and before != CLOSED and before != RESET:
            tell_skipped(work, count, end, index, side, np.int64(number))
            push(work, count, W_CLOSED, index, side, number, 0, 0, 0, 0)
    return len(rows)


@kernel
def sweep(tables, limits, now, everything):
    """End flows idle for too long (or all). Returns False when it stopped early for want of room."""
    count = tables.counters
    if not everything and count[N_SWEEP_FROM] < 0 and now < count[N_SWEEP_AT]:
        return True
    begin = max(count[N_SWEEP_FROM], np.int64(0))
    room = len(tables.work) - WORK_PER_ROW
    for index in range(begin, count[N_HIGH]):
        if tables.deadline[index] == MAX_NS or (tables.deadline[index] > now and not everything):
            continue
        if count[N_WORK] > room or count[N_ENDED] + 2 >= len(tables.ended):
            count[N_SWEEP_FROM] = index
            return False
        due = tables.flows[index].last_ts + timeout_of(
            tables.flows[index], tables.ends[2 * index].state, tables.ends[2 * index + 1].state, limits
        )
        if everything or due <= now:
            end_flow(tables, limits, index)
        else:
            tables.deadline[index] = due
    count[N_SWEEP_FROM] = -1
    count[N_SWEEP_AT] = now + limits.sweep
    return True


@kernel
def release(tables):
    """Give the slots of ended flows back and clear the work list."""
    for k in range(tables.counters[N_ENDED]):
        tables.free[tables.counters[N_FREE]] = tables.ended[k]
        tables.counters[N_FREE] += 1
    tables.counters[N_ENDED] = 0
    tables.counters[N_WORK] = 0
