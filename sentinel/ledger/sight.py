"""Events read as evidence: which device they show, and what they tell of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sentinel.event import X509, Arp, Conn, Dhcp, Dns, Event, Ftp, Http, Kerberos, Ntlm, Ssh, TcpSyn
from sentinel.ledger.stack import OURS, Stacks
from sentinel.ledger.system import system_of_dhcp
from sentinel.ledger.vendor import vendor_of
from sentinel.protocol.dns_record import netbios_name

__all__ = ["READ", "Sight", "of_mac", "sights"]

_LONGEST = 128
"""Characters of a value that are kept."""
_ESTABLISHED = frozenset({"S1", "S2", "S3", "SF", "RSTO", "RSTR"})
"""Zeek's states of TCP connections whose handshake was complete."""
_NO_MAC = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_COMMON_NAME = re.compile(r"(?:^|,)CN=([^,]+)")
_MDNS, _NETBIOS = 5353, 137
_OF_HOSTS = ("aa", "ca")
"""How coded NetBIOS names end that are a workstation's (00) or a file server's (20), none of a group or a domain."""
_HOST_NAME = re.compile(r"[\w.\-]{1,128}\Z")


class Sight(NamedTuple):
    """One device seen at one moment, perhaps with a fact about it."""

    ts: float
    address: str
    source: str
    field: str = ""
    """Empty: it was there, no more."""
    value: str = ""
    confidence: int = 0
    zone: str = ""
    shaken: bool = False
    """It took part in a complete handshake, which a forged address cannot."""


def sights(event: Event, stacks: Stacks = OURS) -> Iterator[Sight]:
    """What an event shows; `stacks` tell systems. Values are as hostile as the packets they come from."""
    read = _READERS.get(event.kind)
    if read is None:
        return
    zone = event.zone or ""
    for sight in _tcp_syn(event, stacks) if isinstance(event, TcpSyn) else read(event):
        value = "".join(letter for letter in sight.value if letter.isprintable()).strip()[:_LONGEST]
        if sight.field == "mac":
            yield from of_mac(sight._replace(zone=zone), value.lower())
        elif value or not sight.field:
            yield sight._replace(value=value, zone=zone)


def of_mac(sight: Sight, mac: str) -> Iterator[Sight]:
    """A MAC address, and who made it."""
    if not _MAC.match(mac):  # from a log, or of a network that is no Ethernet
        yield sight._replace(field="", value="")
        return
    yield sight._replace(value=mac)
    if vendor := vendor_of(mac):
        yield sight._replace(field="vendor", value=vendor[:_LONGEST], source="oui")


def _arp(event: Arp) -> Iterator[Sight]:
    if event.sender_ip == "0.0.0.0" or event.sender_mac in _NO_MAC:  # a probe claims nothing yet (RFC 5227)
        return
    confidence = 40 if event.eth_src else 80
    yield Sight(event.ts, event.sender_ip, "arp", "mac", event.sender_mac, confidence)


def _dhcp(event: Dhcp) -> Iterator[Sight]:
    address = event.assigned_addr or event.client_addr
    if address is None or "ACK" not in event.msg_types:
        return
    for field, value, confidence in (
        ("mac", event.mac, 85),
        ("name", event.client_fqdn or event.host_name, 60),
        ("vendor_class", event.vendor_class, 50),
        ("dhcp_options", event.param_list, 50),
        ("os", system_of_dhcp(event.vendor_class, event.param_list), 60),
    ):
        if value:
            yield Sight(event.ts, address, "dhcp", field, value, confidence)
    if event.server_addr:
        yield Sight(event.ts, event.server_addr, "dhcp", "service", "67/udp dhcp", 80)


def _dns(event: Dns) -> Iterator[Sight]:
    if event.qtype_name is None:
        yield from _announced(event)
    if event.answers and event.query and event.qtype_name in ("A", "AAAA", "NB"):
        said_by_itself = event.resp_p in (_MDNS, _NETBIOS)
        for answer in event.answers[:4]:
            if _HOST_NAME.match(event.query):
                confidence = 45 if said_by_itself else 55 if event.AA else 40
                yield Sight(event.ts, answer, "dns", "name", event.query, confidence)


