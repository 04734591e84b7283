"""The kernel that takes a batch's packet rows through the flow table."""

from __future__ import annotations

import numpy as np
from numba import njit

from sentinel.flow import reassembly, tcp
from sentinel.flow.key import flow_hash, icmp_reply_type, mix, write_uid
from sentinel.flow.record import FlowFlag, Work
from sentinel.flow.reassembly import ahead, push
from sentinel.flow.tables import COUNTERS
from sentinel.flow.tcp import add_letter, add_scaled

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
FLIPPED, CARRIER, ENDED = int(FlowFlag.FLIPPED), int(FlowFlag.CARRIER), int(FlowFlag.ENDED)
W_DATA, W_CLOSED, W_NEW = int(Work.DATA), int(Work.CLOSED), int(Work.NEW)
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
ESTABLISHED, CLOSED, RESET, INACTIVE = tcp.ESTABLISHED, tcp.CLOSED, tcp.RESET, tcp.INACTIVE
BYPASS = 1
WORK_PER_ROW = 512
"""Most entries that one packet can add to the work list (two flows flushed, a stream drained)."""
CANDIDATES = 16
"""Flows compared when one must give way."""
MAX_NS = np.int64(1) << np.int64(62)


@njit(cache=True, nogil=True)
def timeout_of(tables, limits, index):
    """How long (ns) this flow may be idle."""
    flow = tables.flows[index]
    if flow.flags & CARRIER:
        return limits.tunnel
    if flow.proto == TCP:
        orig, resp = tables.ends[2 * index].state, tables.ends[2 * index + 1].state
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


@njit(cache=True, nogil=True)
def end_flow(tables, limits, index):
    """Take a flow out of the table; its record stays readable until `release`."""
    flow = tables.flows[index]
    if flow.proto == TCP and flow.verdict != BYPASS:
        reassembly.flush(tables, limits, index, 0)
        reassembly.flush(tables, limits, index, 1)
    bucket = np.int64(flow.hash & np.uint64(len(tables.heads) - 1))
    at = tables.heads[bucket]
    if at == index:
        tables.heads[bucket] = flow.next
    else:
        while at >= 0:
            following = tables.flows[at].next
            if following == index:
                tables.flows[at].next = flow.next
                break
            at = following
    flow.flags |= ENDED
    tables.deadline[index] = MAX_NS
    tables.ended[tables.count[N_ENDED]] = index
    tables.count[N_ENDED] += 1
    tables.count[N_ACTIVE] -= 1


@njit(cache=True, nogil=True)
def evict(tables, limits):
    """Make room: of some flows in turn, the longest idle ends; unanswered attempts go first."""
    high = tables.count[N_HIGH]
    at = tables.count[N_HAND]
    best, best_age = np.int64(-1), np.int64(-1)
    looked = 0
    for _ in range(high):
        at = at + 1 if at + 1 < high else 0
        flow = tables.flows[at]
        if tables.deadline[at] == MAX_NS:
            continue
        age = tables.count[N_NOW] - flow.last_ts
        if flow.proto == TCP and tables.ends[2 * at + 1].state == INACTIVE:
            age += limits.tcp
        if age > best_age:
            best, best_age = np.int64(at), age
        looked += 1
        if looked >= CANDIDATES:
            break
    tables.count[N_HAND] = at
    if best >= 0:
        end_flow(tables, limits, best)
        tables.count[N_EVICTED] += 1


@njit(cache=True, nogil=True, inline="always")
def find(tables, hashed, src_hi, src_lo, src_port, dst_hi, dst_lo, dst_port, proto, zone):
    """Index of the flow between these endpoints in either direction, or -1."""
    at = tables.heads[np.int64(hashed & np.uint64(len(tables.heads) - 1))]
    while at >= 0:
        flow = tables.flows[at]
        if flow.hash == hashed and flow.proto == proto and flow.zone == zone:
            if (
                flow.orig_lo == src_lo
                and flow.resp_lo == dst_lo
                and flow.orig_port == src_port
                and flow.resp_port == dst_port
                and flow.orig_hi == src_hi
                and flow.resp_hi == dst_hi
            ) or (
                flow.orig_lo == dst_lo
                and flow.resp_lo == src_lo
                and flow.orig_port == dst_port
                and flow.resp_port == src_port
                and flow.orig_hi == dst_hi
                and flow.resp_hi == src_hi
            ):
                return np.int64(at)
        at = flow.next
    return np.int64(-1)


