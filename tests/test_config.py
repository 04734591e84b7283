"""The configuration: complete, typed, and wrong in no way that is not named with its place."""

from __future__ import annotations

import dataclasses
import typing
from operator import attrgetter
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.capture.filter import NoLibpcap, compile_filter
from sentinel.config import Config, ConfigError, default_config, load_config
from sentinel.config.bound import BOUNDS
from sentinel.config.path import shipped
from sentinel.config.quantity import parse_duration, parse_size, write_duration, write_size
from sentinel.text import use_language

SHIPPED = Path(__file__).parents[1] / "config.yaml"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(content, "utf-8")
    return path


def findings(tmp_path: Path, content: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, content))
    return [(f.line, f.column, f.message.id) for f in caught.value.findings]


LISTED = (
    "flow.zones.",
    "intake.sources.",
    "rule.placeholders.",
    "rule.thresholds.",
    "playbook.scripts.",
    "playbook.devices.",
    "playbook.brokers.",
    "playbook.secrets.",
    "rule.maintenance.",
    "rule.assets.",
    "incident.inhibit.",
    "notify.channels.",
    "notify.feeds.",
    "duty.patrols.",
)
"""Keys inside of lists, which are empty by default."""


def leaves(kind: type, at: str = "") -> dict[str, object]:
    """Types by dotted key."""
    found: dict[str, object] = {}
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if not field.metadata.get("key", True):
            continue
        hint = hints[field.name]
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(inner):
            found |= leaves(typing.cast("type", inner), f"{at}{field.name}.")
        else:
            found[at + field.name] = inner
    return found


def test_the_shipped_file_says_every_default() -> None:
    assert load_config(SHIPPED) == default_config(SHIPPED.parent)


def test_the_shipped_file_has_every_key() -> None:
    def keys(node: object, at: str = "") -> set[str]:
        if not isinstance(node, dict):
            return {at[:-1]}
        return set().union(*(keys(value, f"{at}{key}.") for key, value in node.items()))

    shipped = keys(yaml.safe_load(SHIPPED.read_text("utf-8")))
    wanted = {key for key in leaves(Config) if not key.startswith(LISTED)} | {name[:-1] for name in LISTED}
    assert shipped == wanted


def test_every_key_but_the_switches_has_bounds() -> None:
    bounded = {key for key, kind in leaves(Config).items() if kind is not bool}
    assert bounded == BOUNDS.keys()


def test_every_default_is_within_its_bounds() -> None:
    for key, kind in leaves(Config).items():
        if kind in (int, float) and not key.startswith(LISTED):
            value = attrgetter(key)(Config())
            for number in value if isinstance(value, tuple) else (value,):
                bound = BOUNDS[key]
                assert bound.low is not None and bound.high is not None
                assert bound.low <= number <= bound.high, key


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "# nothing\n")).flow == Config().flow


