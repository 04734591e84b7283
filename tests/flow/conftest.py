"""Packet rows made by hand, and a table that takes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sentinel.decode.packet import PACKET
from sentinel.event import Conn
from sentinel.flow.conn import ConnWriter
from sentinel.flow.record import Work
from sentinel.flow.settings import FlowSettings
from sentinel.flow.table import FlowTable

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}
CLIENT, SERVER = 0x0A000001, 0x0A000002


class Wire:
    """Takes packets one after another and remembers what came out of the table."""

    def __init__(self, settings: FlowSettings, rows: int = 4096) -> None:
        self.table = FlowTable(settings, max_rows=rows)
        self.writer = ConnWriter(self.table, settings.local_networks)
        self.streams: dict[tuple[int, int], bytearray] = {}
        self.gaps: list[tuple[int, int]] = []
        self.conflicts: list[bytes] = []
        self.closed: list[int] = []
        self.conns: list[Conn] = []
        self.ts = 1_000_000_000.0

    def send(self, *packets: dict[str, Any]) -> None:
        """Put packets of `packet(...)` through in one batch."""
        data = bytearray()
        rows = np.zeros(len(packets), PACKET)
        for row, packet in zip(rows, packets, strict=True):
            fields = dict(packet)
            payload = fields.pop("data", b"")
            self.ts += fields.pop("after", 0.001)
            row["ts"] = int(self.ts * 1e9)
            row["payload"] = len(data)
            row["payload_len"] = len(payload)
            row["payload_wire"] = fields.pop("wire", len(payload))
            row["parent"] = row["vlan"] = row["inner_vlan"] = -1
            row["ip_version"] = 4
            for name, value in fields.items():
                row[name] = value
            row["ip_len"] = 40 + row["payload_wire"]
            data += payload
        block = np.frombuffer(bytes(data) or b"\0", np.uint8)
        self._take(self.table.process(rows, block, np.zeros(1, np.uint8)))

    def finish(self) -> list[Conn]:
        """End all flows; every conn event so far."""
        self._take(self.table.finish())
        return self.conns

    def stream(self, side: int, flow: int = 0) -> bytes:
        """Bytes handed over of one side."""
        return bytes(self.streams.get((flow, side), b""))

    def _take(self, steps: Any) -> None:
        for step in steps:
            for item in step.work:
                kind = int(item["kind"])
                key = (int(item["flow"]), int(item["side"]))
                start, length = int(item["offset"]), int(item["length"])
                if kind == Work.DATA:
                    buffer = self.table.buffers[int(item["buffer"])]
                    self.streams.setdefault(key, bytearray()).extend(buffer[start : start + length].tobytes())
                elif kind == Work.GAP:
                    self.gaps.append((key[1], length))
                elif kind == Work.CONFLICT:
                    self.conflicts.append(
                        self.table.buffers[int(item["buffer"])][start : start + length].tobytes()
                    )
                elif kind == Work.CLOSED:
                    self.closed.append(key[1])
            self.conns += self.writer.events(
                step.ended, lambda flows: ([None] * len(flows), [None] * len(flows))
            )


@pytest.fixture
def make_wire() -> Callable[..., Wire]:
    """Make a `Wire` with changed flow settings."""

    def make(rows: int = 4096, **changes: Any) -> Wire:
        base = FlowSettings(max_flows=1024, reassembly_bytes=4 << 20)
        return Wire(dataclasses.replace(base, **changes), rows)

    return make


@pytest.fixture
def wire(make_wire: Callable[..., Wire]) -> Wire:
    """A table of small size."""
    return make_wire()


@pytest.fixture
def packet() -> Callable[..., dict[str, Any]]:
    """Make one TCP (or other) packet: `packet("S", seq=1)`, `packet("A", back=True, data=b"…")`."""

    def make(
        flags: str = "",
        *,
        back: bool = False,
        seq: int = 0,
        ack: int = 0,
        data: bytes = b"",
        client: tuple[int, int] = (CLIENT, 40000),
        server: tuple[int, int] = (SERVER, 80),
        proto: int = 6,
        **more: Any,
    ) -> dict[str, Any]:
        (src, src_port), (dst, dst_port) = (server, client) if back else (client, server)
        return {
            "src_lo": 0xFFFF00000000 | src,
            "dst_lo": 0xFFFF00000000 | dst,
            "src_port": src_port,
            "dst_port": dst_port,
            "seq": seq % (1 << 32),
            "ack": ack % (1 << 32),
            "tcp_flags": sum(FLAGS[flag] for flag in flags),
            "window": 1000,
            "proto": proto,
            "data": data,
            **more,
        }

    return make
