"""A real Prometheus scrapes real metrics: every expression of the rules and the dashboard means something."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.capture.account import PacketAccount
from sentinel.config import MetricsSettings, default_config
from sentinel.intake.account import SourceAccount
from sentinel.metrics import Metrics
from sentinel.statistics import Statistics

ROOT = Path(__file__).parents[2]
RULES = ROOT / "prometheus" / "sentinel.rules.yml"
DASHBOARD = ROOT / "grafana" / "sentinel.json"
DEADLINE = 40.0

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")),
        reason="prometheus and promtool are not installed: apt install prometheus",
    ),
]


def rules() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expanded(expression: str) -> str:
    """The expression with the values Grafana would put in."""
    for name, value in (("$__rate_interval", "1m"), ("$instance", ".*"), ("$interface", ".*")):
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, f"not within {DEADLINE:.0f} s: {what}"
        time.sleep(0.05)


@dataclass
class Server:
    """A running Prometheus, and the metrics it scrapes."""

    url: str
    metrics: Metrics

    def get(self, path: str, **query: str) -> dict[str, Any]:
        address = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{query}: {error.read().decode()}")

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self.get("/api/v1/query", query=expression)
        assert answer["status"] == "success" and not answer.get("warnings")
        return answer["data"]["result"]  # type: ignore[no-any-return]

    def scraped_anew(self, times: int = 3) -> None:
        """Wait until all that is measured now was scraped several times."""
        began = time.time()
        wait_until(
            lambda: any(
                sum(float(moment) > began for moment, _ in series["values"]) >= times
                for series in self.query('up{job="sentinel"}[1m]')
            ),
            "scrapes",
        )

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def replayed(folder: Path) -> Iterator[Statistics]:
    """Statistics of a real pipeline, before and after a small capture."""
    from scapy.all import ARP, DNS, DNSQR, IP, TCP, UDP, Ether, Raw, wrpcap

    from sentinel.capture.file import open_capture
    from sentinel.pipeline import Pipeline

    request = b"GET / HTTP/1.1\r\nHost: intranet.example\r\n\r\n"
    up, down = {"src": "10.0.0.1", "dst": "10.0.0.2"}, {"src": "10.0.0.2", "dst": "10.0.0.1"}
    packets = [
        Ether() / ARP(psrc="10.0.0.1", pdst="10.0.0.2"),
        Ether() / IP(**up) / UDP(sport=40000, dport=53) / DNS(rd=1, qd=DNSQR(qname="example.org")),
        Ether() / IP(**up) / TCP(sport=40001, dport=80, flags="S", seq=1),
        Ether() / IP(**down) / TCP(sport=80, dport=40001, flags="SA", seq=1, ack=2),
        Ether() / IP(**up) / TCP(sport=40001, dport=80, flags="PA", seq=2, ack=2) / Raw(request),
        Raw(b"\x00" * 6),
    ]
    for number, packet in enumerate(packets):
        packet.time = 1_700_000_000 + number / 10
    path = folder / "small.pcap"
    wrpcap(str(path), packets, linktype=1)
    config = default_config(folder)
    config = replace(config, flow=replace(config.flow, max_flows=1024))
    pipeline = Pipeline(config, None, lambda alerts: None, lambda events: None)
    yield pipeline.statistics()
    with open_capture(path) as capture:
        for batch in capture:
            pipeline.process(batch)
            batch.release()
    yield pipeline.statistics()
    pipeline.finish()
    yield pipeline.statistics()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prometheus")
    metrics = Metrics(interfaces=["eth1"])
    address = metrics.serve(MetricsSettings(port=0))
    metrics.rules.in_force(2, 0, ids=["6f1d7a52-0000-4000-8000-000000000001"])
    metrics.capture.worker_up("eth1", True, None)
    metrics.store.queue("events", 0, 0)
    metrics.intake.take({"syslog": SourceAccount()})
    metrics.notify.waiting("wecom", 0)
    configuration = {
        "global": {"scrape_interval": "400ms", "scrape_timeout": "400ms", "evaluation_interval": "400ms"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "sentinel", "static_configs": [{"targets": [address]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), "utf-8")
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=log,
        )
    running = Server(f"http://127.0.0.1:{port}", metrics)
    try:
        wait_until(lambda: running.ready() or process.poll() is not None, "Prometheus to be ready")
        assert process.poll() is None, (folder / "log").read_text("utf-8")
        for statistics in replayed(folder):
            metrics.capture.update("eth1", "eth1", statistics)
            running.scraped_anew(1)
        running.scraped_anew()
        yield running
    finally:
        process.terminate()
        process.wait(20)
        metrics.close()


def test_rules_are_sound() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", str(RULES)], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_rules_speak_chinese() -> None:
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            for text in rule["annotations"].values():
                assert re.search(r"[\u4e00-\u9fff]", text), rule["alert"]


def test_dashboard_speaks_chinese_and_takes_any_data_source() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert all(re.search(r"[\u4e00-\u9fff]", panel["title"]) for panel in dashboard["panels"])
    assert {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]}[
        "datasource"
    ] == "datasource"
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_what_the_pipeline_counted_arrives(server: Server) -> None:
    received = server.query("sum(sentinel_packets_received_total)")
    outcomes = server.query("sum(sentinel_packets_total)")
    assert received[0]["value"][1] == outcomes[0]["value"][1] == "6"
    assert server.query('sentinel_packets_total{outcome="undecodable"} > 0')
    assert server.query('sentinel_events_total{kind="dns"} > 0')


def test_every_panel_shows_series(server: Server) -> None:
    # Memory of a worker is shown once its process is known.
    server.metrics.capture.worker_up("eth1", True, os.getpid())
    server.scraped_anew()
    empty = [
        (panel["title"], target["expr"])
        for panel in panels()
        for target in panel["targets"]
        if not server.query(expanded(target["expr"]))
    ]
    assert not empty
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    for annotation in dashboard["annotations"]["list"]:
        server.query(expanded(annotation["expr"]))


def test_variables_find_their_values(server: Server) -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        parts = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
        assert parts is not None
        selector, label = expanded(parts[1]), parts[2]
        assert server.get(f"/api/v1/label/{label}/values", **{"match[]": selector})["data"]


def test_rules_are_loaded_and_healthy(server: Server) -> None:
    wait_until(
        lambda: all(
            rule["health"] == "ok"
            for group in server.get("/api/v1/rules")["data"]["groups"]
            for rule in group["rules"]
        ),
        "all rules evaluated",
    )
    groups = server.get("/api/v1/rules")["data"]["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == rules().keys()


def test_each_rule_is_silent_in_peace_and_speaks_in_need(server: Server) -> None:
    """Last: it breaks what the other tests look at."""
    metrics, by_name = server.metrics, rules()
    # The capture above holds a broken packet among six, as no healthy link does.
    peaceful = [expression for name, expression in by_name.items() if name != "SentinelUndecodable"]
    wait_until(lambda: not any(server.query(expression) for expression in peaceful), "peace")

    metrics.capture.interface("eth9")  # nothing ever comes here
    metrics.rules.in_force(0, 3)
    metrics.rules.reloaded(taken=False)
    metrics.store.failed()
    metrics.store.queue("events", 100, 50)
    for _ in range(6):
        metrics.capture.worker_restarted("eth1", "signal 11")
    bad = PacketAccount(received=400, processed=100, dropped=100)
    bad.refuse("malformed", 200)
    metrics.capture.update(
        "eth1",
        "eth1",
        Statistics(packets=bad, flows_evicted=5, ring_blocks_total=10, ring_blocks_used=10),
    )
    metrics.capture.lag("eth1", 60.0)
    metrics.capture.worker_up("eth2", False)
    metrics.intake.take({"syslog": SourceAccount(silent=1, dropped=50, faults=3)})
    metrics.notify.attempted("wecom", "retried")
    metrics.notify.attempted("wecom", "failed")
    for name, expression in by_name.items():
        if name != "SentinelDown":
            wait_until(lambda expression=expression: server.query(expression), name)  # type: ignore[misc]
    metrics.close()
    wait_until(lambda: server.query(by_name["SentinelDown"]), "SentinelDown")
