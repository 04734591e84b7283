"""The agent: alerts are safe before they are told, and nothing that fails around it stops it."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, ProtocolVersion
from prometheus_client import generate_latest

from sentinel.agent import Agent
from sentinel.capture.settings import CaptureSettings
from sentinel.config import Config, MetricsSettings, load_config
from sentinel.duty import DutyBook, GuardPeriod, Person, Role, Shift
from sentinel.event import Alert, Conn, Level, Weird
from sentinel.event.pack import EventPacker
from sentinel.flow.settings import FlowSettings
from sentinel.frame import WorkerFrame, encode_frame
from sentinel.intake.settings import IntakeSettings, SourceSettings
from sentinel.ledger import Asset, Device, LedgerSettings, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.ledger.store import row_of
from sentinel.notify import FeedSettings, NotifySettings
from sentinel.rule import RuleSet, RuleSettings
from sentinel.service import ServiceManager
from sentinel.statistics import Statistics
from sentinel.store import OutputSettings, StoreSettings
from sentinel.store.session import in_transaction
from tests.mosquitto import HERE, Broker, needs_mosquitto

ROOT = Path(__file__).parents[1]


def alert(number: int) -> Alert:
    return Alert(ts=1.0, id=f"a{number}", level=Level.HIGH, title="扫描", rule_id="r", kind="conn")


class FakeWorkers:
    """A supervisor whose only worker sends what it was given, then lives until it is stopped."""

    def __init__(self, frames: list[bytes], dies: bool = False) -> None:
        self.interfaces = {"lo": "lo"}
        self.running = frozenset({"lo"})
        self.reloads = 0
        self.told: tuple[Any, ...] = ()
        self._frames = frames
        self._dies = dies
        self._stopped = asyncio.Event()

    def __call__(self, *arguments: Any) -> FakeWorkers:
        self.told = arguments
        return self

    async def __aenter__(self) -> FakeWorkers:
        if self._dies:
            self.told[-1]("lo", "signal 9", "")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._stopped.set()

    def process_id(self, worker: str) -> int | None:
        return os.getpid()

    def stop(self) -> None:
        self._stopped.set()

    def reload(self) -> None:
        self.reloads += 1

    async def frames(self) -> AsyncIterator[tuple[str, bytes]]:
        for frame in self._frames:
            yield "lo", frame
        await self._stopped.wait()
        yield "lo", encode_frame(WorkerFrame(alerts=[alert(99)]))


class Told:
    """Where announcements end up; remembers what the database held at each one."""

    lost = 0

    def __init__(self, database: Path, wanted: int) -> None:
        self.ids: list[str] = []
        self.stored: list[set[str]] = []
        self.enough = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._wanted = wanted

    def write_lines(self, kind: str, lines: bytes) -> None:
        self.ids += [json.loads(line)["id"] for line in lines.splitlines()]
        try:
            with sqlite3.connect(self._database) as other:
                self.stored.append({row[0] for row in other.execute("SELECT id FROM alert")})
        except sqlite3.Error:
            self.stored.append(set())
        if len(self.ids) >= self._wanted:
            self._loop.call_soon_threadsafe(self.enough.set)

    def flush(self) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


def settings(tmp_path: Path, **more: Any) -> Config:
    config = Config(
        capture=CaptureSettings(interfaces=("lo",)),
        store=StoreSettings(path=str(tmp_path / "state" / "s.sqlite")),
        output=OutputSettings(events=str(tmp_path / "events"), alerts=str(tmp_path / "alerts.json")),
        metrics=MetricsSettings(port=0),
        root=tmp_path,
    )
    return replace(config, **more)


def no_rules(settings: object, root: Path) -> RuleSet:
    return RuleSet([])


@pytest.fixture(autouse=True)
def may_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.agent.can_capture", lambda: None)


async def run_until_told(
    config: Config, workers: FakeWorkers, wanted: int, load_rules: Callable[..., RuleSet] = no_rules
) -> tuple[Agent, Told]:
    told = Told(Path(config.store.path), wanted)
    agent = Agent(config, supervise=workers, announcements=told, load_rules=load_rules)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        await told.enough.wait()
        agent.stop("test")
    return agent, told


async def test_alerts_are_in_the_database_when_they_are_announced_and_only_once(tmp_path: Path) -> None:
    frames = [encode_frame(WorkerFrame(alerts=alerts)) for alerts in ([alert(1)], [alert(1), alert(2)])]
    _, told = await run_until_told(settings(tmp_path), FakeWorkers(frames), 2)
    assert told.ids == ["a1", "a2", "a99"]
    assert set(told.ids[:2]) <= told.stored[-1]
    assert all(stored for stored in told.stored)


async def test_that_a_worker_captures_is_said_once_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first start compiles for some seconds: ready is not yet capturing."""
    frames = [encode_frame(WorkerFrame(alerts=[alert(number)])) for number in (1, 2)]
    with caplog.at_level("INFO", "sentinel"):
        await run_until_told(settings(tmp_path), FakeWorkers(frames), 2)
    said = [record.getMessage() for record in caplog.records if "正在抓包" in record.getMessage()]
    assert said == ["lo:正在抓包"]