@njit(cache=True, nogil=True)
def should_flip(tables, row, proto):
    """Was this first packet sent by the server? An answer to a SYN, or from a server's port to another."""
    if proto == TCP:
        control = row.tcp_flags & (tcp.SYN | tcp.ACK)
        if control == tcp.SYN | tcp.ACK:
            return True
        if control & tcp.SYN:
            return False
        return tables.server_ports[row.src_port] == 1 and tables.server_ports[row.dst_port] == 0
    if proto == UDP:
        return tables.server_ports[65536 + row.src_port] == 1 and tables.server_ports[65536 + row.dst_port] == 0
    return False


@njit(cache=True, nogil=True)
def create(tables, limits, row, hashed, src_port, dst_port, zone):
    """Begin a flow at this packet."""
    if tables.count[N_FREE] <= len(tables.ended):
        evict(tables, limits)
    tables.count[N_FREE] -= 1
    index = np.int64(tables.free[tables.count[N_FREE]])
    tables.count[N_HIGH] = max(tables.count[N_HIGH], index + 1)
    tables.count[N_ACTIVE] += 1
    tables.count[N_CREATED] += 1
    flow = tables.flows[index]
    flow.hash = hashed
    flow.proto = row.proto
    flow.zone = zone
    flow.first_ts = row.ts
    flow.last_ts = row.ts
    flow.flags = 0
    flow.verdict = 0
    flow.history_len = 0
    flow.tunnel = row.tunnel
    flow.carries = row.carries
    flow.vlan = row.vlan
    flow.inner_vlan = row.inner_vlan
    flow.serial = tables.count[N_CREATED]
    if should_flip(tables, row, row.proto):
        flow.flags = FLIPPED
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = row.dst_hi, row.dst_lo, dst_port, row.eth_dst
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = row.src_hi, row.src_lo, src_port, row.eth_src
        add_letter(flow, tables.letters[index], 94, 0)  # ^
    else:
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = row.src_hi, row.src_lo, src_port, row.eth_src
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = row.dst_hi, row.dst_lo, dst_port, row.eth_dst
    bucket = np.int64(hashed & np.uint64(len(tables.heads) - 1))
    flow.next = tables.heads[bucket]
    tables.heads[bucket] = index
    for side in range(2):
        end = tables.ends[2 * index + side]
        end.pkts = 0
        end.ip_bytes = 0
        end.payload_bytes = 0
        end.missed = 0
        end.delivered = 0
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
    write_uid(tables.uids[index], entropy, mix(entropy + np.uint64(tables.count[N_CREATED]) + np.uint64(limits.seed)))
    return index


@njit(cache=True, nogil=True, inline="always")
def is_reuse(tables, index, side, row):
    """Does this SYN begin a new connection between the endpoints of one that has ended?"""
    if row.proto != TCP or row.tcp_flags & (tcp.SYN | tcp.ACK | tcp.RST) != tcp.SYN:
        return False
    mine, peer = tables.ends[2 * index + side], tables.ends[2 * index + 1 - side]
    if mine.state == INACTIVE or mine.start == row.seq:
        return False
    return mine.state == CLOSED or mine.state == RESET or peer.state == CLOSED or peer.state == RESET


