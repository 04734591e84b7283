"""This machine's own kernel opens a connection, and is told by how it does."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from sentinel.capture.file import open_capture
from sentinel.decode.decoder import Decoder
from sentinel.decode.settings import DecodeSettings
from sentinel.event import TcpSyn
from sentinel.flow.zones import Zones
from sentinel.ledger.stack import OURS, Stacks
from sentinel.protocol.syn import SynReader

pytestmark = pytest.mark.xdist_group("live")
DEBIAN = Path("/etc/p0f/p0f.fp")
_ALL = 3
"""ETH_P_ALL."""


@pytest.fixture
def event(tmp_path: Path) -> TcpSyn:
    """The SYN of a connection over the loopback interface, as a mirror port would show it."""
    try:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    except PermissionError:
        pytest.skip("needs CAP_NET_RAW")
    with tap, socket.create_server(("127.0.0.1", 0)) as server:
        tap.bind(("lo", 0))
        tap.settimeout(5)
        with socket.create_connection(server.getsockname()):
            port = server.getsockname()[1].to_bytes(2, "big")
            deadline = time.monotonic() + 10
            frame = b""
            while time.monotonic() < deadline and not (frame[36:38] == port and frame[47] == 2):
                frame = tap.recv(65535)
    wrpcap(str(tmp_path / "t.pcap"), [Ether(frame)])
    reader, decoder = SynReader(["127.0.0.0/8"]), Decoder(DecodeSettings())
    [batch] = open_capture(tmp_path / "t.pcap")
    decoded = decoder.decode(batch)
    [found] = reader.read(decoded.rows, decoded.data, Zones([]))
    return found


def test_linux_is_told_by_its_own_connection(event: TcpSyn) -> None:
    assert (event.ttl, event.options, event.quirks) == (64, "mss,sok,ts,nop,ws", "df,id+")
    assert OURS.system_of(event) == "Linux"


@pytest.mark.skipif(not DEBIAN.is_file(), reason="no database of p0f (Debian's package p0f)")
def test_p0fs_database_tells_the_same(event: TcpSyn) -> None:
    stacks, _ = Stacks.load(DEBIAN)
    assert (stacks.system_of(event) or "").startswith("Linux")
