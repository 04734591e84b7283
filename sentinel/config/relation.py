"""Settings that contradict each other, each being right by itself."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from sentinel.capture.filter import FilterError, NoLibpcap, compile_filter
from sentinel.config.quantity import write_duration, write_size
from sentinel.config.tree import Config
from sentinel.incident.fault import IncidentError
from sentinel.incident.matcher import FIELDS, OF_INCIDENTS, read_matchers
from sentinel.text import Message

__all__ = ["related"]

_LARGEST_RING = 4 << 30


def related(config: Config) -> Iterator[tuple[str, Message]]:
    """The key to look at and what is wrong, for each contradiction."""
    yield from _capture(config)
    yield from _flow(config)
    yield from _intake(config)
    yield from _inhibitions(config)
    yield from _notify(config)
    yield from _sweep(config)


def _capture(config: Config) -> Iterator[tuple[str, Message]]:
    capture = config.capture
    ring = capture.block_size * capture.blocks
    if ring > _LARGEST_RING:
        sizes = {"size": write_size(ring), "high": write_size(_LARGEST_RING)}
        yield "capture.blocks", Message("config.ring-too-large", **sizes)
    if capture.restart_backoff > capture.restart_backoff_max:
        waits = {
            "first": write_duration(capture.restart_backoff),
            "last": write_duration(capture.restart_backoff_max),
        }
        yield "capture.restart_backoff_max", Message("config.backoff-order", **waits)
    try:
        compile_filter(capture.filter, snaplen=capture.snaplen)
    except NoLibpcap:
        pass  # the file may be right: `sentinel check` and the workers say it
    except FilterError as error:
        yield "capture.filter", error.message
    for number, name in enumerate(capture.interfaces):
        if name in capture.interfaces[:number]:
            yield f"capture.interfaces[{number}]", Message("config.listed-twice", value=name)


def _flow(config: Config) -> Iterator[tuple[str, Message]]:
    flow = config.flow
    if flow.reassembly_flow_bytes > flow.reassembly_bytes:
        sizes = {"one": write_size(flow.reassembly_flow_bytes), "all": write_size(flow.reassembly_bytes)}
        yield "flow.reassembly_flow_bytes", Message("config.reassembly-order", **sizes)
    names: set[str] = set()
    owners: dict[tuple[str, int | str], str] = {}
    for number, zone in enumerate(flow.zones):
        place = f"flow.zones[{number}]"
        if zone.name in names:
            yield place, Message("config.zone-twice", name=zone.name)
        names.add(zone.name)
        for member in zone.members():
            if owners.setdefault(member, zone.name) != zone.name:
                values = {"member": " ".join(map(str, member)), "first": owners[member], "second": zone.name}
                yield place, Message("config.zone-overlap", **values)


def _intake(config: Config) -> Iterator[tuple[str, Message]]:
    names: set[str] = set()
    for number, source in enumerate(config.intake.sources):
        place = f"intake.sources[{number}]"
        if source.name in names:
            yield place, Message("config.source-twice", name=source.name)
        names.add(source.name)
        if source.kind == "file" and not source.paths:
            yield place, Message("config.source-needs", name=source.name, kind=source.kind, key="paths")
        for key in ("broker", "topics"):
            if source.kind == "mqtt" and not getattr(source, key):
                yield place, Message("config.source-needs", name=source.name, kind=source.kind, key=key)
        for key in ("certificate", "key"):
            if source.kind == "tls" and not getattr(source, key):
                yield place, Message("config.source-needs", name=source.name, kind=source.kind, key=key)


def _inhibitions(config: Config) -> Iterator[tuple[str, Message]]:
    for number, inhibit in enumerate(config.incident.inhibit):
        place = f"incident.inhibit[{number}]"
        for key, written, fields in (
            ("when", inhibit.when, OF_INCIDENTS),
            ("suppress", inhibit.suppress, FIELDS),
        ):
            if not written:
                yield place, Message("config.inhibit-empty", key=key)
            for one in written:
                try:
                    read_matchers([one], fields)
                except IncidentError as error:
                    yield place, error.message


def _notify(config: Config) -> Iterator[tuple[str, Message]]:
    names: set[str] = set()
    for number, channel in enumerate(config.notify.channels):
        if channel.name in names:
            yield f"notify.channels[{number}]", Message("config.channel-twice", name=channel.name)
        names.add(channel.name)
        scheme = channel.url.partition("://")[0]
        if not channel.body and not channel.robot and scheme in ("http", "https", "mqtt", "mqtts"):
            yield f"notify.channels[{number}]", Message("config.no-body", name=channel.name)
        if channel.sign and channel.robot not in ("dingtalk", "feishu"):
            yield f"notify.channels[{number}].sign", Message("config.no-sign", name=channel.name)
        if channel.alerts and not scheme.startswith("syslog+"):
            yield f"notify.channels[{number}].alerts", Message("config.alerts-by-syslog", name=channel.name)
    for number, feed in enumerate(config.notify.feeds):
        if feed.name in names:
            yield f"notify.feeds[{number}]", Message("config.channel-twice", name=feed.name)
        names.add(feed.name)


def _sweep(config: Config) -> Iterator[tuple[str, Message]]:
    """What is asked must be ours: the ledger keeps nobody else."""
    ours = [ip_network(one, strict=False) for one in config.flow.local_networks]
    for number, written in enumerate(config.ledger.sweep.ranges):
        asked = ip_network(written)
        if not any(_holds(network, asked) for network in ours):
            yield f"ledger.sweep.ranges[{number}]", Message("config.sweep-outside", range=written)


def _holds(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return other.subnet_of(network)
    return isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and other.subnet_of(network)