def probes(hosts: range) -> bytes:
    """A frame of refused connections from one host to one port of each of `hosts`."""
    events = [
        Conn(
            ts=float(host), uid=f"C{host}", orig_h="10.0.0.9", orig_p=1, resp_h=f"10.1.0.{host}", resp_p=3389,
            proto="tcp", conn_state="REJ", history="Sr", local_orig=True, local_resp=True, orig_pkts=1,
        )
        for host in hosts
    ]  # fmt: skip
    return encode_frame(WorkerFrame(events=EventPacker({"conn"}).pack(events)))


async def test_what_no_single_worker_sees_is_noticed_committed_and_told(tmp_path: Path) -> None:
    def shipped(settings: object, root: Path) -> RuleSet:
        return RuleSet.load(RuleSettings(), ROOT)

    workers = FakeWorkers([probes(range(15)), probes(range(15, 30))])
    agent, told = await run_until_told(settings(tmp_path), workers, 1, shipped)
    [noticed, _] = told.ids
    assert noticed in told.stored[-1]
    [line] = (tmp_path / "events" / "notice.log").read_text("utf-8").splitlines()
    assert (json.loads(line)["note"], json.loads(line)["n"]) == ("Scan::Address_Scan", 25)
    exported = generate_latest(agent.metrics.registry).decode()
    assert 'sentinel_alerts_total{level="high"} 1.0' in exported
    assert 'sentinel_detector_entries{detector="scan"}' in exported


async def test_a_difference_from_the_register_is_graded_committed_and_told(tmp_path: Path) -> None:
    def shipped(settings: object, root: Path) -> RuleSet:
        return RuleSet.load(RuleSettings(), ROOT)

    def register(database: Any) -> None:
        known = Asset("政数局", "OA", (("", "10.0.0.1"),), responsible="责任人")
        LedgerStore(database.conn).apply(Plan(adds=[known]), actor="test", ts=1.0)

    config = settings(
        tmp_path,
        flow=FlowSettings(local_networks=("10.0.0.0/8",)),
        ledger=LedgerSettings(compare=0.01, grace=0.0),
    )
    in_transaction(Path(config.store.path), register)
    seen = Conn(
        ts=10.0, uid="C1", orig_h="10.0.0.5", orig_p=5, resp_h="10.0.0.1", resp_p=80, proto="tcp",
        conn_state="SF", orig_pkts=5, resp_pkts=5, local_orig=True, local_resp=True,
    )  # fmt: skip
    frame = encode_frame(WorkerFrame(events=EventPacker({"conn"}).pack([seen])))
    agent, _ = await run_until_told(config, FakeWorkers([frame]), 1, shipped)
    with sqlite3.connect(config.store.path) as database:
        alerts = database.execute("SELECT title_en, dst FROM alert WHERE kind = 'ledger'").fetchall()
    assert alerts == [("Unregistered device", "10.0.0.5")]
    [line] = (tmp_path / "events" / "ledger.log").read_text("utf-8").splitlines()
    assert (json.loads(line)["difference"], json.loads(line)["state"]) == ("shadow", "begun")
    exported = generate_latest(agent.metrics.registry).decode()
    assert 'sentinel_events_total{kind="ledger"} 1.0' in exported