@njit(cache=True, nogil=True)
def tcp_packet(tables, limits, index, side, row_number, row, source):
    """Take one TCP packet: sequence accounts, history, state, payload."""
    flow = tables.flows[index]
    letters = tables.letters[index]
    end, peer = tables.ends[2 * index + side], tables.ends[2 * index + 1 - side]
    flags, seq, length = row.tcp_flags, row.seq, np.int64(row.payload_wire)
    tcp.number(end, flags, seq)
    relative = end.last + ahead(seq, end.start + np.uint32(end.last & 0xFFFFFFFF))
    tcp.note_history(flow, letters, end, side, flags, seq, length)
    if row.window == 0 and not flags & tcp.RST and peer.state != CLOSED and end.state != RESET:
        end.zero_windows += 1
        add_scaled(flow, letters, 87, side, end.zero_windows)  # W
    if flags & tcp.ACK:
        if peer.state == INACTIVE:
            peer.start = row.ack - np.uint32(1)
            peer.last = 0
            peer.acked = 0
        elif not flags & tcp.RST:
            acked = peer.acked + ahead(row.ack, peer.start + np.uint32(peer.acked & 0xFFFFFFFF))
            if acked > peer.acked and not (row.ack == 0 and acked - peer.acked > 1 << 20):
                peer.acked = acked
    carried = np.int64(0) if flags & tcp.RST else length
    reach = relative + carried + (1 if flags & tcp.SYN else 0) + (1 if flags & tcp.FIN else 0)
    delta = reach - end.last
    wild = delta > 1 << 20 or delta < -(1 << 20)
    if not (flags & (tcp.SYN | tcp.RST) and wild) and end.state != RESET:
        if delta > 0:
            end.last = reach
        elif carried > 0:
            end.rexmits += 1
            add_scaled(flow, letters, 84, side, end.rexmits)  # T
    before, peer_before = end.state, peer.state
    tcp.advance(end, peer, side, flags, length)
    if before != end.state or peer_before != peer.state:
        if end.state == RESET or (end.state == CLOSED and peer.state == CLOSED):
            tables.deadline[index] = row.ts + limits.closed
    if flow.verdict == BYPASS:
        return
    if flags & tcp.ACK and not flags & tcp.RST and peer.flags & reassembly.STREAM:
        if not peer.flags & reassembly.TRUNCATED:
            reassembly.acknowledge(
                tables, limits, index, 1 - side, row_number, row.ack, not flags & (tcp.FIN | tcp.RST)
            )
    if flags & tcp.SYN:
        end.flags |= reassembly.STREAM
        end.next = seq + np.uint32(1)
        seq = end.next
    if length > 0 and not flags & tcp.RST and not end.flags & reassembly.TRUNCATED:
        if flow.verdict == 0 and end.delivered + np.int64(end.pending) >= limits.inspect:
            end.flags |= reassembly.TRUNCATED
        else:
            reassembly.segment_arrives(
                tables, limits, index, side, row_number, source, row.buffer, row.payload, row.payload_len, length, seq
            )
    if flags & tcp.FIN and before != CLOSED and before != RESET:
        push(tables, W_CLOSED, index, side, row_number, 0, 0, 0)


@njit(cache=True, nogil=True)
def datagram(tables, limits, index, side, row_number, row):
    """Take one packet of a transport without streams."""
    flow = tables.flows[index]
    end = tables.ends[2 * index + side]
    end.state = ESTABLISHED
    if flow.proto == UDP and not end.seen & tcp.SEEN_DATA:
        end.seen |= tcp.SEEN_DATA
        add_letter(flow, tables.letters[index], 68, side)  # D
    if row.payload_len > 0 and flow.verdict != BYPASS and not flow.flags & CARRIER:
        if flow.verdict == 0 and end.delivered >= limits.inspect:
            end.flags |= reassembly.TRUNCATED
            return
        end.delivered += row.payload_len
        push(tables, W_DATA, index, side, row_number, row.buffer, row.payload, row.payload_len)


