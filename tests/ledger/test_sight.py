"""What each kind of event shows of a device."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.event import X509, Arp, Conn, Dhcp, Dns, Event, Ftp, Http, Kerberos, Ntlm, Ssh, TcpSyn
from sentinel.ledger.sight import READ, sights

FLOW: dict[str, Any] = {
    "ts": 10.0,
    "uid": "C1",
    "orig_h": "10.1.0.5",
    "orig_p": 50000,
    "resp_h": "10.1.0.9",
    "resp_p": 443,
}


def facts(event: Event) -> set[tuple[str, str, str]]:
    return {(sight.address, sight.field, sight.value) for sight in sights(event)}


def arp(**fields: Any) -> Arp:
    usual = {
        "ts": 1.0,
        "operation": "reply",
        "sender_mac": "00:1b:21:00:00:01",
        "sender_ip": "10.1.0.5",
        "target_mac": "00:00:00:00:00:00",
        "target_ip": "10.1.0.1",
    }
    return Arp(**{**usual, **fields})


def dns(**fields: Any) -> Dns:
    usual = {"proto": "udp", "trans_id": 1, "AA": True, "TC": False, "RD": False, "RA": False, "Z": 0}
    return Dns(**{**FLOW, **usual, "rejected": False, **fields})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (arp(), {("10.1.0.5", "mac", "00:1b:21:00:00:01"), ("10.1.0.5", "vendor", "Intel Corporate")}),
        (arp(sender_mac="DA:A1:19:00:00:01"), {("10.1.0.5", "mac", "da:a1:19:00:00:01")}),
        (
            TcpSyn(
                ts=1.0, host="10.1.0.5", ttl=128, window=64240, options="mss,nop,ws,nop,nop,sok", mss=1460,
                scale=8, quirks="df,id+",
            ),
            {("10.1.0.5", "os", "Windows 10/11")},
        ),
        (TcpSyn(ts=1.0, host="10.1.0.5", ttl=57, window=1024, options="mss", mss=1460), {("10.1.0.5", "", "")}),
        (arp(sender_mac="no mac"), {("10.1.0.5", "", "")}),
        (arp(sender_ip="0.0.0.0"), set()),
        (
            Dhcp(
                ts=1.0,
                uids=["C1"],
                mac="00:1b:21:00:00:01",
                host_name="win-7",
                assigned_addr="10.1.0.5",
                msg_types=["REQUEST", "ACK"],
                duration=0.1,
                param_list="1,3,6,15,119,252",
                server_addr="10.1.0.1",
            ),
            {
                ("10.1.0.5", "mac", "00:1b:21:00:00:01"),
                ("10.1.0.5", "name", "win-7"),
                ("10.1.0.5", "dhcp_options", "1,3,6,15,119,252"),
                ("10.1.0.5", "os", "iOS"),
                ("10.1.0.5", "vendor", "Intel Corporate"),
                ("10.1.0.1", "service", "67/udp dhcp"),
            },
        ),
        (Dhcp(ts=1.0, uids=[], mac="a", requested_addr="10.1.0.5", msg_types=["REQUEST"], duration=0.0), set()),
        (
            dns(query="oa.example.gov.cn", qtype_name="A", answers=["10.1.0.9"]),
            {("10.1.0.9", "name", "oa.example.gov.cn")},
        ),
        (dns(query="oa.example.gov.cn", qtype_name="TXT", answers=["10.1.0.9"]), set()),
        *(
            (dns(query=query, answers=answers, resp_p=port), {("10.1.0.5", "name", name)} if name else set())
            for query, answers, port, name in (
                ("printer-3.local", ["10.1.0.5"], 5353, "printer-3.local"),
                ("printer-3.local", ["fe80::1", "10.1.0.5"], 5353, "printer-3.local"),
                ("printer-3.local", ["10.1.0.6"], 5353, None),  # another's
                ("printer 3._ipp._tcp.local", ["10.1.0.5"], 5353, None),  # a service's
                ("printer-3.local", None, 5353, None),
                ("epegegejedefcnfaedcacacacacacaaa", ["10.1.0.5"], 137, "OFFICE-PC"),
                ("epegegejedefcnfaedcacacacacacaca.scope", ["10.1.0.5"], 137, "OFFICE-PC"),
                ("epegegejedefcnfaedcacacacacacabl", ["10.1.0.5"], 137, None),  # a domain's
                ("plain", ["10.1.0.5"], 137, None),
                ("epegegejedefcnfaedcacacacacacaaa", ["10.1.0.5"], 53, None),
            )
        ),
        (
            Ntlm(**FLOW, hostname="PC1", server_nb_computer_name="SRV"),
            {("10.1.0.5", "name", "PC1"), ("10.1.0.9", "name", "SRV")},
        ),
        (Kerberos(**FLOW, client="PC1$/EXAMPLE"), {("10.1.0.5", "name", "PC1")}),
        (Kerberos(**FLOW, client="user/EXAMPLE"), set()),
        (
            Http(**FLOW, trans_depth=1, request_body_len=0, response_body_len=0, user_agent="UA/1", server="nginx"),
            {("10.1.0.5", "agent", "UA/1"), ("10.1.0.9", "software", "nginx")},
        ),
        (
            Ssh(**FLOW, auth_attempts=0, server="SSH-2.0-OpenSSH_9.2\x1b[2J"),
            {("10.1.0.9", "software", "SSH-2.0-OpenSSH_9.2[2J")},
        ),
        (Ftp(**FLOW, command="<init>", reply_code=220, reply_msg="vsFTPd 3"), {("10.1.0.9", "software", "vsFTPd 3")}),
        (
            X509(**FLOW, fingerprint="ab", certificate_subject="CN=oa,O=x", host_cert=True, client_cert=False),
            {("10.1.0.9", "certificate", "ab"), ("10.1.0.9", "name", "oa")},
        ),
        (
            Conn(**FLOW, proto="tcp", conn_state="SF", service="ssl", orig_pkts=5, resp_pkts=5),
            {("10.1.0.5", "", ""), ("10.1.0.9", "service", "443/tcp ssl")},
        ),
        (
            Conn(**FLOW, proto="tcp", conn_state="REJ", orig_pkts=1, resp_pkts=1),
            {("10.1.0.5", "", ""), ("10.1.0.9", "", "")},
        ),
        (Conn(**FLOW, proto="tcp", conn_state="S0", orig_pkts=1, resp_pkts=0), {("10.1.0.5", "", "")}),
    ],
)  # fmt: skip
def test_an_event_shows(event: Event, expected: set[tuple[str, str, str]]) -> None:
    assert facts(event) == expected
    assert event.kind in READ


def test_a_service_counts_only_once_a_handshake_confirmed_it() -> None:
    scanned = Conn(**FLOW, proto="tcp", conn_state="S0", orig_pkts=1, resp_pkts=0)
    assert [sight.shaken for sight in sights(scanned)] == [False]
    held = Conn(**FLOW, proto="tcp", conn_state="S1", orig_pkts=3, resp_pkts=2)
    assert [sight.shaken for sight in sights(held)] == [True, True]
