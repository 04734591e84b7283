"""The table: keys, timeouts, eviction, zones."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.flow.record import Shedding, Verdict
from sentinel.flow.settings import FlowSettings, ZoneSettings
from sentinel.flow.table import FlowTable


def test_udp_both_ways_is_one_flow(wire: Any, packet: Any) -> None:
    dns = {"proto": 17, "server": (2, 53)}
    wire.send(packet(data=b"question", **dns), packet(back=True, data=b"longer answer", **dns))
    (conn,) = wire.finish()
    assert (conn.proto, conn.conn_state, conn.history) == ("udp", "SF", "Dd")
    assert (conn.orig_bytes, conn.resp_bytes, conn.resp_p) == (8, 13, 53)
    assert conn.local_orig is True and conn.local_resp is False
    assert (wire.stream(0), wire.stream(1)) == (b"question", b"longer answer")


def test_answer_seen_first_is_turned_round(make_wire: Any, packet: Any) -> None:
    wire = make_wire()
    wire.table.expect_servers(frozenset({53}), udp=True)
    wire.send(packet(back=True, data=b"answer", proto=17, server=(2, 53)))
    (conn,) = wire.finish()
    assert (conn.resp_p, conn.history, conn.conn_state) == (53, "^d", "SHR")


def test_ping_pairs_request_and_reply(wire: Any, packet: Any) -> None:
    wire.send(packet(proto=1, client=(1, 8), server=(2, 0), data=b"x" * 56))
    wire.send({**packet(proto=1, client=(2, 0), server=(1, 0), data=b"x" * 56)})
    (conn,) = wire.finish()
    assert (conn.proto, conn.orig_p, conn.resp_p, conn.conn_state) == ("icmp", 8, 0, "OTH")
    assert (conn.orig_bytes, conn.resp_bytes) == (56, 56)


@pytest.mark.parametrize(("idle", "flows"), [(59.0, 1), (61.0, 2)])
def test_udp_timeout_splits_flows(wire: Any, packet: Any, idle: float, flows: int) -> None:
    wire.send(packet(proto=17, data=b"a"), packet(proto=17, data=b"b", after=idle))
    assert len(wire.finish()) == flows


def test_idle_flows_end_while_others_go_on(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=1))
    for _ in range(40):
        wire.send(packet(proto=17, client=(9, 9), data=b"tick", after=1.0))
    assert [conn.conn_state for conn in wire.conns] == ["S0"]
    assert wire.table.count("active") == 1


def test_flood_is_bounded_and_counted(make_wire: Any, packet: Any) -> None:
    wire = make_wire(rows=256, max_flows=256)
    for block in range(20):
        wire.send(*(packet("S", seq=1, client=(block * 100 + k, 1024)) for k in range(100)))
    assert wire.table.count("created") == 2000
    assert wire.table.count("active") <= 256 + 256
    assert wire.table.count("evicted") == 2000 - wire.table.count("active")
    assert len(wire.finish()) == 2000


def test_established_flows_outlive_a_flood_of_attempts(make_wire: Any, packet: Any) -> None:
    wire = make_wire(rows=64, max_flows=64)
    wire.send(packet("S", seq=1), packet("SA", back=True, seq=5, ack=2), packet("A", seq=2, ack=6))
    for block in range(40):
        wire.send(*(packet("S", seq=1, client=(1000 + block * 50 + k, 1024)) for k in range(50)))
    assert not any(conn.conn_state == "S1" for conn in wire.conns)


def test_zones_keep_overlapping_addresses_apart(make_wire: Any, packet: Any) -> None:
    zones = (ZoneSettings("health", vlans=(10,)), ZoneSettings("police", vlans=(20,)))
    wire = make_wire(zones=zones)
    wire.send(*(packet("S", seq=1, vlan=vlan) for vlan in (10, 20, 30)))
    assert sorted((conn.zone or "", conn.vlan) for conn in wire.finish()) == [
        ("", 30),
        ("health", 10),
        ("police", 20),
    ]


def test_bypassed_flow_only_counts(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=1), packet("A", seq=2, data=b"seen"))
    wire.table.set_verdict(0, Verdict.BYPASS)
    wire.send(packet("A", seq=6, data=b"unseen"))
    assert wire.stream(0) == b"seen"
    (conn,) = wire.finish()
    assert (conn.orig_pkts, conn.orig_bytes) == (3, 10)


def test_flows_that_begin_under_load_are_counted_and_not_read(wire: Any, packet: Any) -> None:
    under_way, late, later = (1, 40001), (2, 40002), (3, 40003)
    wire.send(packet("S", seq=1, client=under_way))
    wire.table.shed(Shedding.NEW)
    wire.send(packet("A", seq=2, data=b"old", client=under_way))
    wire.send(packet("S", seq=1, client=late), packet("A", seq=2, data=b"new", client=late))
    wire.table.shed(Shedding.NONE)
    wire.send(packet("A", seq=5, data=b"more", client=late), packet("FA", seq=9, client=late))
    wire.send(packet("S", seq=1, client=later), packet("A", seq=2, data=b"next", client=later))
    assert tuple(wire.stream(0, flow) for flow in range(3)) == (b"old", b"", b"next")
    assert wire.table.count("shed") == 2
    shed = next(conn for conn in wire.finish() if conn.orig_p == 40002)
    assert (shed.orig_pkts, shed.orig_bytes, shed.history) == (4, 7, "SDF")


def test_under_more_load_flows_that_are_being_read_are_given_up_too(wire: Any, packet: Any) -> None:
    wire.send(packet("S", seq=1), packet("A", seq=2, data=b"seen"))
    wire.table.shed(Shedding.ALL)
    wire.send(packet("A", seq=6, data=b"unseen"), packet("SA", back=True, seq=5, ack=12))
    wire.table.shed(Shedding.NONE)
    wire.send(packet("A", seq=12, data=b"neither"))
    assert wire.stream(0) == b"seen"
    assert wire.table.count("shed") == 2
    (conn,) = wire.finish()
    assert (conn.orig_bytes, conn.missed_bytes) == (17, 0)


def test_same_packets_give_the_same_uids(make_wire: Any, packet: Any) -> None:
    uids = []
    for _ in range(2):
        wire = make_wire()
        wire.send(*(packet("S", seq=1, client=(k, 5)) for k in range(50)))
        uids.append([conn.uid for conn in wire.finish()])
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == 50
    assert all(len(uid) == 18 and uid[0] == "C" and uid.isalnum() for uid in uids[0])


def test_memory_is_reserved_not_used() -> None:
    table = FlowTable(FlowSettings(max_flows=1_000_000))
    held = sum(array.nbytes for array in table.tables)
    assert held < 480 << 20
    assert not table.tables.entries.any()
