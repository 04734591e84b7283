import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from scapy.all import rdpcap, wrpcap
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

SCRIPT = Path(__file__).parents[2] / "bench" / "mix.py"


@pytest.fixture(scope="module")
def mix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mix", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mix"] = module
    spec.loader.exec_module(module)
    return module


def traffic() -> list[Packet]:
    there, back = IP(src="10.1.2.3", dst="192.168.7.8"), IP(src="192.168.7.8", dst="10.1.2.3")
    inner = Ether() / IP(src="172.16.5.5", dst="8.8.8.8") / UDP(sport=5000, dport=53) / DNS(qd=DNSQR())
    packets = [
        Ether() / there / TCP(sport=1234, dport=80, flags="S"),
        Ether() / back / TCP(sport=80, dport=1234, flags="SA"),
        Ether() / Dot1Q(vlan=7) / there / UDP(sport=1, dport=2) / Raw(b"odd"),
        Ether() / there / ICMP() / Raw(b"ping"),
        Ether() / IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=1, dport=2) / Raw(b"x"),
        Ether() / IPv6(src="fe80::1", dst="ff02::1") / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest(),
        Ether() / there / GRE() / IP(src="10.9.9.9", dst="10.9.9.8") / TCP(dport=22),
        Ether() / there / UDP(sport=4000, dport=4789) / VXLAN(flags=8, vni=3) / inner,
        Ether() / ARP(psrc="10.1.2.3", pdst="10.1.2.4"),
    ]
    for number, packet in enumerate(packets):
        packet.time = 1000 + number / 10
    return packets


def build(mix: ModuleType, folder: Path, out: Path, packets: int = 60) -> list[Packet]:
    arguments = ["mix.py", str(out), "--data", str(folder), "--packets", str(packets), "--seconds", "5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        mix.main()
    return list(rdpcap(str(out)))


def with_right_checksums(packet: Packet) -> bytes:
    """The packet with every checksum computed anew."""
    fresh = packet.__class__(bytes(packet))
    layer = fresh
    while layer:
        for name in ("chksum", "cksum"):
            if name in layer.fields:
                delattr(layer, name)
        layer = layer.payload
    return bytes(fresh)


def test_checksums_stay_right_and_flows_stay_flows(mix: ModuleType, tmp_path: Path) -> None:
    wrpcap(str(tmp_path / "small.pcap"), traffic())
    packets = build(mix, tmp_path, tmp_path / "out")
    assert len(packets) == 63
    assert all(bytes(packet) == with_right_checksums(packet) for packet in packets)
    times = [packet.time for packet in packets]
    assert times == sorted(times)
    syns = {
        (p[IP].src, p[IP].dst) for p in packets if TCP in p and p[TCP].flags == "S" and p[TCP].dport == 80
    }
    answers = {(p[IP].dst, p[IP].src) for p in packets if TCP in p and p[TCP].flags == "SA"}
    assert len(syns) == 7, "each repetition is a flow of its own"
    assert syns == answers, "both directions moved alike"
    assert all(one.startswith("10.") and other.startswith("192.168.") for one, other in syns)


def test_inner_addresses_and_arp_move_too(mix: ModuleType, tmp_path: Path) -> None:
    wrpcap(str(tmp_path / "small.pcap"), traffic())
    packets = build(mix, tmp_path, tmp_path / "out")
    assert len({p[GRE].payload.src for p in packets if GRE in p}) == 7
    assert len({p[VXLAN][IP].dst for p in packets if VXLAN in p}) == 7
    assert len({p[ARP].psrc for p in packets if ARP in p}) == 7
    assert {p[IPv6].dst for p in packets if ICMPv6EchoRequest in p} == {"ff02::1"}


def test_same_seed_same_file(mix: ModuleType, tmp_path: Path) -> None:
    wrpcap(str(tmp_path / "small.pcap"), traffic())
    build(mix, tmp_path, tmp_path / "one")
    build(mix, tmp_path, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_other_links_are_left_out(mix: ModuleType, tmp_path: Path) -> None:
    wrpcap(str(tmp_path / "raw.pcap"), [IP(dst="192.0.2.1") / UDP()], linktype=101)
    (tmp_path / "text.pcap").write_text("no capture")
    with pytest.raises(SystemExit, match="no Ethernet captures"):
        build(mix, tmp_path, tmp_path / "out")