def _announced(event: Dns) -> Iterator[Sight]:
    """What a host says of itself unasked (RFC 6762 §8.3), or when a question went to all (RFC 1002 §4.2.13)."""
    name = event.query or ""
    if event.resp_p == _NETBIOS:
        coded = name.partition(".")[0].lower()
        name = netbios_name(coded) if coded.endswith(_OF_HOSTS) else ""
    elif event.resp_p != _MDNS or "." in name.removesuffix(".local"):  # else a service's name
        return
    if event.orig_h in (event.answers or ()) and _HOST_NAME.match(name):
        yield Sight(event.ts, event.orig_h, "dns", "name", name, 45)


def _ntlm(event: Ntlm) -> Iterator[Sight]:
    if event.hostname:
        yield Sight(event.ts, event.orig_h, "ntlm", "name", event.hostname, 60, shaken=True)
    server = event.server_dns_computer_name or event.server_nb_computer_name
    if server:
        yield Sight(event.ts, event.resp_h, "ntlm", "name", server, 80, shaken=True)


def _kerberos(event: Kerberos) -> Iterator[Sight]:
    client = (event.client or "").partition("/")[0]
    if client.endswith("$"):  # a machine's account
        yield Sight(event.ts, event.orig_h, "kerberos", "name", client[:-1], 75)


def _http(event: Http) -> Iterator[Sight]:
    if event.user_agent:
        yield Sight(event.ts, event.orig_h, "http", "agent", event.user_agent, 30, shaken=True)
    if event.server:
        yield Sight(event.ts, event.resp_h, "http", "software", event.server, 60, shaken=True)


def _ssh(event: Ssh) -> Iterator[Sight]:
    if event.client:
        yield Sight(event.ts, event.orig_h, "ssh", "agent", event.client, 60, shaken=True)
    if event.server:
        yield Sight(event.ts, event.resp_h, "ssh", "software", event.server, 70, shaken=True)


def _ftp(event: Ftp) -> Iterator[Sight]:
    if event.reply_code == 220 and event.reply_msg:
        yield Sight(event.ts, event.resp_h, "ftp", "software", event.reply_msg, 60, shaken=True)


def _x509(event: X509) -> Iterator[Sight]:
    if not event.host_cert:
        return
    address = event.orig_h if event.client_cert else event.resp_h
    yield Sight(event.ts, address, "x509", "certificate", event.fingerprint, 70, shaken=True)
    name = _COMMON_NAME.search(event.certificate_subject or "")
    if name:
        yield Sight(event.ts, address, "x509", "name", name[1], 50, shaken=True)


def _conn(event: Conn) -> Iterator[Sight]:
    shaken = event.proto == "tcp" and event.conn_state in _ESTABLISHED
    end = event.ts + (event.duration or 0.0)
    if event.orig_pkts:
        yield Sight(end, event.orig_h, "conn", shaken=shaken)
    if not event.resp_pkts:
        return
    if event.proto == "tcp" and shaken:
        service = f"{event.resp_p}/tcp {event.service or ''}".strip()
        yield Sight(end, event.resp_h, "conn", "service", service, 90, shaken=True)
        if event.local_orig is False:
            port = f"{event.resp_p}/tcp"
            yield Sight(end, event.resp_h, "conn", "exposed", port, 90, shaken=True)
    elif event.proto == "udp" and event.service and event.orig_pkts:
        service = f"{event.resp_p}/udp {event.service}"
        yield Sight(end, event.resp_h, "conn", "service", service, 60)
    else:
        yield Sight(end, event.resp_h, "conn")


def _tcp_syn(event: TcpSyn, stacks: Stacks = OURS) -> Iterator[Sight]:
    system = stacks.system_of(event)
    if system is None:
        yield Sight(event.ts, event.host, "tcp_syn")
    else:
        yield Sight(event.ts, event.host, "tcp_syn", "os", system, 45)


_READERS: dict[str, Callable[[Any], Iterator[Sight]]] = {
    "arp": _arp,
    "conn": _conn,
    "dhcp": _dhcp,
    "dns": _dns,
    "ftp": _ftp,
    "http": _http,
    "kerberos": _kerberos,
    "ntlm": _ntlm,
    "ssh": _ssh,
    "tcp_syn": _tcp_syn,
    "x509": _x509,
}
READ = frozenset(_READERS)
"""Kinds of event that show devices."""
