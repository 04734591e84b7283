"""Who is silent, whose clock is off, and what of it outlives a restart, over all senders."""

from __future__ import annotations

from sentinel.intake.account import SourceAccount
from sentinel.intake.pulses import Pulses
from sentinel.intake.settings import SourceSettings

UDP = SourceSettings(name="syslog", kind="udp")
FILES = SourceSettings(name="files", kind="file")


def pulses(*sources: SourceSettings, now: float = 0.0, kept: Pulses | None = None) -> Pulses:
    accounts = {source.name: SourceAccount() for source in sources}
    return Pulses(sources, accounts, kept.memory() if kept is not None else {}, now)


def heard(of: Pulses, source: SourceSettings, stream: str, times: int = 30) -> None:
    for number in range(times):
        of.beat(source, of.of(source, stream), float(number))


def test_senders_are_silent_each_and_files_together() -> None:
    it = pulses(UDP, FILES)
    for stream in ("10.0.0.1", "10.0.0.2"):
        heard(it, UDP, stream)
    for stream in ("/a.log", "/b.log"):
        heard(it, FILES, stream)
    assert sorted((name, sender) for name, sender, _ in it.fallen_silent(1000.0)) == [
        ("files", ""),
        ("syslog", "10.0.0.1"),
        ("syslog", "10.0.0.2"),
    ]
    assert list(it.fallen_silent(2000.0)) == []


def test_what_is_known_outlives_a_restart_and_what_is_not_does_not() -> None:
    it = pulses(UDP)
    heard(it, UDP, "10.0.0.1")
    heard(it, UDP, "10.0.0.2", 3)
    later = pulses(UDP, now=5000.0, kept=it)
    assert list(later.fallen_silent(5050.0)) == []
    assert [sender for _, sender, _ in later.fallen_silent(5100.0)] == ["10.0.0.1"]


def test_who_was_last_heard_a_month_ago_is_not_awaited() -> None:
    it = pulses(UDP)
    heard(it, UDP, "10.0.0.1")
    assert len(pulses(UDP, now=31 * 86400.0, kept=it)) == 0


def test_only_the_loss_of_whom_we_knew_counts() -> None:
    it = pulses(UDP)
    heard(it, UDP, "10.0.0.1")
    heard(it, UDP, "10.0.0.2", 1)
    assert it.forget(("syslog", "10.0.0.1")) and not it.forget(("syslog", "10.0.0.2"))
    assert not it.forget(("syslog", "10.0.0.3")) and len(it) == 0


def test_each_source_has_the_offset_of_its_worst_clock() -> None:
    accounts = {"syslog": SourceAccount(), "files": SourceAccount()}
    it = Pulses((UDP, FILES), accounts, {}, 0.0)
    for stream, offset in (("10.0.0.1", 3.0), ("10.0.0.2", -40.0)):
        for number in range(9):
            it.of(UDP, stream).clock(number + offset, float(number))
    it.measure()
    assert (accounts["syslog"].offset, accounts["files"].offset) == (-40.0, 0.0)
