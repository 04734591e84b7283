"""Networks against Python's own `ipaddress`."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.network import Networks

PREFIXES = (
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.0.2.7/32",
    "0.0.0.0/1",
    "2001:db8::/32",
    "::ffff:0:0/96",
    "fe80::/10",
)
NEAR = st.sampled_from(
    ["10.1.2.3", "10.2.0.0", "192.0.2.7", "192.0.2.8", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0"]
)


@given(NEAR | st.ip_addresses().map(str))
def test_the_bits_are_those_of_the_networks_that_hold_an_address(text: str) -> None:
    networks = Networks((prefix, 1 << place) for place, prefix in enumerate(PREFIXES))
    address = ipaddress.ip_address(text)
    expected = sum(
        1 << place for place, prefix in enumerate(PREFIXES) if address in ipaddress.ip_network(prefix)
    )
    assert networks.bits(text) == expected
    assert networks.hold(text) is (expected != 0)


@pytest.mark.parametrize("text", ["", "-", "localhost", "10.1.2", "10.1.2.3/8", "010.1.2.3"])
def test_what_is_no_address_is_in_no_network(text: str) -> None:
    assert not Networks.plain(["0.0.0.0/0", "::/0"]).hold(text)


def test_the_same_network_twice_gives_the_bits_of_both() -> None:
    assert Networks([("10.0.0.0/8", 1), ("10.0.0.0/8", 4)]).bits("10.9.9.9") == 5


def test_host_bits_are_cleared_and_what_is_no_prefix_is_told() -> None:
    assert Networks.plain(["10.1.2.3/8"]).hold("10.200.0.1")
    with pytest.raises(ValueError, match="10"):
        Networks.plain(["10.1.2.3/99"])


def test_without_prefixes_there_is_nothing_to_ask() -> None:
    assert not Networks.plain([])
    assert not Networks.plain([]).hold("10.0.0.1")
    assert Networks.plain(["::/0"])
