"""What the agent pays for the detectors: `python bench/watch.py [--events N] [--sources N]`.

First ordinary traffic (events a second through the watch, cost of the way from a worker), then a flood of random
sources: entries held and memory after every million. `--sources 10_000_000` is the long form of the test.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--sources", type=int, default=1_000_000)
    options = parser.parse_args()
    config = default_config(ROOT)
    watch = Watch(config, RuleSet.load(config.rule, config.root))

    relax_collector()
    events = ordinary(options.events)
    batches = [events[begin : begin + BATCH] for begin in range(0, len(events), BATCH)]
    began = time.process_time()
    for batch in batches:
        watch.take(batch)
    spent = time.process_time() - began
    print(
        f"watch, ordinary traffic: {len(events) / spent:,.0f} events/s, {spent / len(events) * 1e6:.2f} us an event"
    )
    packer = EventPacker(watch.kinds)
    began = time.process_time()
    packed = [packer.pack(batch) for batch in batches]
    middle = time.process_time()
    unpacked = sum(len(unpack_events(kind, data)) for frame in packed for kind, data in frame.items())
    ended = time.process_time()
    print(
        f"worker packs: {(middle - began) / len(events) * 1e6:.2f} us an event, "
        f"agent unpacks: {(ended - middle) / unpacked * 1e6:.2f} us an event"
    )

    told, seen, began = 0, 0, time.process_time()
    for batch in strangers(options.sources):
        watch.take(batch)
        seen += len(batch)
        if seen // 1_000_000 > told or seen == options.sources:
            told = seen // 1_000_000
            statistics = watch.statistics()
            print(
                f"{seen:,} strangers: {sum(statistics.entries.values()):,} entries, "
                f"{sum(statistics.evicted.values()):,} evicted, "
                f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, "
                f"{seen / (time.process_time() - began):,.0f} events/s"
            )


if __name__ == "__main__":
    main()