def test_a_difference_that_was_told_when_the_daemon_died_is_told_by_the_next_and_by_no_third(
    tmp_path: Path,
) -> None:
    def life(address: str, *words: str) -> tuple[int, list[str]]:
        def work(database: Any) -> None:
            store = LedgerStore(database.conn)
            now = time.time()
            store.put_devices([row_of(Device("", address, now - 10, now, True, []))], [])
            if not store.assets():
                store.apply(Plan(adds=[Asset("政数局", "OA", (("", "10.0.0.1"),))]), actor="test", ts=1.0)

        in_transaction(tmp_path / "s.sqlite", work)
        script = [sys.executable, "-m", "tests.differing", str(tmp_path), *words]
        done = subprocess.run(script, cwd=ROOT, capture_output=True, check=False, timeout=60)
        return done.returncode, [json.loads(line)["dst"] for line in done.stdout.splitlines()]

    assert life("10.0.0.5", "die") == (-signal.SIGKILL, [])
    assert life("10.0.0.5") == (0, ["10.0.0.5"])
    assert life("10.0.0.6") == (0, ["10.0.0.6"])
    with sqlite3.connect(tmp_path / "s.sqlite") as database:
        stored = database.execute("SELECT dst FROM alert WHERE kind = 'ledger' ORDER BY ts").fetchall()
    assert stored == [("10.0.0.5",), ("10.0.0.6",)]


async def test_events_that_are_none_cost_no_alert(tmp_path: Path) -> None:
    bad = [
        encode_frame(WorkerFrame(alerts=[alert(1)], events={"conn": b"\xc1", "../conn": b"\x90"})),
        encode_frame(WorkerFrame(alerts=[alert(2)])),
    ]
    _, told = await run_until_told(settings(tmp_path), FakeWorkers(bad), 2)
    assert told.ids[:2] == ["a1", "a2"]


async def test_what_a_worker_sent_at_its_end_still_counts(tmp_path: Path) -> None:
    _, told = await run_until_told(
        settings(tmp_path), FakeWorkers([encode_frame(WorkerFrame(alerts=[alert(1)]))]), 1
    )
    assert told.ids[-1] == "a99" and "a99" in told.stored[-1]


async def test_events_go_to_their_kinds_files_and_no_other_name_is_taken(tmp_path: Path) -> None:
    lines = {"conn": b'{"ts":1}\n', "../escape": b"{}\n", "no_kind": b"{}\n"}
    frames = [encode_frame(WorkerFrame(lines=lines)), encode_frame(WorkerFrame(alerts=[alert(1)]))]
    await run_until_told(settings(tmp_path), FakeWorkers(frames), 1)
    assert [path.name for path in (tmp_path / "events").iterdir()] == ["conn.log"]
    assert (tmp_path / "events" / "conn.log").read_bytes() == b'{"ts":1}\n'


async def test_frames_that_are_none_and_workers_that_die_are_counted(tmp_path: Path) -> None:
    frames = [b"\xff nonsense", b"", encode_frame(WorkerFrame(alerts=[alert(1)]))]
    agent, told = await run_until_told(settings(tmp_path), FakeWorkers(frames, dies=True), 1)
    assert told.ids[0] == "a1"
    sample = agent.metrics.registry.get_sample_value
    assert agent._workers.bad_frames == 2
    assert sample("sentinel_worker_restarts_total", {"worker": "lo", "cause": "signal"}) == 1


