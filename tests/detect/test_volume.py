"""Traffic against the week before: minutes in a row, late and long connections, quiet hours counted too."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from sentinel.detect import DetectSettings, Scene
from sentinel.detect.settings import VolumeSettings
from sentinel.detect.volume import Volume, _percentile
from sentinel.event import Conn, Notice

from .conftest import LOCAL, conn, feed, notes

DAY, BEGIN = 86_400.0, 86_400.0 * 20_000
OUTSIDE, INSIDE = "198.51.100.7", "10.0.0.80"
MEGABIT = 125_000 * 60
"""Bytes a minute."""


def volume(**settings: float) -> Volume:
    return Volume(Scene(DetectSettings(volume=VolumeSettings(**settings)), LOCAL))  # type: ignore[arg-type]


def flow(ts: float, megabits: float, duration: float = 30.0, packets: int = 100, **more: object) -> Conn:
    """An answer of so many megabits a second, over one minute, from outside."""
    values = {"conn_state": "SF", "duration": duration, "orig_pkts": 9, "orig_ip_bytes": 900}
    values |= {"resp_ip_bytes": int(megabits * MEGABIT), "resp_pkts": packets, **more}
    return conn(ts, INSIDE, OUTSIDE, 443, **values)


def usual(days: float = 3.0, megabits: float = 50.0) -> list[Conn]:
    return [flow(BEGIN + minute * 60.0, megabits) for minute in range(int(days * 1440))]


def judged(before: Sequence[Conn], *after: Conn) -> list[Notice]:
    detector = volume()
    assert feed(detector, before) == []
    return feed(detector, after)


NOW = BEGIN + 3 * DAY


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([160, 160, 160], 1),
        ([160, 160], 0),
        ([160, 160, 140, 160], 0),
        ([140, 140, 140, 140], 0),
        ([400] * 30, 1),
    ],
)
def test_three_minutes_in_a_row_above_three_times_the_usual(rates: list[int], expected: int) -> None:
    found = judged(usual(), *(flow(NOW + n * 60.0, rate) for n, rate in enumerate(rates)))
    assert notes(found) == ["Volume::Inbound_Above_Usual"] * expected
    for notice in found:
        assert notice.dst == INSIDE and notice.figures["usual_megabits_per_second"] == 50.0
        assert notice.figures["megabits_per_second"] == rates[2]
        assert notice.figures["share_of_first_host"] == 1.0


def test_what_is_small_is_never_told_and_what_is_not_yet_known_neither() -> None:
    attack = [flow(NOW + n * 60.0, 99) for n in range(9)]
    assert judged(usual(megabits=1.0), *attack) == []
    young = usual(1.9)
    assert judged(young, *(flow(BEGIN + 1.9 * DAY + n * 60.0, 900) for n in range(9))) == []


def test_a_nightly_backup_is_usual() -> None:
    """It takes more than one of a hundred minutes."""
    nights = [flow(BEGIN + day * DAY + n * 60.0, 300) for day in range(3) for n in range(20)]
    both = sorted([*usual(), *nights], key=lambda event: event.ts)
    assert judged(both, *(flow(NOW + n * 60.0, 300) for n in range(20))) == []


def test_the_order_of_connections_does_not_matter() -> None:
    late = [flow(NOW + n * 60.0, 200) for n in (2, 0, 1)]
    assert notes(judged(usual(), *late)) == ["Volume::Inbound_Above_Usual"]


def test_a_long_connection_is_spread_over_its_time() -> None:
    """Told when it is over, of the minutes that it filled."""
    long = flow(NOW, 200 * 30, duration=30 * 60.0 - 1)
    assert notes(judged(usual(), long)) == ["Volume::Inbound_Above_Usual"]
    assert judged(usual(), flow(NOW, 40 * 30, duration=30 * 60.0 - 1)) == []


def test_batches_make_no_difference() -> None:
    events = [*usual(), *(flow(NOW + n * 60.0, 160) for n in range(9))]
    single = [notice.msg for notice in feed(volume(), events)]
    whole = [notice.msg for notice in volume().reads["conn"](events)]
    assert len(single) == 1 and whole == single


def test_packets_and_what_goes_out() -> None:
    many = [flow(NOW + n * 60.0, 1, packets=60 * 30_000) for n in range(3)]
    [notice] = judged(usual(), *many)
    assert (notice.note, notice.sub) == ("Volume::Inbound_Above_Usual", "packets")
    sent = [flow(NOW + n * 60.0, 1, orig_ip_bytes=300 * MEGABIT) for n in range(3)]
    [notice] = judged(usual(), *sent)
    assert (notice.note, notice.src, notice.dst) == ("Volume::Outbound_Above_Usual", INSIDE, None)


def test_what_stays_inside_or_outside_does_not_count() -> None:
    detector = volume()
    feed(
        detector,
        [conn(1.0, "10.0.0.1", "10.0.0.2", 80, resp_ip_bytes=9), conn(1.0, OUTSIDE, "192.0.2.1", 80)],
    )
    assert detector.entries == 0


def test_a_week_is_remembered_and_no_more() -> None:
    detector = volume()
    feed(detector, usual(8.0, 1.0))
    [inbound] = [way for (_, what), way in detector._ways.items() if what == "Inbound"]
    assert len(inbound.samples) == 7 * 1440 and len(inbound.hosts) == 10
    feed(detector, [flow(BEGIN, 1.0)])
    assert len(inbound.samples) == 7 * 1440, "older than a week"
    many = [conn(BEGIN + 8 * DAY, OUTSIDE, f"10.1.{n >> 8}.{n & 255}", 80, orig_pkts=1) for n in range(2000)]
    feed(detector, many)
    assert max(map(len, inbound.hosts.values())) == 512
    feed(detector, [flow(BEGIN + 99 * DAY, 1.0)])
    assert len(inbound.samples) == 1, "a clock that jumps"


def test_the_usual_is_known_after_a_restart() -> None:
    first, second = volume(), volume()
    feed(first, usual())
    second.memories["ways"].restore(list(first.memories["ways"].save()))
    attack = [flow(NOW + n * 60.0, 160) for n in range(3)]
    assert notes(feed(second, attack)) == ["Volume::Inbound_Above_Usual"]


def test_percentiles_count_the_silent() -> None:
    chance = random.Random(3)
    for known, silent in ((0, 0), (0, 9), (1, 0), (100, 0), (250, 777), (3, 5000)):
        values = [[chance.random() + 1, 0.0] for _ in range(known)]
        every = sorted([one[0] for one in values] + [0.0] * silent)
        expected = every[-(-99 * len(every) // 100) - 1] if every else 0.0
        assert _percentile(values, 0, silent) == expected
