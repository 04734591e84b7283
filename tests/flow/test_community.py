"""Community ID: the specification's own examples, and a plain reading of it as oracle."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.flow.community import ANSWERED, ANSWERED6, ID_LENGTH, community_ids
from sentinel.flow.record import FLOW

Flow = tuple[str, str, int, int, int]


def column(flows: list[Flow]) -> list[str]:
    """The kernel's ids of flows given as (source, destination, source port, destination port, protocol)."""
    records = np.zeros(len(flows), FLOW)
    for record, (source, destination, *ports, proto) in zip(records, flows, strict=True):
        for side, text in (("orig", source), ("resp", destination)):
            address = ipaddress.ip_address(text)
            number = int(address) | (0xFFFF << 32 if address.version == 4 else 0)
            record[f"{side}_hi"], record[f"{side}_lo"] = number >> 64, number & (1 << 64) - 1
        record["orig_port"], record["resp_port"] = ports
        record["proto"] = proto
    ids = np.zeros((len(flows), ID_LENGTH), np.uint8)
    community_ids(records, ids)
    return [row.tobytes().decode() for row in ids]


def plain(source: str, destination: str, source_port: int, destination_port: int, proto: int) -> str:
    """The same, read from the specification."""
    one_way = (proto == 1 and not ANSWERED[source_port & 255]) or (
        proto == 58 and not ANSWERED6[source_port & 255]
    )
    ends = [
        (ipaddress.ip_address(source).packed, source_port),
        (ipaddress.ip_address(destination).packed, destination_port),
    ]
    if not one_way:
        ends.sort()
    message = b"\0\0" + ends[0][0] + ends[1][0] + bytes((proto, 0))
    if proto in (1, 6, 17, 58, 132):
        message += struct.pack("!HH", ends[0][1], ends[1][1])
    return "1:" + base64.b64encode(hashlib.sha1(message).digest()).decode()


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (("128.232.110.120", "66.35.250.204", 34855, 80, 6), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (("66.35.250.204", "128.232.110.120", 80, 34855, 6), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (("192.168.1.52", "8.8.8.8", 54585, 53, 17), "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ],
)
def test_examples_of_the_specification(flow: Flow, expected: str) -> None:
    assert column([flow]) == [expected] == [plain(*flow)]


_PORT = st.integers(0, 65535)
_PROTO = st.one_of(st.sampled_from([1, 6, 17, 58, 132]), st.integers(0, 255))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.ip_addresses(v=4).map(str), st.ip_addresses(v=4).map(str), _PORT, _PORT, _PROTO),
            st.tuples(
                st.ip_addresses(v=6, network="2001:db8::/32").map(str),
                st.ip_addresses(v=6, network="2001:db8::/32").map(str),
                _PORT,
                _PORT,
                _PROTO,
            ),
        ),
        max_size=8,
    )
)
def test_a_column_is_as_the_specification_reads(flows: list[Flow]) -> None:
    assert column(flows) == [plain(*flow) for flow in flows]


def test_equal_addresses_are_ordered_by_port() -> None:
    flow = ("10.0.0.1", "10.0.0.1", 9, 7, 6)
    assert column([flow]) == [plain(*flow)]
