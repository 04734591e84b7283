"""What is measured: sums agree, counters never go back, labels stay few."""

from __future__ import annotations

import os
import socket
import urllib.request

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sentinel.capture.account import UNDECODABLE, PacketAccount
from sentinel.config import MetricsSettings
from sentinel.event import KINDS, Level
from sentinel.ledger import LedgerAccount
from sentinel.ledger.coverage import Coverage
from sentinel.metrics import CAUSES, STAGES, Metrics, MetricsError
from sentinel.statistics import Statistics


def account(processed: int, dropped: int = 0, truncated: int = 0) -> PacketAccount:
    packets = PacketAccount(received=processed + dropped + truncated, processed=processed, dropped=dropped)
    packets.refuse("truncated", truncated)
    return packets


def total(metrics: Metrics, name: str, **labels: str) -> float:
    """Sum of a metric's samples that carry `labels`."""
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def series(metrics: Metrics, name: str, label: str) -> dict[str, float]:
    return {
        sample.labels[label]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_everything_known_stands_at_zero() -> None:
    metrics = Metrics(interfaces=["eth1"])
    outcomes = {
        (sample.labels["outcome"], sample.labels["reason"], sample.value)
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "sentinel_packets_total"
    }
    expected = {(outcome, "", 0.0) for outcome in ("processed", "filtered", "dropped", "shed")}
    assert outcomes == expected | {("undecodable", reason, 0.0) for reason in UNDECODABLE}
    assert series(metrics, "sentinel_packets_received_total", "interface") == {"eth1": 0}
    events = series(metrics, "sentinel_events_total", "kind")
    assert events.keys() >= {"conn", "dns", "ssl", "other"} and set(events.values()) == {0}
    assert events.keys() == KINDS.keys() - {"payload"} | {"other"}
    assert series(metrics, "sentinel_alerts_total", "level") == {level.value: 0 for level in Level}
    assert series(metrics, "sentinel_stage_seconds_total", "stage") == dict.fromkeys(STAGES, 0)
    assert series(metrics, "sentinel_rules", "state") == {"loaded": 0, "refused": 0}


def test_the_sum_of_outcomes_is_what_was_received() -> None:
    metrics = Metrics()
    metrics.capture.update("eth1-0", "eth1", Statistics(packets=account(90, dropped=7, truncated=3)))
    metrics.capture.update("eth1-1", "eth1", Statistics(packets=account(10)))
    assert total(metrics, "sentinel_packets_received_total", interface="eth1") == 110
    assert total(metrics, "sentinel_packets_total", interface="eth1") == 110
    assert total(metrics, "sentinel_packets_total", outcome="undecodable", reason="truncated") == 3


def test_the_same_totals_told_twice_count_once() -> None:
    metrics = Metrics()
    statistics = Statistics(packets=account(5), events={"dns": 2}, stage_seconds={"decode": 0.5})
    metrics.capture.update("w", "eth1", statistics)
    metrics.capture.update("w", "eth1", statistics)
    assert total(metrics, "sentinel_packets_total", outcome="processed") == 5
    assert total(metrics, "sentinel_events_total", kind="dns") == 2
    assert total(metrics, "sentinel_stage_seconds_total", stage="decode") == 0.5


def test_a_restart_adds_to_what_was() -> None:
    metrics = Metrics()
    metrics.capture.update("w", "eth1", Statistics(packets=account(5), flows_total=3, flows_active=2))
    metrics.capture.worker_restarted("w", "signal 9")
    assert total(metrics, "sentinel_flows_active") == 0
    metrics.capture.update("w", "eth1", Statistics(packets=account(8), flows_total=1, flows_active=1))
    assert total(metrics, "sentinel_packets_received_total") == 13
    assert total(metrics, "sentinel_flows_created_total") == 4
    assert total(metrics, "sentinel_flows_active") == 1
    restarts = series(metrics, "sentinel_worker_restarts_total", "cause")
    assert restarts == dict.fromkeys(CAUSES, 0) | {"signal": 1}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["told", "untold"]), st.lists(st.integers(0, 50), max_size=4)), max_size=5
    )
)
def test_counters_never_go_back(lives: list[tuple[str, list[int]]]) -> None:
    metrics = Metrics()
    before, expected = 0.0, 0
    for how, steps in lives:
        packets = PacketAccount()
        if how == "told":
            metrics.capture.worker_restarted("w", "exit")
        for step in steps if how == "told" else []:
            packets.add(account(step, truncated=1))
            metrics.capture.update("w", "eth1", Statistics(packets=packets))
            expected += step + 1
        if how == "untold":  # a smaller total can only be a new process
            metrics.capture.update("w", "eth1", Statistics(packets=PacketAccount()))
        now = total(metrics, "sentinel_packets_received_total")
        assert now >= before
        assert now == total(metrics, "sentinel_packets_total") == expected
        before = now


