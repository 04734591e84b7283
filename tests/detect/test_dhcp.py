"""DHCP."""

from __future__ import annotations

from sentinel.detect.dhcp import DhcpWatch
from sentinel.detect.settings import DhcpSettings
from sentinel.event import Dhcp

from .conftest import detector, feed, notes


def lease(ts: float, *servers: str, mac: str = "02:00:00:00:00:07") -> Dhcp:
    return Dhcp(
        ts=ts, uids=["C1"], mac=mac, servers=list(servers) or None, msg_types=["DISCOVER", "OFFER"], duration=0.1,
        assigned_addr="10.0.0.50",
    )  # fmt: skip


def test_a_second_server_where_none_is_configured() -> None:
    [notice] = feed(detector(DhcpWatch), [lease(1, "10.0.0.1"), lease(2, "10.0.0.1", "192.168.1.1")])
    assert (notice.note, notice.src, notice.n) == ("DHCP::Rogue_Server", "192.168.1.1", 2)


def test_an_unknown_server_where_some_are_configured() -> None:
    settings = DhcpSettings(servers=("10.0.0.1", "10.0.0.2"))
    watch = detector(DhcpWatch, dhcp=settings)
    assert not feed(watch, [lease(1, "10.0.0.1", "10.0.0.2")])
    assert notes(feed(watch, [lease(2, "192.168.1.1"), lease(3, "192.168.1.1")])) == ["DHCP::Rogue_Server"]


def test_clients_that_are_none() -> None:
    events = [lease(number / 10, mac=f"02:00:00:00:00:{number:02x}") for number in range(150)]
    assert notes(feed(detector(DhcpWatch), events)) == ["DHCP::Starvation"]
    assert not feed(detector(DhcpWatch), [lease(number) for number in range(150)])
