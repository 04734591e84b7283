"""All detectors together: bounded under a flood, explained, named once, and each of them tested and documented."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.config import default_config
from sentinel.detect import DETECTORS
from sentinel.event import Conn, Dns, Event
from sentinel.watch import Watch

from .conftest import conn, flow_event

ROOT = Path(__file__).parents[2]
FLAGS = {"AA": False, "TC": False, "RD": True, "RA": False, "Z": 0, "rejected": False}


def strangers(number: int, seed: int = 1) -> list[Event]:
    """Connections, names and log-ins of as many random sources."""
    chance = random.Random(seed)
    events: list[Event] = []
    for place in range(number):
        ts, src = (
            place / 1000,
            f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{place % 256}",
        )
        match place % 4:
            case 0:
                events.append(
                    conn(
                        ts,
                        src,
                        "10.1.0.1",
                        chance.randrange(65536),
                        conn_state="S0",
                        history="S",
                        resp_pkts=0,
                    )
                )
            case 1:
                events.append(flow_event("ssh", ts, src, "10.1.0.1", 22, auth_success=False, auth_attempts=1))
            case 2:
                name = f"{chance.randrange(1 << 40):x}.{chance.randrange(1 << 30)}.com"
                events.append(
                    flow_event(
                        "dns", ts, src, "10.1.0.53", 53, proto="udp", trans_id=1, query=name, rcode=3, **FLAGS
                    )
                )
            case _:
                inside = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
                events.append(
                    conn(ts, inside, src, 445, conn_state="SF", orig_bytes=20_000, resp_bytes=9, resp_pkts=3)
                )
    return events


def test_names_are_one_each_and_documented() -> None:
    names = [kind.name for kind in DETECTORS]
    assert len(set(names)) == len(names)
    page = (ROOT / "docs" / "detectors.md").read_text("utf-8")
    for kind in DETECTORS:
        assert f"`{kind.name}`" in page
        assert kind.__doc__


def test_state_reaches_a_plateau_and_a_scan_is_still_seen() -> None:
    config = default_config(ROOT)
    config = replace(config, detect=replace(config.detect, max_entries=1000))
    watch = Watch(config, None)
    held = []
    scanned: list[str] = []
    for round_ in range(6):
        events = strangers(6_000, seed=round_)
        scan = [conn(number, "10.9.9.9", f"10.1.{round_}.{number}", 3389) for number in range(8)]
        for begin in range(0, len(events), 750):
            piece = [*events[begin : begin + 750], *scan[begin // 750 : begin // 750 + 1]]
            scanned += [
                event.note for event in watch.take(piece).events if getattr(event, "src", "") == "10.9.9.9"
            ]
        held.append(sum(watch.statistics().entries.values()))
    limit = 3.0 * config.detect.max_entries * len(DETECTORS)
    assert max(held) <= limit
    assert held[-1] <= held[2] * 1.1
    assert sum(watch.statistics().evicted.values()) > 0
    assert "Scan::Address_Scan" in scanned


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_each_has_its_own_tests(kind: type) -> None:
    module = kind.__module__.rpartition(".")[2]
    assert (Path(__file__).parent / f"test_{module}.py").is_file()


def test_events_without_what_they_might_carry_are_borne() -> None:
    watch = Watch(default_config(ROOT), None)
    bare = [
        Conn(
            ts=0.0, uid="C", orig_h="not an address", orig_p=0, resp_h="", resp_p=0, proto="unknown_transport"
        ),
        Dns(
            ts=0.0, uid="C", orig_h="::1", orig_p=0, resp_h="::2", resp_p=53, proto="udp", trans_id=0, **FLAGS
        ),
    ]
    assert not watch.take(bare).events
    assert not watch.finish().events


def test_the_page_names_rules_that_exist() -> None:
    page = (ROOT / "docs" / "detectors.md").read_text("utf-8")
    table = page.partition("三十种情形")[2].partition("## 增加一个检测器")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 31))
    named = re.findall(r"`([a-z0-9]+/[a-z0-9_*]+)`", table)
    assert len(named) > 40
    for name in named:
        assert list((ROOT / "rules").glob(f"{name}.yml")), name
