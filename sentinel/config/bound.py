"""What each setting may be: unit, range, choices, form. One line a key, by its dotted path in the tree."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass

from sentinel.broker import is_broker
from sentinel.duty.plan import is_time
from sentinel.event import Level
from sentinel.hours import is_hours
from sentinel.intake.json_path import is_json_path
from sentinel.intake.topic import is_filter
from sentinel.ledger.form import is_heading
from sentinel.notify.robot import ROBOTS
from sentinel.rule.restraint.maintenance import read_moment

__all__ = ["BOUNDS", "Bound"]

_RULE = re.compile(r"\S{1,128}\Z")
"""A rule's id: a UUID, or in the rules of others any word."""
_INTERFACE = re.compile(r"[^\s/:]{1,15}\Z")
_STATE = re.compile(r"[^=]*\S\s*=\s*\S.{0,127}\Z")
"""What a value means: `1=open`."""
_TOPIC_LEVEL = re.compile(r"[^\s/+#$\x00][^\s/+#\x00]{0,63}\Z")
_NAME = re.compile(r"[^\s,]{1,64}\Z")
_REFERENCE = re.compile(r"\$\{(env|file):[^}]+\}")
_HOST_KEY = re.compile(r"(ssh-|ecdsa-)[a-z0-9-]+ [A-Za-z0-9+/=]{32,}")
_MQTT = re.compile(r"mqtts?://[^\s/?#]+(/[^\s?#+]*)?\Z")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a value must keep to. For a list, each of its values."""

    low: float | None = None
    high: float | None = None
    unit: str = ""
    """`seconds`, `bytes` or empty for a count."""
    multiple: int = 1
    """Whole numbers only in steps of this."""
    choices: tuple[str, ...] = ()
    form: str = ""
    """Name of a form in `FORMS`; its sentence in the catalogue is `config.form.<name>`."""
    must_exist: bool = False
    """The value is the path of a file or folder that must be there."""


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_zone(value: str) -> bool:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


def _is_pattern(value: str) -> bool:
    try:
        re.compile(value)
    except re.error:
        return False
    return True


FORMS: dict[str, Callable[[str], bool]] = {
    "network": _is_network,
    "address": _is_address,
    "interface": lambda value: bool(_INTERFACE.match(value)),
    "zone": _is_zone,
    "zone-or-empty": lambda value: value == "" or _is_zone(value),
    "time": is_time,
    "hours": lambda value: not value or is_hours(value),
    "moment": lambda value: read_moment(value, zoneinfo.ZoneInfo("UTC")) is not None,
    "said": lambda value: bool(value.strip()),
    "rule": lambda value: bool(_RULE.match(value)),
    "name": lambda value: bool(_NAME.match(value)),
    "path": lambda value: bool(value.strip()) and "\0" not in value,
    "broker": is_broker,
    "topic": is_filter,
    "topic-level": lambda value: bool(_TOPIC_LEVEL.match(value)),
    "json-path": lambda value: not value or is_json_path(value),
    "place": lambda value: not value.startswith("$") or is_json_path(value),
    "heading": is_heading,
    "state": lambda value: bool(_STATE.match(value)),
    "output": lambda value: "\0" not in value,
    "pattern": _is_pattern,
    "host-key": lambda value: bool(_HOST_KEY.match(value)),
    "reference": lambda value: not value or bool(_REFERENCE.search(value)),
    "mqtt": lambda value: bool(_MQTT.match(value)),
}

_PORTS = Bound(1, 65535)


def _peer(room: str, password: Bound = Bound(form="output")) -> dict[str, Bound]:
    """What `PeerSettings` holds, in `room`."""
    files = {f"{room}.{name}": Bound(form="output") for name in ("authority", "certificate", "key")}
    return {
        **files,
        f"{room}.user": Bound(form="output"),
        f"{room}.password": password,
        f"{room}.timeout": Bound(0.1, 600, "seconds"),
    }


_DAY = 86400.0
_WAIT = Bound(0.1, 7 * _DAY, "seconds")
_WINDOW = Bound(1, 7 * _DAY, "seconds")
_COUNT = Bound(1, 10_000)
_CLOCK = Bound(0, 366 * _DAY, "seconds")
_MANY = Bound(1, 10_000_000)
_SHARE = Bound(0, 1)

BOUNDS: dict[str, Bound] = {
    "language": Bound(choices=("zh", "en")),
    "capture.interfaces": Bound(form="interface"),
    "capture.filter": Bound(),
    "capture.workers": Bound(1, 64),
    "capture.block_size": Bound(1 << 16, 1 << 28, "bytes", multiple=4096),
    "capture.blocks": Bound(2, 4096),
    "capture.shed_above": Bound(0.05, 1),
    "capture.block_timeout": Bound(0.001, 10, "seconds"),
    "capture.snaplen": Bound(64, 1 << 18, "bytes"),
    "capture.restart_backoff": Bound(0.01, 3600, "seconds"),
    "capture.restart_backoff_max": Bound(0.01, _DAY, "seconds"),
    "decode.max_depth": Bound(1, 16),
    "decode.vxlan_ports": _PORTS,
    "decode.geneve_ports": _PORTS,
    "decode.gtp_ports": _PORTS,
    "decode.teredo_ports": _PORTS,
    "decode.max_fragmented": Bound(1, 1 << 20),
    "decode.fragment_timeout": Bound(0.1, 3600, "seconds"),
    "flow.max_flows": Bound(1024, 1 << 24),
    "flow.tcp_timeout": _WAIT,
    "flow.tcp_attempt_timeout": _WAIT,
    "flow.tcp_closed_timeout": _WAIT,
    "flow.udp_timeout": _WAIT,
    "flow.icmp_timeout": _WAIT,
    "flow.tunnel_timeout": _WAIT,
    "flow.inspect_bytes": Bound(0, 1 << 26, "bytes"),
    "flow.reassembly_bytes": Bound(0, 1 << 34, "bytes"),
    "flow.reassembly_flow_bytes": Bound(0, 1 << 28, "bytes"),
    "flow.zones.name": Bound(form="name"),
    "flow.zones.vlans": Bound(0, 4094),
    "flow.zones.vnis": Bound(0, (1 << 24) - 1),
    "flow.zones.labels": Bound(16, (1 << 20) - 1),
    "flow.zones.gre_keys": Bound(0, (1 << 32) - 1),
    "flow.zones.interfaces": Bound(form="interface"),
    "flow.local_networks": Bound(form="network"),
    "protocol.file_hash_bytes": Bound(0, 1 << 30, "bytes"),
    "protocol.http_body_bytes": Bound(0, 1 << 24, "bytes"),
    "protocol.recognition_bytes": Bound(16, 1 << 16, "bytes"),
    "intake.zone": Bound(form="zone"),
    "intake.formats": Bound(form="path", must_exist=True),
    "intake.sources.name": Bound(form="name"),
    "intake.sources.kind": Bound(choices=("file", "udp", "tcp", "tls", "journal", "mqtt")),
    "intake.sources.paths": Bound(form="path"),
    "intake.sources.listen": Bound(form="address"),
    "intake.sources.port": Bound(0, 65535),
    **_peer("intake.sources"),
    "intake.sources.broker": Bound(form="broker"),
    "intake.sources.topics.topic": Bound(form="topic"),
    "intake.sources.topics.reading": Bound(form="said"),
    "intake.sources.topics.value": Bound(form="json-path"),
    "intake.sources.topics.unit": Bound(form="output"),
    "intake.sources.topics.place": Bound(form="place"),
    "intake.sources.topics.time": Bound(form="json-path"),
    "intake.sources.topics.states": Bound(form="state"),
    "intake.sources.format": Bound(form="name"),
    "intake.sources.zone": Bound(form="zone-or-empty"),
    "intake.sources.host": Bound(form="output"),
    "intake.sources.silence": Bound(0, 30 * _DAY, "seconds"),
    "detect.disabled": Bound(form="name"),
    "detect.max_entries": Bound(64, 1 << 22),
    "detect.quiet": Bound(0, 7 * _DAY, "seconds"),
    "detect.authorised_scanners": Bound(form="network"),
    "detect.shared_hosts": Bound(form="network"),
    "detect.scan.ports": _COUNT,
    "detect.scan.hosts": _COUNT,
    "detect.scan.distant_hosts": _COUNT,
    "detect.scan.window": _WINDOW,
    "detect.scan.slow_ports": _COUNT,
    "detect.scan.slow_hosts": _COUNT,
    "detect.scan.slow_window": _WINDOW,
    "detect.scan.brisk_ports": _COUNT,
    "detect.scan.brisk_window": _WINDOW,
    "detect.scan.stealth_ports": _COUNT,
    "detect.guessing.failures": _COUNT,
    "detect.guessing.window": _WINDOW,
    "detect.guessing.slow_failures": _COUNT,
    "detect.guessing.slow_window": _WINDOW,
    "detect.guessing.spray_users": _COUNT,
    "detect.guessing.success_within": _WINDOW,
    "detect.form_login.posts": _COUNT,
    "detect.form_login.window": _WINDOW,
    "detect.content_scan.pages": _COUNT,
    "detect.content_scan.window": _WINDOW,
    "detect.content_scan.refused_ratio": _SHARE,
    "detect.sweep.pinged": _COUNT,
    "detect.sweep.ping_window": _WINDOW,
    "detect.sweep.smb_hosts": _COUNT,
    "detect.sweep.smb_window": _WINDOW,
    "detect.flood.window": _WINDOW,
    "detect.flood.half_open": _MANY,
    "detect.flood.half_open_ratio": _SHARE,
    "detect.flood.udp_packets": _MANY,
    "detect.flood.udp_flows": _MANY,
    "detect.flood.tcp_packets": _MANY,
    "detect.flood.icmp_packets": _MANY,
    "detect.flood.reflected_packets": _MANY,
    "detect.flood.any_queries": _COUNT,
    "detect.flood.held": _COUNT,
    "detect.flood.held_window": _WINDOW,
    "detect.forbidden.no_internet": Bound(form="network"),
    "detect.forbidden.allowed_outside": Bound(form="network"),
    "detect.forbidden.dark": Bound(form="network"),
    "detect.forbidden.terminals": Bound(form="network"),
    "detect.forbidden.terminal_peers": Bound(form="network"),
    "detect.arp.gateways": Bound(form="network"),
    "detect.arp.window": _WINDOW,
    "detect.arp.returns": _COUNT,
    "detect.arp.asked": _COUNT,
    "detect.arp.ask_window": _WINDOW,
    "detect.arp.unsolicited": _COUNT,
    "detect.dhcp.servers": Bound(form="network"),
    "detect.dhcp.clients": _COUNT,
    "detect.dhcp.window": _WINDOW,
    "detect.beacon.connections": _COUNT,
    "detect.beacon.least_span": _WINDOW,
    "detect.beacon.score": _SHARE,
    "detect.dns.window": _WINDOW,
    "detect.dns.unique": _COUNT,
    "detect.dns.least_unique": _COUNT,
    "detect.dns.coded": _COUNT,
    "detect.dns.unknown": _COUNT,
    "detect.dns.unknown_window": _WINDOW,
    "detect.dns.resolvers": Bound(form="network"),
    "detect.dns.foreign": _COUNT,
    "detect.dns.allowed": Bound(form="name"),
    "detect.transfer.counted_bytes": Bound(1, 1 << 50, "bytes"),
    "detect.transfer.least_bytes": Bound(1, 1 << 50, "bytes"),
    "detect.transfer.times_usual": Bound(1, 1000),
    "detect.transfer.learn_hours": Bound(1, 168),
    "detect.transfer.large_bytes": Bound(1, 1 << 50, "bytes"),
    "detect.transfer.long_duration": _WINDOW,
    "detect.transfer.ping_bytes": Bound(1, 1 << 50, "bytes"),
    "detect.renaming.files": _COUNT,
    "detect.renaming.window": _WINDOW,
    "detect.first_seen.learn": Bound(0, 90 * _DAY, "seconds"),
    "detect.first_seen.peers": _COUNT,
    "detect.first_seen.networks": _COUNT,
    "detect.first_seen.quiet": _WINDOW,
    "detect.administration.services": Bound(form="name"),
    "detect.administration.office_hours": Bound(form="hours"),
    "detect.administration.office_days": Bound(1, 7),
    "detect.administration.learn": Bound(0, 90 * _DAY, "seconds"),
    "detect.administration.origins": Bound(form="network"),
    "detect.web_shell.posts": _COUNT,
    "detect.web_shell.window": _WINDOW,
    "detect.web_shell.score": Bound(10, 100),
    "detect.volume.bits": Bound(1, 1 << 50),
    "detect.volume.packets": Bound(1, 1 << 40),
    "detect.volume.times": Bound(1, 1000),
    "detect.volume.learn": Bound(0, 7 * _DAY, "seconds"),
    "detect.weird_storm.window": _WINDOW,
    "detect.weird_storm.oddities": _COUNT,
    "detect.weird_storm.conflicts": _COUNT,
    "duty.zone": Bound(form="zone"),
    "duty.unit": Bound(form="output"),
    "duty.zero_report.when": Bound(choices=("guard", "always", "never")),
    "duty.zero_report.at": Bound(form="time"),
    "duty.zero_report.warn": Bound(0, _DAY / 2, "seconds"),
    "duty.zero_report.escalate": Bound(1, _DAY / 2, "seconds"),
    "duty.patrols.place": Bound(form="said"),
    "duty.patrols.times": Bound(form="time"),
    "duty.patrols.grace": Bound(60, _DAY / 2, "seconds"),
    "playbook.paths": Bound(form="path"),
    "playbook.most": Bound(1, 100_000),
    "playbook.starts": Bound(0, 10_000),
    "playbook.open_most": Bound(1, 100_000),
    "playbook.officers": Bound(form="said"),
    "playbook.leaders": Bound(form="said"),
    "playbook.in_charge": Bound(form="said"),
    "playbook.never_block": Bound(form="network"),
    "playbook.never_block_assets": Bound(form="said"),
    "playbook.evidence": Bound(form="path"),
    "playbook.evidence_keep": Bound(30 * _DAY, 36500 * _DAY, "seconds"),
    "playbook.evidence_size": Bound(1 << 20, 1 << 50, "bytes"),
    "playbook.gatekeeper": Bound(form="path"),
    "playbook.scripts_folder": Bound(form="output"),
    "playbook.scripts.name": Bound(form="name"),
    "playbook.scripts.arguments": Bound(form="pattern"),
    "playbook.devices.name": Bound(form="name"),
    "playbook.devices.host": Bound(form="said"),
    "playbook.devices.user": Bound(form="said"),
    "playbook.devices.host_key": Bound(form="host-key"),
    "playbook.devices.port": _PORTS,
    "playbook.devices.key": Bound(form="output"),
    "playbook.devices.password": Bound(form="reference"),
    "playbook.devices.timeout": Bound(0.1, 600, "seconds"),
    "playbook.devices.commands.name": Bound(form="name"),
    "playbook.devices.commands.lines": Bound(form="said"),
    "playbook.devices.commands.arguments": Bound(form="pattern"),
    "playbook.devices.commands.expect": Bound(form="pattern"),
    "playbook.devices.commands.wrong": Bound(form="pattern"),
    "playbook.brokers.name": Bound(form="name"),
    "playbook.brokers.url": Bound(form="mqtt"),
    **_peer("playbook.brokers", Bound(form="reference")),
    "playbook.http_inside": Bound(form="network"),
    "playbook.secrets.name": Bound(form="name"),
    "playbook.secrets.value": Bound(form="reference"),
    "rule.paths": Bound(form="path", must_exist=True),
    "rule.disabled": Bound(form="rule"),
    "rule.placeholders.name": Bound(form="name"),
    "rule.placeholders.values": Bound(),
    "rule.correlation.groups": Bound(16, 1 << 22),
    "rule.correlation.entries": Bound(16, 1 << 20),
    "rule.correlation.lateness": Bound(0, _DAY, "seconds"),
    "rule.pipelines": Bound(form="path", must_exist=True),
    "rule.reload_interval": Bound(0, 3600, "seconds"),
    "rule.thresholds.rules": Bound(form="rule"),
    "rule.thresholds.type": Bound(choices=("limit", "threshold", "both", "backoff")),
    "rule.thresholds.count": Bound(1, 1_000_000),
    "rule.thresholds.timespan": Bound(1, 366 * _DAY, "seconds"),
    "rule.thresholds.by": Bound(choices=("rule", "source", "destination", "pair")),
    "rule.thresholds.unique_on": Bound(),
    "rule.maintenance.reason": Bound(form="said"),
    "rule.maintenance.author": Bound(form="said"),
    "rule.maintenance.until": Bound(form="moment"),
    "rule.maintenance.since": Bound(form="moment"),
    "rule.maintenance.hours": Bound(form="hours"),
    "rule.maintenance.rules": Bound(form="rule"),
    "rule.maintenance.addresses": Bound(form="network"),
    "rule.assets.name": Bound(form="name"),
    "rule.assets.shift": Bound(-4, 4),
    "rule.assets.addresses": Bound(form="network"),
    "rule.assets.zones": Bound(form="name"),
    "rule.minimum_level": Bound(choices=("informational", "low", "medium", "high", "critical")),
    "ledger.devices": Bound(64, 1 << 22),
    "ledger.facts": Bound(8, 4096),
    "ledger.confirm": Bound(1, _DAY, "seconds"),
    "ledger.compare": Bound(1, _DAY, "seconds"),
    "ledger.grace": Bound(0, 366 * _DAY, "seconds"),
    "ledger.unseen": Bound(60, 3660 * _DAY, "seconds"),
    "ledger.learning": Bound(0, 366 * _DAY, "seconds"),
    "ledger.settle": Bound(0, 30 * _DAY, "seconds"),
    "ledger.told": Bound(1, 10_000),
    "ledger.differences": Bound(64, 1 << 22),
    "ledger.risky_ports": _PORTS,
    "ledger.signatures": Bound(form="output"),
    "ledger.headings": Bound(form="heading"),
    "ledger.sweep.ranges": Bound(form="network"),
    "ledger.sweep.exclude": Bound(form="network"),
    "ledger.sweep.persons": Bound(form="said"),
    "ledger.sweep.hours": Bound(form="hours"),
    "ledger.sweep.rate": Bound(1, 1000),
    "ledger.sweep.ports": _PORTS,
    "ledger.sweep.wait": Bound(0.1, 60, "seconds"),
    "incident.minimum": Bound(choices=("informational", "low", "medium", "high", "critical")),
    "incident.window": _WINDOW,
    "incident.longest": _WINDOW,
    "incident.storm": Bound(1, 10_000),
    "incident.findings": Bound(1, 100_000),
    "incident.keys": Bound(1000, 10_000_000),
    "incident.clauses": Bound(form="output"),
    "incident.attachments": Bound(form="path"),
    "incident.attachment_size": Bound(1024, 1 << 34, "bytes"),
    "incident.clock.acknowledge": _CLOCK,
    "incident.clock.assess": _CLOCK,
    "incident.clock.tamper": _CLOCK,
    "incident.clock.report": _CLOCK,
    "incident.clock.report_cii": _CLOCK,
    "incident.clock.summary": _CLOCK,
    "incident.clock.warn": Bound(0.01, 1),
    "incident.clock.escalate": Bound(1, 90 * _DAY, "seconds"),
    "incident.inhibit.when": Bound(),
    "incident.inhibit.suppress": Bound(),
    "incident.inhibit.equal": Bound(choices=("src", "dst", "zone", "category", "rule_id")),
    "notify.retry": Bound(0.1, 3600, "seconds"),
    "notify.retry_max": Bound(0.1, _DAY, "seconds"),
    "notify.give_up": Bound(60, 30 * _DAY, "seconds"),
    "notify.waiting": Bound(1000, 10_000_000),
    "notify.keep": Bound(_DAY, 3660 * _DAY, "seconds"),
    "notify.feeds.name": Bound(form="name"),
    "notify.feeds.broker": Bound(form="broker"),
    "notify.feeds.site": Bound(form="topic-level"),
    "notify.feeds.publish": Bound(choices=("alerts", "incidents", "assets")),
    "notify.feeds.status": Bound(1, _DAY, "seconds"),
    **_peer("notify.feeds"),
    "notify.channels.name": Bound(form="name"),
    "notify.channels.url": Bound(form="path"),
    "notify.channels.headers": Bound(),
    "notify.channels.body": Bound(),
    "notify.channels.expect": Bound(),
    "notify.channels.level": Bound(1, 4),
    "notify.channels.per_minute": Bound(0, 100_000),
    "notify.channels.robot": Bound(choices=("", *ROBOTS)),
    "notify.channels.sign": Bound(form="output"),
    "notify.channels.quiet": Bound(form="hours"),
    "notify.channels.loud_level": Bound(1, 4),
    "notify.channels.loud_severity": Bound(choices=tuple(level.value for level in Level)),
    **_peer("notify.channels"),
    "notify.channels.form": Bound(choices=("rfc5424", "cef")),
    "notify.channels.alerts": Bound(choices=("", *(level.value for level in Level))),
    "notify.channels.facility": Bound(0, 23),
    "notify.channels.enterprise": Bound(1, 0xFFFF_FFFF),
    "store.path": Bound(form="path"),
    "store.waiting": Bound(1, 1_000_000),
    "output.events": Bound(form="output"),
    "output.alerts": Bound(form="output"),
    "metrics.listen": Bound(form="address"),
    "metrics.port": Bound(0, 65535),
    "log.level": Bound(choices=("debug", "info", "warning", "error")),
    "log.format": Bound(choices=("auto", "text", "json")),
}