def test_unknown_names_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.metrics.finding._MAX_RULES", 2)
    metrics = Metrics()
    metrics.rules.in_force(2, 1, ids=["a", "b"])
    metrics.capture.update(
        "w",
        "eth1",
        Statistics(
            events={"no-such-kind": 2, "nor-this": 3, "payload": 9},
            alerts={"high": 1, "loud": 4},
            alerts_by_rule={"a": 1, "c": 2, "d": 3},
            stage_seconds={"decode": 1.0, "thinking": 2.0},
        ),
    )
    metrics.capture.worker_restarted("w", "moonlight")
    assert total(metrics, "sentinel_events_total", kind="other") == 5
    assert total(metrics, "sentinel_alerts_total", level="other") == 4
    assert series(metrics, "sentinel_rule_alerts_total", "rule_id") == {"a": 1, "b": 0, "other": 5}
    assert total(metrics, "sentinel_stage_seconds_total", stage="other") == 2
    assert total(metrics, "sentinel_worker_restarts_total", cause="other") == 1


def test_lag_is_that_of_packets_under_work() -> None:
    metrics = Metrics(clock=lambda: 1000.0)
    metrics.capture.update("w", "eth1", Statistics(last_packet_ts=997.5))
    assert total(metrics, "sentinel_lag_seconds") == 2.5
    metrics.capture.update("w", "eth1", Statistics(last_packet_ts=997.5))
    assert total(metrics, "sentinel_lag_seconds") == 0  # quiet, not late
    metrics.capture.update(
        "w", "eth1", Statistics(last_packet_ts=997.5, ring_blocks_used=1, ring_blocks_total=4)
    )
    assert total(metrics, "sentinel_lag_seconds") == 2.5
    metrics.capture.lag("other", 9.0)
    assert total(metrics, "sentinel_lag_seconds") == 9
    metrics.capture.worker_up("other", False)
    assert total(metrics, "sentinel_lag_seconds") == 2.5


def test_rings_of_all_workers_of_an_interface() -> None:
    metrics = Metrics()
    metrics.capture.update("w0", "eth1", Statistics(ring_blocks_total=32, ring_blocks_used=3))
    metrics.capture.update("w1", "eth1", Statistics(ring_blocks_total=32, ring_blocks_used=1))
    assert series(metrics, "sentinel_ring_blocks", "state") == {"used": 4, "free": 60}


def test_queues_store_and_workers() -> None:
    metrics = Metrics()
    metrics.store.queue("events", 7, 2)
    metrics.store.queue("events", 0, 5)
    metrics.store.failed()
    metrics.store.committed(3)
    metrics.capture.worker_up("w", True, os.getpid())
    assert total(metrics, "sentinel_queue_depth", queue="events") == 0
    assert total(metrics, "sentinel_queue_dropped_total", queue="events") == 5
    assert total(metrics, "sentinel_store_errors_total") == 1
    assert total(metrics, "sentinel_alerts_committed_total") == 3
    assert total(metrics, "sentinel_worker_up", worker="w") == 1
    assert total(metrics, "sentinel_worker_resident_memory_bytes", worker="w") > 1 << 20
    assert total(metrics, "process_resident_memory_bytes") > 1 << 20
    metrics.capture.worker_up("w", False)
    assert total(metrics, "sentinel_worker_up", worker="w") == 0
    assert total(metrics, "sentinel_worker_resident_memory_bytes") == 0


def test_the_ledger_s_numbers() -> None:
    metrics = Metrics()
    figures = Coverage("", registered=9, seen=8, accurate=7, complete=6)
    for evicted in (2, 5):
        metrics.ledger.take(
            LedgerAccount(
                devices=20, evicted=evicted, registered=12, differences={"shadow": 3, "drift": 0},
                coverage=figures, waiting=4,
            )
        )  # fmt: skip
    assert series(metrics, "sentinel_ledger_assets", "state") == {
        "registered": 9, "seen": 8, "accurate": 7, "complete": 6,
    }  # fmt: skip
    assert series(metrics, "sentinel_ledger_differences", "kind") == {"shadow": 3, "drift": 0}
    assert total(metrics, "sentinel_ledger_devices") == 20
    assert total(metrics, "sentinel_ledger_evicted_total") == 5
    assert total(metrics, "sentinel_ledger_differences_waiting") == 4


def test_served_as_text() -> None:
    metrics = Metrics(interfaces=["eth1"])
    address = metrics.serve(MetricsSettings(port=0))
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            page = answer.read().decode()
    finally:
        metrics.close()
    names = {family.name for family in text_string_to_metric_families(page)}
    assert names >= {"sentinel_packets", "sentinel_lag_seconds", "sentinel_build_info"}
    assert page.count("_created") == page.count("sentinel_flows_created")
    assert Metrics().serve(MetricsSettings(enabled=False)) is None


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        metrics = Metrics()
        with pytest.raises(MetricsError) as caught:
            metrics.serve(MetricsSettings(port=port))
        assert f"127.0.0.1:{port}" in str(caught.value) and "in use" in str(caught.value)
        metrics.close()


def test_closing_frees_the_port() -> None:
    metrics = Metrics()
    address = metrics.serve(MetricsSettings(port=0))
    assert address is not None
    metrics.close()
    port = int(address.rpartition(":")[2])
    assert metrics.serve(MetricsSettings(port=port)) == address
    metrics.close()
