"""TCP as seen from outside: states and history letters of both endpoints.

States and letters have Zeek's meanings (conn.log's `conn_state` and `history`), so that its published
answers hold for ours. Pure functions over one flow's records; no I/O.
"""

from __future__ import annotations

import numpy as np

from sentinel.decode.compiled import inlined, kernel
from sentinel.flow.record import HISTORY_LENGTH, Endpoint

INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = range(7)
FIN_SENT = int(Endpoint.FIN)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

LARGE = 1 << 20
"""A jump in sequence numbers past which SYN, RST and zero acknowledgements are not believed."""

# np.int64, since numba would compile a version of each function for every plain constant
LETTER_A, LETTER_C, LETTER_D, LETTER_F, LETTER_G, LETTER_H, LETTER_I = (np.int64(ord(c)) for c in "ACDFGHI")
LETTER_Q, LETTER_R, LETTER_S, LETTER_T, LETTER_W, LETTER_FLIPPED = (np.int64(ord(c)) for c in "QRSTW^")
ORIG = np.int64(0)

# one bit a letter in ENDPOINT.seen
SEEN_SYN, SEEN_FIN, SEEN_RST, SEEN_DATA, SEEN_ACK, SEEN_MULTI, SEEN_FIN_RST = 1, 2, 4, 8, 16, 32, 64


@kernel
def add_letter(flow, letter, side):
    """Append a history letter; lower case for the responder. Letters past the 32nd are lost."""
    n = flow.history_len
    if n >= HISTORY_LENGTH:
        return
    code = np.uint64(letter + 32 * side if 65 <= letter <= 90 else letter)
    shifted = code << np.uint64(8 * (n & 7))
    if n < 8:
        flow.history0 |= shifted
    elif n < 16:
        flow.history1 |= shifted
    elif n < 24:
        flow.history2 |= shifted
    else:
        flow.history3 |= shifted
    flow.history_len = n + 1


@kernel
def add_scaled(flow, letter, side, count):
    """Append a letter at the 1st, 10th, 100th … time, as Zeek does for gaps, retransmissions, zero windows."""
    step = 1
    while step < count:
        step *= 10
    if step == count:
        add_letter(flow, letter, side)


@kernel
def note_history(flow, end, side, flags, seq, length):
    """Append the letters that this packet of `side` earns."""
    control = flags & (SYN | FIN | RST)
    if control == 0:
        if length > 0:
            if not end.seen & SEEN_DATA:
                end.seen |= SEEN_DATA
                add_letter(flow, LETTER_D, side)
        elif flags & ACK and not end.seen & SEEN_ACK:
            end.seen |= SEEN_ACK
            add_letter(flow, LETTER_A, side)
    elif control == SYN:
        if not end.seen & SEEN_SYN or end.syn_seq != seq:
            end.seen |= SEEN_SYN
            add_letter(flow, LETTER_H if flags & ACK else LETTER_S, side)
        end.syn_seq = seq
    elif control == FIN:
        if not end.seen & SEEN_FIN or end.fin_seq != seq + length:
            end.seen |= SEEN_FIN
            add_letter(flow, LETTER_F, side)
        end.fin_seq = seq + length
    elif control == RST:
        if not end.seen & SEEN_RST or end.rst_seq != seq:
            end.seen |= SEEN_RST
            add_letter(flow, LETTER_R, side)
        end.rst_seq = seq
    elif control & FIN and control & RST:
        if not end.seen & SEEN_FIN_RST:
            end.seen |= SEEN_FIN_RST
            add_letter(flow, LETTER_I, side)
    elif not end.seen & SEEN_MULTI:
        end.seen |= SEEN_MULTI
        add_letter(flow, LETTER_Q, side)


@inlined
def set_state(end, state):
    end.former = end.state
    end.state = state


@kernel
def exchange(one, other):
    """Exchange what is known of two endpoints of which no payload was seen."""
    one.pkts, other.pkts = other.pkts, one.pkts
    one.ip_bytes, other.ip_bytes = other.ip_bytes, one.ip_bytes
    one.last, other.last = other.last, one.last
    one.acked, other.acked = other.acked, one.acked
    one.start, other.start = other.start, one.start
    one.next, other.next = other.next, one.next
    one.state, other.state = other.state, one.state
    one.former, other.former = other.former, one.former
    one.flags, other.flags = other.flags, one.flags
    one.seen, other.seen = other.seen, one.seen
    one.syn_seq, other.syn_seq = other.syn_seq, one.syn_seq
    one.fin_seq, other.fin_seq = other.fin_seq, one.fin_seq
    one.rst_seq, other.rst_seq = other.rst_seq, one.rst_seq
    one.rexmits, other.rexmits = other.rexmits, one.rexmits
    one.zero_windows, other.zero_windows = other.zero_windows, one.zero_windows
    one.bad_checksums, other.bad_checksums = other.bad_checksums, one.bad_checksums