def test_values_units_and_paths(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    config = load_config(
        written(
            tmp_path,
            "language: en\n"
            "capture: {block_size: 64 KiB, block_timeout: 250ms, interfaces: [eth0, 'eth1.100']}\n"
            "flow:\n  tcp_timeout: 2h\n  udp_timeout: 90\n  max_flows: 10_000\n"
            "  zones: [{name: 公用网络区, vlans: [100, 101]}]\n"
            "rule: {paths: [r]}\nstore: {path: /var/s.sqlite}\noutput: {events: ev, alerts: '-'}\n",
        )
    )
    assert (config.capture.block_size, config.capture.block_timeout) == (65536, 0.25)
    assert (config.flow.tcp_timeout, config.flow.udp_timeout, config.flow.max_flows) == (7200.0, 90.0, 10_000)
    assert config.flow.zones[0].name == "公用网络区" and config.flow.zones[0].vlans == (100, 101)
    assert config.rule.paths == (str(tmp_path / "r"),)
    assert config.store.path == "/var/s.sqlite"
    assert (config.output.events, config.output.alerts) == (str(tmp_path / "ev"), "-")


def test_everything_wrong_is_found_at_once_with_its_place(tmp_path: Path) -> None:
    content = """\
langage: zh
capture:
  interfaces: eth0
  workers: many
  block_size: 5s
  blocks: 0
  promiscuous: 1
flow:
  zones: [{vlans: [5000]}, {name: a, vlans: [1]}, {name: b, vlans: [1]}]
  local_networks: [10.0.0.1/8]
rule:
  paths: [nowhere]
  minimum_level: High
  disabled: [a b]
log: 5
"""
    assert findings(tmp_path, content) == [
        (1, 1, "config.unknown-key-near"),
        (3, 15, "config.wrong-type"),
        (4, 12, "config.wrong-type"),
        (5, 15, "config.wrong-unit"),
        (6, 11, "config.out-of-range"),
        (7, 16, "config.wrong-type"),
        (9, 11, "config.missing-key"),
        (9, 20, "config.out-of-range"),
        (9, 28, "config.zone-overlap"),
        (10, 20, "config.wrong-form"),
        (12, 11, "config.missing-file"),
        (13, 18, "config.wrong-choice-near"),
        (14, 14, "config.wrong-form"),
        (15, 6, "config.wrong-type"),
    ]


@pytest.mark.parametrize(
    ("content", "id"),
    [
        ("capture: {workers: 1, workers: 2}", "config.duplicate-key"),
        ("capture: {block_size: 5000000}", "config.not-multiple"),
        ("capture: {block_size: 256 MiB, blocks: 4096}", "config.ring-too-large"),
        ("capture: {restart_backoff: 5m}", "config.backoff-order"),
        (
            "flow: {local_networks: [10.1.0.0/16]}\nledger: {sweep: {ranges: [10.1.2.0/24, 10.2.0.0/16]}}",
            "config.sweep-outside",
        ),
        ("capture: {interfaces: [a, a]}", "config.listed-twice"),
        ("capture: {interfaces: [5]}", "config.unquoted"),
        ("capture: {workers: 1.5}", "config.wrong-type"),
        ("capture: {workers: .inf}", "config.wrong-type"),
        ("capture: {filter: }", "config.wrong-type"),
        ("capture:", "config.wrong-type"),
        ("capture: [", "config.yaml"),
        ("- a", "config.wrong-type"),
        ("a: 1\n---\nb: 2", "config.yaml"),
        ("x: &a [*a]", "config.unknown-key"),
        ("flow: {reassembly_bytes: 1 KiB}", "config.reassembly-order"),
        ("flow: {tcp_timeout: 30 parsecs}", "config.wrong-type"),
        ("flow: {tcp_timeout: 1:30}", "config.wrong-type"),
        ("flow: {zones: [{name: a}, {name: a}]}", "config.zone-twice"),
        (
            "notify: {channels: [{name: a, url: u, body: b}, {name: a, url: u, body: b}]}",
            "config.channel-twice",
        ),
        (
            "notify: {channels: [{name: a, url: 'https://h/x', body: b, alerts: high}]}",
            "config.alerts-by-syslog",
        ),
        ("metrics: {listen: localhost}", "config.wrong-form"),
        ("log: {format: nothing-like-it}", "config.wrong-choice"),
    ],
)
def test_each_mistake_by_name(tmp_path: Path, content: str, id: str) -> None:
    assert [found[2] for found in findings(tmp_path, content)] == [id]


def test_inhibitions_that_could_not_be_read_or_would_hold_for_everything(tmp_path: Path) -> None:
    content = """\
incident:
  inhibit:
    - when: [category=DE*]
      suppress: [src=10.0.0.0/8]
    - when: [colour=red, category]
      suppress: [src=10.0.0.0/99]
    - when: [kind=conn]
      suppress: []
"""
    assert findings(tmp_path, content) == [
        (5, 7, "incident.bad-matcher"),
        (5, 7, "incident.bad-matcher"),
        (5, 7, "incident.bad-network"),
        (7, 7, "incident.bad-matcher"),
        (7, 7, "config.inhibit-empty"),
    ]


def test_a_file_that_cannot_be_read_or_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "missing.yaml")
    (tmp_path / "c.yaml").write_bytes("language: 中".encode("gbk"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "c.yaml")


def test_findings_speak_both_languages_with_file_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, "flow:\n  tcp_timout: 5m\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:2:3: 没有 flow.tcp_timout 这一项,是否要写 tcp_timeout?"
    use_language("en")
    try:
        assert str(caught.value) == f"{path}:2:3: there is no key flow.tcp_timout; did you mean tcp_timeout?"
    finally:
        use_language("zh")


def test_the_environment_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_config(written(tmp_path, "language: zh\nrule: {paths: []}\n"))
    for name in ("SENTINEL_LANGUAGE", "LANGUAGE", "LANG", "SENTINEL_METRICS_PORT"):
        monkeypatch.setenv(name, "en")
    assert load_config(tmp_path / "c.yaml") == before


@given(st.floats(0.001, 1e6).map(lambda seconds: round(seconds, 3)))
def test_durations_are_read_as_they_are_written(seconds: float) -> None:
    assert parse_duration(write_duration(seconds)) == pytest.approx(seconds, rel=1e-5)


@given(st.integers(0, 1 << 40))
def test_sizes_are_read_as_they_are_written(size: int) -> None:
    assert parse_size(write_size(size)) == size


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200) | st.text("{}[]:,&*!|>-'\"# \nacptureflow0159.", max_size=80).map(str.encode))
def test_no_file_whatever_raises_anything_but_findings(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    try:
        assert isinstance(load_config(tmp_path / "c.yaml"), Config)
    except ConfigError as error:
        assert error.findings and str(error)


def test_a_filter_that_is_no_expression_has_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "capture:\n  filter: tcp prot 80\n")
    try:
        compile_filter("tcp port 80")
    except NoLibpcap:
        pytest.skip("libpcap is not installed")
    assert findings(tmp_path, path.read_text()) == [(2, 11, "capture.filter-wrong")]
    monkeypatch.setattr("ctypes.util.find_library", lambda name: "libnone.so")
    assert load_config(path).capture.filter == "tcp prot 80"  # nobody can say here