async def test_a_store_that_cannot_be_written_silences_no_alert(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = settings(tmp_path, store=StoreSettings(path=str(tmp_path / "file" / "s.sqlite")))
    agent, told = await run_until_told(config, FakeWorkers([encode_frame(WorkerFrame(alerts=[alert(1)]))]), 1)
    assert told.ids[0] == "a1"
    assert agent._behind


async def test_statistics_reach_the_metrics(tmp_path: Path) -> None:
    statistics = Statistics(events={"conn": 7}, flows_total=3)
    frames = [encode_frame(WorkerFrame(statistics=statistics)), encode_frame(WorkerFrame(alerts=[alert(1)]))]
    agent, _ = await run_until_told(settings(tmp_path), FakeWorkers(frames), 1)
    sample = agent.metrics.registry.get_sample_value
    assert sample("sentinel_events_total", {"kind": "conn"}) == 7
    assert sample("sentinel_alerts_committed_total") == 2


async def test_without_permission_everything_else_runs_and_systemd_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sentinel.agent.can_capture", lambda: "缺少 CAP_NET_RAW")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        service = ServiceManager(str(tmp_path / "notify"), watchdog=0.3)
        agent = Agent(settings(tmp_path), supervise=FakeWorkers([]), service=service, load_rules=no_rules)
        loop = asyncio.get_running_loop()
        heard: list[bytes] = []
        with caplog.at_level("INFO", "sentinel"):
            async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
                tasks.create_task(agent.run())
                while not any(b"READY=1" in said for said in heard) or b"WATCHDOG=1" not in heard:
                    heard.append(await loop.sock_recv(systemd, 4096))
                agent.stop("test")
            while b"STOPPING=1" not in heard:
                heard.append(await loop.sock_recv(systemd, 4096))
    assert any("CAP_NET_RAW" in record.getMessage() for record in caplog.records)
    page = generate_latest(agent.metrics.registry).decode()
    assert 'sentinel_worker_up{worker="lo"} 0.0' in page
    assert 'sentinel_packets_received_total{interface="lo"} 0.0' in page


@pytest.mark.parametrize(("wanted", "told"), [(True, True), (False, False)])
def test_a_default_route_that_is_not_there_alarms_unless_capture_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool, told: bool
) -> None:
    monkeypatch.setattr("sentinel.agent.can_capture", lambda: None)
    monkeypatch.setattr("sentinel.agent.default_interface", lambda: None)
    capture = CaptureSettings(enabled=wanted)
    agent = Agent(replace(settings(tmp_path), capture=capture), load_rules=no_rules)
    assert agent._interfaces() == ()
    page = generate_latest(agent.metrics.registry).decode()
    assert ('sentinel_worker_up{worker="default"} 0.0' in page) == told


