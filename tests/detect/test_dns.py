"""DNS as a way out."""

from __future__ import annotations

import base64
import random
from typing import Any

from sentinel.detect.dns import DnsWatch
from sentinel.detect.randomness import entropy, looks_random, registered_domain
from sentinel.detect.settings import DnsWatchSettings
from sentinel.event import Dns

from .conftest import detector, feed, flow_event, notes

CHANCE = random.Random(1)


def ask(ts: float, query: str, qtype: int = 1, rcode: int = 0, **values: Any) -> Dns:
    flags = {"AA": False, "TC": False, "RD": True, "RA": False, "Z": 0, "rejected": False}
    event: Dns = flow_event(
        "dns", ts, "10.0.0.9", "10.0.0.53", 53, proto="udp", trans_id=1, query=query, qtype=qtype, rcode=rcode,
        **{**flags, **values},
    )  # fmt: skip
    return event


def coded(length: int = 35) -> str:
    return base64.b32encode(CHANCE.randbytes(length)).decode().lower().rstrip("=")


def test_a_tunnel_below_one_domain() -> None:
    found = feed(detector(DnsWatch), [ask(number, f"{coded()}.t.example.cn", 16) for number in range(150)])
    assert notes(found) == ["DNS::Possible_Tunnel", "DNS::Tunnel"]
    assert found[1].sub == "example.cn" and found[1].figures["unique_names"] >= 100


def test_data_in_names_of_a_usual_length() -> None:
    names = [f"{CHANCE.randbytes(16).hex()}.data.example.cn" for _ in range(150)]
    assert len(names[0]) < 50
    assert notes(feed(detector(DnsWatch), [ask(ts, name) for ts, name in enumerate(names)])) == [
        "DNS::Tunnel"
    ]
    few = [ask(ts, names[ts % 80]) for ts in range(300)]
    servers = [ask(ts, f"node-{ts:03}-cache-east-region-1.data.example.net") for ts in range(300)]
    hosts = [ask(ts, f"{ts:08x}.cdn{ts % 3}.example.com") for ts in range(300)]
    assert not feed(detector(DnsWatch), few + servers + hosts)


def test_null_records_are_a_tunnel_early() -> None:
    found = feed(detector(DnsWatch), [ask(number, f"{coded()}.t.example.cn", 10) for number in range(40)])
    assert notes(found) == ["DNS::Tunnel"]


def test_coded_names_without_a_common_domain() -> None:
    found = feed(detector(DnsWatch), [ask(number, f"tool.{coded()}.{coded()}") for number in range(60)])
    assert notes(found) == ["DNS::Coded_Queries"]


def test_busy_domains_reputation_and_reverse_names_are_none() -> None:
    many = [ask(number, f"img{number}.cdn.example.cn") for number in range(500)]
    allowed = [ask(number, f"{coded()}.avqs.mcafee.com") for number in range(500)]
    reverse = [ask(number, f"{number}.2.0.192.in-addr.arpa", 12) for number in range(500)]
    local = [ask(number, f"{coded()}.local", resp_p=5353) for number in range(0)]
    assert not feed(detector(DnsWatch), [*many, *allowed, *reverse, *local])


def test_generated_domains_that_do_not_exist() -> None:
    names = ["".join(CHANCE.choices("bcdfghjklmnpqrstvwxz", k=12)) + ".biz" for _ in range(30)]
    found = feed(detector(DnsWatch), [ask(number, name, rcode=3) for number, name in enumerate(names)])
    assert notes(found) == ["DNS::Generated_Domains"]
    assert found[0].figures["random_share"] == 1.0
    slips = [ask(number, f"news-portal-{chr(97 + number)}.com", rcode=3) for number in range(26)]
    assert not feed(detector(DnsWatch), slips)


def test_what_is_registered_and_what_is_random() -> None:
    assert registered_domain("www.pjq.gov.cn") == "pjq.gov.cn"
    assert registered_domain("a.b.example.com") == "example.com"
    assert registered_domain("localhost") == "localhost"
    assert entropy("aaaa") == 0.0 and entropy("abcd") == 2.0
    assert looks_random("xkqzjvbnwrtd") and looks_random("a8f3k29d01b7")
    assert not looks_random("zhanjiang") and not looks_random("microsoftonline")


def test_a_resolver_that_is_none_of_ours() -> None:
    settings = DnsWatchSettings(resolvers=("10.0.0.53",))
    ours = [ask(number, f"a{number}.cn") for number in range(20)]
    others = [ask(number, f"a{number}.cn") for number in range(20)]
    for event in others:
        event.resp_h = "8.8.8.8"
    found = feed(detector(DnsWatch, dns=settings), [*ours, *others])
    assert notes(found) == ["DNS::Foreign_Resolver"] and found[0].dst == "8.8.8.8"
    assert not feed(detector(DnsWatch), others)
