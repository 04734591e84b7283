"""What the kernels are measured with is what it claims to be."""

from __future__ import annotations

import numpy as np
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from bench.kernels import datagrams
from sentinel.decode.decoder import Decoder
from sentinel.decode.settings import DecodeSettings
from sentinel.flow.settings import FlowSettings
from sentinel.flow.table import FlowTable


def test_each_number_is_a_flow_of_its_own() -> None:
    numbers = np.array([0, 1, 49_999, 50_000, 50_001, 999_999, 1, 0])
    batch = datagrams(numbers, 10**18)
    frames = batch.data.reshape(len(numbers), -1)
    read = [Ether(frame.tobytes()) for frame in frames]
    ends = [(frame[IP].src, frame[UDP].sport) for frame in read]
    assert ends[0] == ("10.0.0.0", 10_000)
    assert ends[3] == ("10.0.0.1", 10_000)
    assert {(frame[IP].dst, frame[UDP].dport, frame[IP].len, frame[UDP].len) for frame in read} == {
        ("192.0.2.1", 40_001, 64, 44)
    }
    assert len(set(ends)) == 6
    decoded = Decoder(DecodeSettings()).decode(batch)
    table = FlowTable(FlowSettings(max_flows=1000, inspect_bytes=0))
    for _ in table.process(decoded.rows, decoded.data, decoded.spill):
        pass
    assert table.count("active") == 6
    assert sorted(table.tables.ends["pkts"][: 2 * 6].tolist(), reverse=True)[:6] == [2, 2, 1, 1, 1, 1]