@kernel
def _leave_inactive(end, peer, side, flags, length):
    if flags & SYN:
        if side == 0:
            set_state(end, SYN_ACK_SENT if flags & ACK else SYN_SENT)
        else:
            if peer.state == SYN_SENT:
                set_state(peer, ESTABLISHED)
            set_state(end, ESTABLISHED)
    if flags & FIN:
        set_state(end, CLOSED)
    if flags & RST:
        set_state(end, RESET)
    if end.state != INACTIVE:
        return
    if side == 1 and length == 0 and peer.state == SYN_SENT:
        return  # an acknowledgement that precedes the SYN's answer
    if flags & ACK and peer.state == ESTABLISHED:
        set_state(end, ESTABLISHED)  # the SYN was missed, its answer seen
    else:
        set_state(end, PARTIAL)


@kernel
def advance(end, peer, side, flags, length):
    """Move both endpoints' states on by one packet of `side`."""
    state = end.state
    if state == INACTIVE:
        _leave_inactive(end, peer, side, flags, length)
    elif state == SYN_SENT or state == SYN_ACK_SENT:
        if flags & FIN:
            set_state(end, CLOSED)
        if flags & RST:
            set_state(end, RESET)
    elif state == ESTABLISHED or state == PARTIAL:
        if flags & SYN and not flags & ACK and state == PARTIAL and peer.state == INACTIVE:
            set_state(end, SYN_SENT)
        if flags & FIN and not flags & RST:
            set_state(end, CLOSED)
            if peer.state == RESET and peer.former == CLOSED:
                set_state(peer, CLOSED)
        if flags & RST:
            set_state(end, RESET)
    elif state == CLOSED and flags & RST and peer.state != CLOSED:
        set_state(end, RESET)


@inlined
def ahead(seq, base):
    """Signed distance from `base` to `seq` in the 32-bit sequence space."""
    return np.int64(np.int32(np.uint32(seq) - np.uint32(base)))


@kernel
def number(end, flags, seq):
    """Fix the endpoint's sequence numbering at its first packet, and anew at a SYN that restarts it."""
    if end.state == INACTIVE:
        end.start = seq if flags & SYN else seq - np.uint32(1)
        end.last = 0 if flags & SYN else 1
        end.acked = 0
    elif flags & SYN and end.state != CLOSED and not (end.state == RESET and end.former != INACTIVE):
        if seq != end.start:
            end.start = seq
            end.last = 0
            end.acked = 0


@kernel
def take(flow, end, peer, side, row):
    """Account one packet of `side`: sequence numbers, history, states. True when the flow has just ended."""
    flags, seq, length = row.tcp_flags, row.seq, np.int64(row.payload_wire)
    number(end, flags, seq)
    relative = end.last + ahead(seq, end.start + np.uint32(end.last & 0xFFFFFFFF))
    note_history(flow, end, side, flags, seq, length)
    if row.window == 0 and not flags & RST and peer.state != CLOSED and end.state != RESET:
        end.zero_windows += 1
        add_scaled(flow, LETTER_W, side, np.int64(end.zero_windows))
    if flags & ACK:
        if peer.state == INACTIVE:
            peer.start = row.ack - np.uint32(1)
            peer.last = 0
            peer.acked = 0
        elif not flags & RST:
            acked = peer.acked + ahead(row.ack, peer.start + np.uint32(peer.acked & 0xFFFFFFFF))
            if acked > peer.acked and not (row.ack == 0 and acked - peer.acked > LARGE):
                peer.acked = acked
    if flags & FIN:
        end.flags |= FIN_SENT
    carried = np.int64(0) if flags & RST else length
    reach = relative + carried + (1 if flags & SYN else 0) + (1 if flags & FIN else 0)
    delta = reach - end.last
    if not (flags & (SYN | RST) and (delta > LARGE or delta < -LARGE)) and end.state != RESET:
        if delta > 0:
            end.last = reach
        elif carried > 0:
            end.rexmits += 1
            add_scaled(flow, LETTER_T, side, np.int64(end.rexmits))
    before, peer_before = end.state, peer.state
    advance(end, peer, side, flags, length)
    changed = before != end.state or peer_before != peer.state
    return changed and (end.state == RESET or (end.state == CLOSED and peer.state == CLOSED))