async def test_a_default_route_that_comes_late_is_captured_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At boot the daemon may be up before the network is."""
    monkeypatch.setattr("sentinel.agent._ROUTE", 0.01)
    routes = iter([None, None, None, "lo"])
    monkeypatch.setattr("sentinel.agent.default_interface", lambda: next(routes))
    workers = FakeWorkers([encode_frame(WorkerFrame(alerts=[alert(1)]))])
    agent, told = await run_until_told(settings(tmp_path, capture=CaptureSettings()), workers, 1)
    assert workers.told[1] == ("lo",) and told.ids[0] == "a1"
    page = generate_latest(agent.metrics.registry).decode()
    assert 'sentinel_worker_up{worker="default"}' not in page


async def test_a_store_that_does_not_answer_is_not_called_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.agent._SILENCE", 0.02)

    class Silent:
        async def run(self, work: object) -> None:
            await asyncio.Event().wait()

    assert not await Agent(settings(tmp_path), load_rules=no_rules)._answers(Silent())  # type: ignore[arg-type]


async def test_logs_are_matched_written_watched_and_read_on_after_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    line = "May  1 08:{:02}:{:02} host1 sshd[9]: Failed password for root from 198.51.100.7 port 4242 ssh2\n"
    log.write_text("".join(line.format(number // 60, number % 60) for number in range(40)))
    source = SourceSettings(name="主机", kind="file", paths=(str(log),), from_start=True)
    config = settings(
        tmp_path,
        intake=IntakeSettings(sources=(source,)),
        rule=RuleSettings(paths=(str(ROOT / "rules" / "guessing"),)),
    )
    first, told = await run_logs(config, 40)
    assert first.metrics.registry.get_sample_value("sentinel_events_total", {"kind": "auth"}) == 40
    with log.open("a") as more:
        more.write("one line more\n")
    await run_logs(config, 1)
    assert len((tmp_path / "events" / "auth.log").read_text().splitlines()) == 40
    last = json.loads((tmp_path / "events" / "log.log").read_text().splitlines()[-1])
    assert last["fields"] == {"message": "one line more"}
    assert any(alert_id != "a99" for alert_id in told.ids)


async def run_logs(config: Config, lines: int) -> tuple[Agent, Told]:
    """An agent that ran until its logs gave so many lines."""
    told = Told(Path(config.store.path), 1)
    agent = Agent(config, supervise=FakeWorkers([]), announcements=told)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        while not (agent._logs and agent._logs.intake) or agent._logs.intake.accounts["主机"].lines < lines:
            await asyncio.sleep(0.01)
        agent.stop("test")
    assert agent._logs.intake.accounts["主机"].lines == lines
    return agent, told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_starts_and_ends_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "c.yaml").write_text(
        "capture: {enabled: false}\nmetrics: {port: 0}\nrule: {paths: []}\nlog: {format: json}\n"
    )
    command = [sys.executable, "-m", "sentinel", "run", "--config", str(tmp_path / "c.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stderr is not None
        ids = []
        for line in daemon.stderr:
            ids.append(json.loads(line)["id"])
            if ids[-1].startswith("agent.ready"):
                daemon.send_signal(number)
        assert daemon.wait(10) == 0
    assert ids[0] == "agent.starting"
    assert ids[-2:] == ["agent.stopping", "agent.stopped"]
    assert (tmp_path / "state" / "sentinel.sqlite").exists()


def test_a_wrong_configuration_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("capture: {enabled: maybe}\nstor: {}\n")
    command = [sys.executable, "-m", "sentinel", "--lang", "en", "run", "--config", str(tmp_path / "c.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "c.yaml:1:20" in done.stderr and "did you mean store?" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


RULE = "title: {title}\nlogsource: {{product: sentinel, service: weird}}\ndetection: {{s: {{name: x}}, condition: s}}\n"


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


@needs_mosquitto
async def test_a_feed_publishes_what_the_agent_commits_and_says_when_it_ends(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    feed = FeedSettings(name="up", broker=f"mqtt://{HERE}:{broker.port}", site="site")
    workers = FakeWorkers([encode_frame(WorkerFrame(alerts=[alert(number) for number in range(3)]))])
    heard: dict[str, list[Any]] = {"alerts": [], "incidents": [], "status": []}
    agent = Agent(
        settings(tmp_path, notify=NotifySettings(feeds=(feed,))), supervise=workers, load_rules=no_rules
    )
    try:
        async with (
            Client(HERE, broker.port, protocol=ProtocolVersion.V5) as client,
            asyncio.timeout(30),
            asyncio.TaskGroup() as tasks,
        ):
            await client.subscribe("sentinel/site/#", qos=1)
            tasks.create_task(agent.run())
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard[str(message.topic).rpartition("/")[2]].append(json.loads(message.payload))
                if len(heard["alerts"]) == 3 and heard["incidents"]:
                    agent.stop("test")
                if heard["status"] and heard["status"][-1]["state"] == "stopped":
                    break
    finally:
        broker.stop()
    assert [document["id"] for document in heard["alerts"][:3]] == ["a0", "a1", "a2"]
    assert heard["incidents"][0]["action"] == "created"
    assert [document["state"] for document in heard["status"]] == ["online", "stopped"]


@pytest.mark.parametrize("on_demand", [False, True])
async def test_while_changes_are_frozen_rules_change_on_demand_or_when_that_is_over(
    tmp_path: Path, on_demand: bool, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.yml").write_text(RULE.format(title="one"))
    config = settings(tmp_path, rule=RuleSettings(reload_interval=0.02))

    def in_book(work: Callable[[DutyBook], object]) -> None:
        in_transaction(Path(config.store.path), lambda database: work(DutyBook(database, "test")))

    now = time.time()
    leader = Shift(Role.LEADER, Person("李四", "139"), now - 9, now + 9999)
    in_book(lambda book: book.add_shifts([leader], "李四", now))
    guard = GuardPeriod(0, "两会", now - 1, now + 9999, 0.5, 1, True, "李四")
    in_book(lambda book: book.start_guard(guard, now))
    workers = FakeWorkers([])
    agent = Agent(config, supervise=workers)

    def titles() -> list[str]:
        return [rule.title for rule in agent._watch.rules.rules] if agent._watch.rules else []

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        await until(lambda: titles() == ["one"])
        (folder / "two.yml").write_text(RULE.format(title="two"))
        await until(lambda: "变更冻结" in caplog.text)
        assert titles() == ["one"]
        if on_demand:
            agent.reload()
        else:
            in_book(lambda book: book.end_guard(1, "李四", time.time()))
        await until(lambda: titles() == ["one", "two"] and workers.reloads == 1)
        agent.stop("test")
    assert caplog.text.count("变更冻结") == 1, "told once, however often it looks"


@pytest.mark.parametrize("on_demand", [False, True])
async def test_changed_rules_are_taken_over_and_bad_ones_are_not(tmp_path: Path, on_demand: bool) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.yml").write_text(RULE.format(title="one"))
    config = settings(tmp_path, rule=RuleSettings(reload_interval=0 if on_demand else 0.02))
    workers = FakeWorkers([])
    agent = Agent(config, supervise=workers)
    failed = functools.partial(agent.metrics.registry.get_sample_value, "sentinel_rule_reload_failed")

    def titles() -> list[str]:
        return [rule.title for rule in agent._watch.rules.rules] if agent._watch.rules else []

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        await until(lambda: titles() == ["one"])
        assert failed() == 0
        (folder / "two.yml").write_text(RULE.format(title="two"))
        if on_demand:
            agent.reload()
        await until(lambda: titles() == ["one", "two"] and workers.reloads == 1)

        (folder / "one.yml").write_text(
            RULE.format(title="one").replace("condition: s", "condition: nothing")
        )
        if on_demand:
            agent.reload()
        await until(lambda: failed() == 1)
        assert titles() == ["one", "two"] and workers.reloads == 1

        (folder / "one.yml").write_text(RULE.format(title="uno"))
        if on_demand:
            agent.reload()
        await until(lambda: failed() == 0)
        assert titles() == ["uno", "two"] and workers.reloads == 2
        agent.stop("test")
    taken = agent.metrics.registry.get_sample_value
    assert taken("sentinel_rule_reloads_total", {"result": "taken"}) == 2
    assert taken("sentinel_rule_reloads_total", {"result": "refused"}) == 1


async def test_the_section_of_rules_is_read_again_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yml").write_text(RULE.format(title="one"))
    file = tmp_path / "config.yaml"
    lines = (
        "rule: {{paths: [rules], reload_interval: {interval}, "
        "maintenance: [{{reason: 割接, author: 值班长, until: '2099-01-01'}}]}}\n"
    )
    file.write_text("rule: {paths: [rules], reload_interval: 20ms}\n")
    workers = FakeWorkers([])
    base = settings(tmp_path)
    agent = Agent(replace(base, rule=load_config(file).rule, root=tmp_path, file=file), supervise=workers)
    value = agent.metrics.registry.get_sample_value

    def told() -> list[str]:
        event = Weird(ts=1.7e9, uid="C", name="x")
        assert agent._watch.rules is not None
        return [alert.title for alert in agent._watch.take([], agent._watch.rules.match([event])).alerts]

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run())
        await until(lambda: agent._watch.rules is not None)
        assert told() == ["one"]
        file.write_text(lines.format(interval="20ms"))
        await until(lambda: workers.reloads == 1)
        assert told() == []
        file.write_text(lines.format(interval="soon"))
        await until(lambda: value("sentinel_rule_reload_failed") == 1)
        assert told() == [] and workers.reloads == 1
        file.write_text("rule: {paths: [rules], reload_interval: 20ms}\n")
        await until(lambda: workers.reloads == 2)
        assert told() == ["one"] and value("sentinel_rule_reload_failed") == 0
        agent.stop("test")
