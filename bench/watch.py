"""What the agent pays for the detectors: `python bench/watch.py [--events N] [--sources N]`.

First ordinary traffic (events a second through the watch, cost of the way from a worker), then a flood of random
sources: what is held and whether real scans among them are seen. `--sources 10_000_000` is what `make bench` runs.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.figure import Figure, as_json, as_table  # noqa: E402
from sentinel.collector import relax_collector  # noqa: E402
from sentinel.config import default_config  # noqa: E402
from sentinel.event import Conn, Dns, Event, Http, Ssh, Ssl  # noqa: E402
from sentinel.event.pack import EventPacker, unpack_events  # noqa: E402
from sentinel.rule import RuleSet  # noqa: E402
from sentinel.watch import Watch  # noqa: E402

BATCH = 2000
FLAGS = {"AA": False, "TC": False, "RD": True, "RA": True, "Z": 0, "rejected": False}


def ordinary(number: int) -> list[Event]:
    """What an office of 2,000 hosts does: half of it connections, a third of it names."""
    chance = random.Random(1)
    events: list[Event] = []
    for place in range(number):
        ts, src = place / 2000, f"10.1.{chance.randrange(8)}.{chance.randrange(250)}"
        inside = chance.random() < 0.5
        dst = (
            f"10.2.0.{chance.randrange(50)}"
            if inside
            else f"198.51.{chance.randrange(20)}.{chance.randrange(250)}"
        )
        ends = {"ts": ts, "uid": "C", "orig_h": src, "orig_p": 40000, "resp_h": dst}
        match place % 10:
            case 0 | 1 | 2 | 3 | 4:
                events.append(
                    Conn(
                        **ends, resp_p=chance.choice((443, 443, 80, 445, 53)), proto="tcp", service="ssl", duration=1.0,
                        orig_bytes=900, resp_bytes=9000, conn_state="SF", history="ShADadFf", local_orig=True,
                        local_resp=inside, orig_pkts=9, resp_pkts=9,
                    )
                )  # fmt: skip
            case 5 | 6 | 7:
                name = f"host{chance.randrange(20)}.site{chance.randrange(2000)}.com"
                events.append(
                    Dns(**ends, resp_p=53, proto="udp", trans_id=1, query=name, qtype=1, rcode=0, **FLAGS)
                )
            case 8:
                given = {
                    "trans_depth": 1,
                    "request_body_len": 0,
                    "response_body_len": 100,
                    "status_code": 200,
                }
                events.append(Http(**ends, resp_p=80, method="GET", uri=f"/a/{place}", host="x", **given))
            case _:
                events.append(Ssl(**ends, resp_p=443, resumed=False, established=True))
    return events


def strangers(number: int) -> Iterator[list[Event]]:
    """Batches of probes, names and log-ins, each of a source never seen before."""
    chance = random.Random(2)
    batch: list[Event] = []
    for place in range(number):
        ts, source = place / 50_000, place * 2_654_435_761 % (1 << 32)
        src = f"{source >> 24}.{source >> 16 & 255}.{source >> 8 & 255}.{source & 255}"
        ends = {"ts": ts, "uid": "C", "orig_h": src, "orig_p": 40000, "resp_h": "10.1.0.1"}
        match place % 3:
            case 0:
                batch.append(
                    Conn(
                        **ends, resp_p=chance.randrange(65536), proto="tcp", conn_state="S0", history="S",
                        local_orig=False, local_resp=True, orig_pkts=1, resp_pkts=0,
                    )
                )  # fmt: skip
            case 1:
                batch.append(Ssh(**ends, resp_p=22, auth_success=False, auth_attempts=1))
            case _:
                name = f"{source:x}.{place}.com"
                batch.append(Dns(**ends, resp_p=53, proto="udp", trans_id=1, query=name, rcode=3, **FLAGS))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def scan(number: int, ts: float) -> list[Event]:
    """A scan as the flood goes on: one host of ours tries forty others on one port."""
    src = f"10.250.{number >> 8}.{number & 255}"
    return [
        Conn(
            ts=ts + place / 100, uid="C", orig_h=src, orig_p=40000, resp_h=f"10.1.9.{place}", resp_p=3389,
            proto="tcp", conn_state="S0", history="S", local_orig=True, local_resp=True, orig_pkts=1, resp_pkts=0,
        )
        for place in range(40)
    ]  # fmt: skip


def busy(watch: Watch, number: int) -> list[Figure]:
    """Ordinary traffic, and the way from a worker to the watch."""
    events = ordinary(number)
    batches = [events[begin : begin + BATCH] for begin in range(0, len(events), BATCH)]
    began = time.process_time()
    for batch in batches:
        watch.take(batch)
    spent = time.process_time() - began
    packer = EventPacker(watch.kinds)
    middle = time.process_time()
    packed = [packer.pack(batch) for batch in batches]
    ended = time.process_time()
    unpacked = sum(len(unpack_events(kind, data)) for frame in packed for kind, data in frame.items())
    last = time.process_time()
    return [
        Figure("detectors, ordinary traffic", number / spent / 1e3, "k events/s"),
        Figure("  a worker packs", (ended - middle) / number * 1e6, "us an event"),
        Figure("  the agent unpacks", (last - ended) / unpacked * 1e6, "us an event"),
    ]


def resident() -> float:
    """MB of memory in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def flood(watch: Watch, sources: int) -> list[Figure]:
    """Random sources, a real scan among them every two hundred thousand: what is held, and whether scans are seen."""
    held: list[tuple[int, float]] = []
    seen, scans, found = 0, 0, set[str]()
    step = max(1, sources // 10)
    began = time.process_time()
    for batch in strangers(sources):
        if seen >= scans * min(200_000, step):
            batch = sorted([*batch, *scan(scans, seen / 50_000)], key=lambda event: event.ts)
            scans += 1
            seen -= 40
        for event in watch.take(batch).events:
            if getattr(event, "note", "") == "Scan::Address_Scan" and event.src.startswith("10.250."):
                found.add(event.src)
        seen += len(batch)
        if seen // step > len(held):
            held.append((sum(watch.statistics().entries.values()), resident()))
    speed = seen / (time.process_time() - began)
    (entries, memory), (most, last) = held[1], held[-1]
    name = f"{sources / 1e6:g} M"
    return [
        Figure(f"detectors under {name} random sources: entries, end against a fifth", most / entries, most=1.05,
               note=f"{entries} and {most}, {sum(watch.statistics().evicted.values())} evicted"),
        Figure("  resident memory, end against a fifth", last / memory, most=1.1,
               note=f"{memory:.0f} and {last:.0f} MB"),
        Figure("  real scans among them that were not seen", scans - len(found), most=0, note=f"of {scans}"),
        Figure("  speed", speed / 1e3, "k events/s"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--sources", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    config = default_config(ROOT)
    rules = RuleSet.load(config.rule, config.root)
    relax_collector()
    figures = busy(Watch(config, rules), options.events) + flood(Watch(config, rules), options.sources)
    print(json.dumps(as_json(figures)) if options.json else as_table(figures))


if __name__ == "__main__":
    main()
