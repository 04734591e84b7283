"""Logs of real programs: what logger(1) sends and nginx writes arrives in a daemon that is killed and started again."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import wait_for

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def daemon(folder: Path, sources: list[dict[str, object]]) -> Iterator[subprocess.Popen[str]]:
    """A daemon that reads these sources, once it is ready."""
    (folder / "sentinel.yaml").write_text(
        json.dumps(
            {
                "capture": {"enabled": False},
                "metrics": {"port": 0},
                "rule": {"paths": []},
                "output": {"events": "events", "alerts": ""},
                "log": {"format": "json"},
                "intake": {"sources": sources},
            }
        )
    )
    command = [sys.executable, "-m", "sentinel", "run", "--config", str(folder / "sentinel.yaml")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if json.loads(line)["id"].startswith("agent.ready"):
                    break
            yield process
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.skipif(shutil.which("logger") is None, reason="needs logger(1)")
def test_what_logger_sends_over_udp_and_tcp_arrives_in_every_form(tmp_path: Path) -> None:
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port()
    sources: list[dict[str, object]] = [
        {"name": "udp", "kind": "udp", "listen": "127.0.0.1", "port": udp},
        {"name": "tcp", "kind": "tcp", "listen": "127.0.0.1", "port": tcp},
    ]
    with daemon(tmp_path, sources):

        def listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", tcp)) == 0

        wait_for(listening, what="the port")
        sent = []
        for transport, port in (("--udp", udp), ("--tcp", tcp)):
            for form in ("--rfc3164", "--rfc5424", "--octet-count"):
                if (transport, form) == ("--udp", "--octet-count"):
                    continue
                sent.append(f"中文 {transport}{form}")
                command = [
                    "logger",
                    "--server",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    transport,
                    form,
                    "--tag",
                    "drill",
                ]
                subprocess.run([*command, sent[-1]], check=True)
        log = tmp_path / "events" / "log.log"
        wait_for(lambda: len(records(log)) >= len(sent), what="the messages")
        found = records(log)
        assert sorted(record["fields"]["message"] for record in found) == sorted(sent)
        assert {record["fields"]["program"] for record in found} == {"drill"}
        assert {record["source"] for record in found} == {"udp", "tcp"}


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_what_nginx_writes_is_read_once_through_rotation_and_a_killed_daemon(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "access.log"
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;\n"
        f"events {{}} http {{ access_log {log}; server {{ listen 127.0.0.1:{port}; return 200 ok; }} }}\n"
    )
    sources: list[dict[str, object]] = [
        {"name": "web", "kind": "file", "paths": [str(log)], "from_start": True}
    ]
    events = tmp_path / "events" / "http.log"
    with subprocess.Popen(["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]) as nginx:
        try:
            asked = 0

            def ask(number: int) -> None:
                nonlocal asked
                for _ in range(number):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/page{asked}", timeout=10).read()
                    asked += 1

            def up() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            wait_for(up, what="nginx")
            with daemon(tmp_path, sources) as process:
                ask(20)
                wait_for(lambda: len(records(events)) == 20, what="the first requests")
                log.rename(tmp_path / "access.log.1")
                ask(10)  # nginx still writes into the old file
                nginx.send_signal(signal.SIGUSR1)
                wait_for(log.exists, what="the new file")
                ask(10)
                wait_for(lambda: len(records(events)) == 40, what="the requests around the rotation")
                database = tmp_path / "state" / "sentinel.sqlite"
                wait_for(lambda: read_on(database, str(log)) == 40, what="the positions")
                process.kill()
            ask(15)
            with daemon(tmp_path, sources):
                wait_for(lambda: len(records(events)) >= 55, what="the requests while no one looked")
            assert [record["uri"] for record in records(events)] == [f"/page{number}" for number in range(55)]
        finally:
            nginx.terminate()


def read_on(database: Path, path: str) -> int:
    """Lines before the positions that are kept of a path and of the file that had its name before."""
    with sqlite3.connect(database) as connection:
        rows = dict(connection.execute("SELECT stream, position FROM intake_position").fetchall())
    lines = 0
    for name, file in ((path, path), (f"{path} (before)", f"{path}.1")):
        if name in rows and not (name == path and f"{path} (before)" not in rows):
            lines += Path(file).read_bytes()[: json.loads(rows[name])["position"]].count(b"\n")
    return lines