@pytest.mark.parametrize("usual", ["rules", "playbooks"])
def test_what_came_along_serves_where_nothing_else_is(tmp_path: Path, usual: str) -> None:
    def folders(config: Config) -> tuple[str, ...]:
        return (config.rule if usual == "rules" else config.playbook).paths

    beside = (str(SHIPPED.parent / usual),)
    (tmp_path / "config.yaml").write_text("flow: {max_flows: 2048}\n")
    assert folders(default_config(tmp_path)) == beside
    assert folders(load_config(tmp_path / "config.yaml")) == beside
    (tmp_path / usual).mkdir()
    assert folders(load_config(tmp_path / "config.yaml")) == (str(tmp_path / usual),)
    (tmp_path / "mine").mkdir()
    (tmp_path / "config.yaml").write_text(f"{usual.removesuffix('s')}: {{paths: [mine]}}\n")
    assert folders(load_config(tmp_path / "config.yaml")) == (str(tmp_path / "mine"),)


def test_a_wheel_brings_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = tmp_path / "share" / "sentinel" / "rules"
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr(
        "sentinel.config.path.__file__", str(tmp_path / "lib" / "sentinel" / "config" / "path.py")
    )
    assert shipped("rules") is None
    brought.mkdir(parents=True)
    assert shipped("rules") == brought


def test_the_services_configuration_names_no_place_that_systemd_closes(tmp_path: Path) -> None:
    written = (SHIPPED.parent / "systemd" / "sentinel.yaml").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(written.replace("/opt/sentinel", str(SHIPPED.parent)), "utf-8")
    config = load_config(tmp_path / "config.yaml")
    for place in (config.store.path, config.incident.attachments, config.playbook.evidence):
        assert place.startswith("/var/lib/sentinel/")
    for place in (config.output.events, config.output.alerts):
        assert place.startswith("/var/log/sentinel/")
    assert str(tmp_path) not in repr(dataclasses.replace(config, root=Path(), file=None))


def test_a_playbooks_devices_brokers_and_secrets(tmp_path: Path) -> None:
    good = (
        "playbook:\n"
        "  devices: [{name: s2, host: 192.0.2.2, user: u, host_key: '%s', key: id, password: '%s',\n"
        "    commands: [{name: c, lines: ['shutdown {1}'], arguments: ['%s']}]}]\n"
        "  brokers: [{name: b, url: '%s'}]\n"
        "  secrets: [{name: t, value: '${env:T}'}]\n"
    )
    host_key = "ssh-ed25519 " + "A" * 68
    right = (host_key, "${file:/etc/p}", "Gi[0-9]+", "mqtts://192.0.2.3:8883/site")
    config = load_config(written(tmp_path, good % right))
    assert config.playbook.devices[0].key == str(tmp_path / "id")
    assert config.playbook.devices[0].commands[0].arguments == ("Gi[0-9]+",)
    for place, wrong in enumerate(("AAAA", "plain", "Gi[", "http://192.0.2.3/")):
        values = [*right[:place], wrong, *right[place + 1 :]]
        with pytest.raises(ConfigError) as caught:
            load_config(written(tmp_path, good % tuple(values)))
        assert wrong in str(caught.value)