@njit(cache=True, nogil=True)
def process(tables, limits, rows, data, spill, zone, start):
    """Take rows[start:] through the table; stops early when the work list is nearly full.

    Returns the number of the first row not taken. `tables.row_flow` gets each row's flow.
    """
    seed = np.uint64(limits.seed)
    room = len(tables.work) - WORK_PER_ROW
    for number in range(start, len(rows)):
        if tables.count[N_WORK] > room or tables.count[N_ENDED] + 2 >= len(tables.ended):
            return number
        row = rows[number]
        tables.row_flow[number] = -1
        if row.ts > tables.count[N_NOW]:
            tables.count[N_NOW] = row.ts
        if (row.status != 0 and row.status != 2) or row.ip_version == 0:
            continue
        proto = row.proto
        src_port, dst_port = row.src_port, row.dst_port
        if row.status == 2:
            src_port, dst_port = np.uint16(0), np.uint16(0)
        elif proto == ICMP or proto == ICMP6:
            pair = icmp_reply_type(proto, row.src_port & 255)
            if pair >= 0:
                dst_port = np.uint16(pair)
        network = tables.zone_of_vlan[row.vlan + 1]
        if network == 0:
            network = np.uint16(zone)
        hashed = flow_hash(
            row.src_hi, row.src_lo, src_port, row.dst_hi, row.dst_lo, dst_port, proto, network, seed
        )
        index = find(
            tables, hashed, row.src_hi, row.src_lo, src_port, row.dst_hi, row.dst_lo, dst_port, proto, network
        )
        if index >= 0:
            flow = tables.flows[index]
            side = 0 if flow.orig_lo == row.src_lo and flow.orig_port == src_port and flow.orig_hi == row.src_hi else 1
            idle = row.ts - flow.last_ts
            if idle > limits.closed and idle > timeout_of(tables, limits, index):
                tables.count[N_EXPIRED] += 1
                end_flow(tables, limits, index)
                index = np.int64(-1)
            elif is_reuse(tables, index, side, row):
                end_flow(tables, limits, index)
                index = np.int64(-1)
        if index < 0:
            index = create(tables, limits, row, hashed, src_port, dst_port, network)
            flow = tables.flows[index]
            side = 1 if flow.flags & FLIPPED else 0
            if row.status == 2:
                flow.flags |= CARRIER
            if row.parent >= 0 or row.carries != 0:
                push(tables, W_NEW, index, side, number, 0, 0, 0)
        flow = tables.flows[index]
        tables.row_flow[number] = index
        if row.ts > flow.last_ts:
            flow.last_ts = row.ts
        if row.carries != 0:
            flow.carries = row.carries
        end = tables.ends[2 * index + side]
        end.pkts += 1
        end.ip_bytes += row.ip_len
        end.payload_bytes += row.payload_wire
        if row.bad_checksum:
            end.bad_checksums += 1
            add_scaled(flow, tables.letters[index], 67, side, end.bad_checksums)  # C
        elif proto == TCP:
            tcp_packet(tables, limits, index, side, number, row, data if row.buffer == 0 else spill)
        else:
            datagram(tables, limits, index, side, number, row)
    return len(rows)


@njit(cache=True, nogil=True)
def sweep(tables, limits, now, everything):
    """End flows idle for too long (or all). Returns False when it stopped early for want of room."""
    count = tables.count
    if not everything and count[N_SWEEP_FROM] < 0 and now < count[N_SWEEP_AT]:
        return True
    begin = max(count[N_SWEEP_FROM], np.int64(0))
    room = len(tables.work) - WORK_PER_ROW
    for index in range(begin, count[N_HIGH]):
        if tables.deadline[index] == MAX_NS or (tables.deadline[index] > now and not everything):
            continue
        if tables.flows[index].serial == 0:
            continue
        if count[N_WORK] > room or count[N_ENDED] + 2 >= len(tables.ended):
            count[N_SWEEP_FROM] = index
            return False
        due = tables.flows[index].last_ts + timeout_of(tables, limits, index)
        if everything or due <= now:
            end_flow(tables, limits, index)
        else:
            tables.deadline[index] = due
    count[N_SWEEP_FROM] = -1
    count[N_SWEEP_AT] = now + limits.sweep
    return True


@njit(cache=True, nogil=True)
def release(tables):
    """Give the slots of ended flows back and clear the work list."""
    for k in range(tables.count[N_ENDED]):
        tables.free[tables.count[N_FREE]] = tables.ended[k]
        tables.count[N_FREE] += 1
    tables.count[N_ENDED] = 0
    tables.count[N_WORK] = 0
