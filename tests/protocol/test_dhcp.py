from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from sentinel.protocol.dhcp import DhcpAnalyzer, DhcpTransactions
from sentinel.protocol.settings import ProtocolSettings

MAC = bytes.fromhex("020000000001")
Flow = Callable[..., DhcpAnalyzer]


def message(operation: int, options: list[Any], xid: int = 0x1234, given: str = "0.0.0.0") -> bytes:
    header = BOOTP(op=operation, xid=xid, chaddr=MAC, yiaddr=given)
    return bytes(header / DHCP(options=[*options, "end"]))


DISCOVER = message(
    1,
    [
        ("message-type", "discover"),
        ("hostname", b"yuezhizhu-07"),
        ("vendor_class_id", b"MSFT 5.0"),
        ("param_req_list", [1, 3, 6, 15]),
        ("requested_addr", "192.168.0.77"),
    ],
)
REQUEST = message(1, [("message-type", "request"), ("client_id", b"\x01" + MAC)])
LEASE = [("lease_time", 3600), ("domain", b"lan\x00")]
OFFER = message(2, [("message-type", "offer"), *LEASE], given="192.168.0.10")
ACK = message(2, [("message-type", "ack"), *LEASE], given="192.168.0.10")


class Network:
    """Flows that share their transactions."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.transactions = DhcpTransactions()
        self.events: list[Any] = []

    def flow(self, uid: str, orig_h: str, resp_h: str) -> DhcpAnalyzer:
        fresh = type(self.wire)(uid=uid, orig_h=orig_h, resp_h=resp_h, proto="udp", resp_p=67)
        return DhcpAnalyzer(fresh, self.events.append, ProtocolSettings(), self.transactions)


@pytest.fixture
def network(wire: Any) -> Network:
    return Network(wire)


def test_a_transaction_is_joined_over_its_flows(network: Network) -> None:
    client = network.flow("C1", "0.0.0.0", "255.255.255.255")
    server = network.flow("C2", "192.168.0.1", "255.255.255.255")
    rogue = network.flow("C3", "192.168.0.66", "255.255.255.255")
    client.feed(True, DISCOVER, 10.0)
    rogue.feed(True, OFFER, 10.1)
    server.feed(True, OFFER, 10.2)
    client.feed(True, REQUEST, 10.3)
    server.feed(True, ACK, 10.5)
    for flow in (client, server):
        flow.finish(70.0)
    assert network.events == []
    rogue.finish(70.0)
    (event,) = network.events
    assert (event.ts, event.duration, event.uids) == (10.0, 0.5, ["C1", "C3", "C2"])
    assert event.msg_types == ["DISCOVER", "OFFER", "OFFER", "REQUEST", "ACK"]
    assert (event.mac, event.host_name, event.vendor_class) == (
        "02:00:00:00:00:01",
        "yuezhizhu-07",
        "MSFT 5.0",
    )
    assert (event.client_addr, event.assigned_addr) == ("192.168.0.10", "192.168.0.10")
    assert (event.server_addr, event.requested_addr) == ("192.168.0.1", "192.168.0.77")
    assert (event.lease_time, event.domain, event.param_list) == (3600.0, "lan", "1,3,6,15")
    assert event.servers == ["192.168.0.66", "192.168.0.1"]


def test_a_quiet_transaction_is_over_at_the_next_message(network: Network) -> None:
    client = network.flow("C1", "0.0.0.0", "255.255.255.255")
    client.feed(True, DISCOVER, 10.0)
    client.feed(True, message(1, [("message-type", "discover")], xid=9), 15.1)
    assert [event.ts for event in network.events] == [10.0]


def test_a_transaction_is_not_watched_for_ever(network: Network) -> None:
    client = network.flow("C1", "0.0.0.0", "255.255.255.255")
    for second in range(0, 60, 4):
        client.feed(True, DISCOVER, float(second))
    client.finish(60.0)
    assert [len(event.msg_types) for event in network.events] == [8, 7]


def test_a_client_with_an_address_and_its_name(network: Network) -> None:
    client = network.flow("C1", "10.0.0.9", "10.0.0.1")
    options = [("message-type", "inform"), (81, b"\x04\x00\x00\x03pc1\x07example\x00"), (56, b"why")]
    client.feed(True, message(1, options), 1.0)
    nak = message(2, [("message-type", "nak"), (56, b"wrong network")])
    client.feed(False, nak, 1.1)
    client.finish(2.0)
    (event,) = network.events
    assert (event.client_addr, event.client_fqdn, event.client_message) == ("10.0.0.9", "pc1.example", "why")
    assert (event.server_message, event.server_addr, event.servers) == ("wrong network", None, ["10.0.0.1"])
    assert event.msg_types == ["INFORM", "NAK"]


def test_transactions_are_bounded(network: Network) -> None:
    client = network.flow("C1", "0.0.0.0", "255.255.255.255")
    for xid in range(5000):
        client.feed(True, message(1, [("message-type", "discover")], xid=xid), 1.0)
    client.finish(2.0)
    assert len(network.events) == 5000
    for _ in range(120):
        client.feed(True, DISCOVER, 3.0)
    assert [len(event.msg_types) for event in network.events[5000:]] == [50, 50]


def test_flows_of_a_worker_share_by_default(wire: Any) -> None:
    first = DhcpAnalyzer(wire, wire.events.append, ProtocolSettings())
    second = DhcpAnalyzer(wire, wire.events.append, ProtocolSettings())
    first.feed(True, DISCOVER, 1.0)
    second.feed(False, OFFER, 1.1)
    first.finish(2.0)
    (event,) = wire.events
    assert event.msg_types == ["DISCOVER", "OFFER"]


def test_recognised_by_its_cookie() -> None:
    assert DhcpAnalyzer.recognise(DISCOVER, True, "udp") is True
    assert DhcpAnalyzer.recognise(DISCOVER[:239], True, "udp") is False
    assert DhcpAnalyzer.recognise(b"\x03" + DISCOVER[1:], True, "udp") is False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.integers(0, 600), st.sampled_from([1, 2]))
def test_damaged_messages_never_raise(wire: Any, options: bytes, cut: int, operation: int) -> None:
    fresh = type(wire)(proto="udp")
    dhcp = DhcpAnalyzer(fresh, fresh.events.append, ProtocolSettings())
    dhcp.feed(True, (bytes([operation]) + DISCOVER[1:240] + options)[:cut], 1.0)
    dhcp.finish(2.0)
    assert len(fresh.events) == (cut >= 240)
