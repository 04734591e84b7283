"""Logs of real programs: what logger(1) sends and nginx writes arrives in a daemon that is killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel.event import Auth
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.document import single_lines
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin
from tests.live.conftest import wait_for

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
CATALOGUE = Catalogue.load()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def daemon(
    folder: Path, sources: list[dict[str, object]], inside: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A daemon that reads these sources, once it is ready; `inside` is a command that runs it where it should."""
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
    command = [*inside, sys.executable, "-m", "sentinel", "run", "--config", str(folder / "sentinel.yaml")]
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


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_what_openssl_sends_over_tls_arrives_in_either_framing_and_encoding(tmp_path: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem".split(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    port = free_port()
    tls = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    source: dict[str, object] = {"name": "tls", "kind": "tls", "listen": "127.0.0.1", "port": port, **tls}
    counted = "<13>1 2024-05-01T08:00:00+08:00 web1 app 7 - - 两行\n一条".encode()
    lines = "<13>May  1 08:00:00 核心-1 app: 国标编码\n".encode("gbk") + b"<13>May  1 08:00:00 h app: last"
    with daemon(tmp_path, [source]):
        log = tmp_path / "events" / "log.log"

        def sent() -> bool:
            command = [
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{port}",
                "-quiet",
                "-no_ign_eof",
                "-CAfile",
                "cert.pem",
            ]
            data = b"%d %b" % (len(counted), counted) + lines
            return (
                subprocess.run(command, cwd=tmp_path, input=data, capture_output=True, timeout=30).returncode
                == 0
            )

        wait_for(sent, what="a connection")
        wait_for(lambda: len(records(log)) >= 3, what="the messages", instead=lambda: records(log))
        found = [(record["host"], record["fields"]["message"]) for record in records(log)]
        assert found == [("web1", "两行\n一条"), ("核心-1", "国标编码"), ("h", "last")]


JOURNALD = next(
    (
        path
        for path in ("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald")
        if Path(path).exists()
    ),
    "",
)
JOURNAL = f"""
mount -t tmpfs run /run
mkdir -p /run/systemd/journal /run/log/journal
echo 5e17f0c0ffee4a5e8b0d5e17f0c0ffee > /run/machine-id
mount --bind /run/machine-id /etc/machine-id
exec {JOURNALD}
"""


@pytest.mark.skipif(
    os.geteuid() != 0
    or not JOURNALD
    or not all(map(shutil.which, ("unshare", "nsenter", "systemd-cat", "journalctl"))),
    reason="needs root, unshare, and journald with its programs",
)
def test_what_a_journald_of_our_own_holds_is_read_once_over_a_restart(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-ec", JOURNAL], stderr=subprocess.DEVNULL
    ) as journald:
        inside = ("nsenter", "--mount", "--target", str(journald.pid), "--wd=.", "--")

        def say(word: str) -> bool:
            command = [*inside, "systemd-cat", "--identifier", "sshd"]
            return subprocess.run(command, input=word.encode(), capture_output=True).returncode == 0

        def heard() -> list[str]:
            found = records(tmp_path / "events" / "auth.log")
            return [record["user"] for record in found]

        failed = "Failed password for {} from 198.51.100.7 port 4242 ssh2"
        try:
            wait_for(lambda: say("hello"), what="journald")
            sources: list[dict[str, object]] = [{"name": "journal", "kind": "journal"}]
            with daemon(tmp_path, sources, inside):
                # journalctl begins at the journal's end, which it finds some time after it was started.
                wait_for(lambda: say(failed.format("first")) and heard(), what="the first record")
                before = len(heard())
                database = tmp_path / "state" / "sentinel.sqlite"
                wait_for(lambda: "journal" in positions(database), what="the cursor")
            assert say(failed.format("张三"))
            with daemon(tmp_path, sources, inside):
                wait_for(lambda: "张三" in heard(), what="the record while no one looked", instead=heard)
            assert (
                heard().count("张三") == 1
                and set(heard()) == {"first", "张三"}
                and len(heard()) >= before + 1
            )
        finally:
            journald.kill()


def positions(database: Path) -> set[str]:
    """The streams whose positions are kept."""
    with sqlite3.connect(database) as connection:
        return {row[0] for row in connection.execute("SELECT stream FROM intake_position")}


POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
logging_collector = on
log_directory = '{folder}'
log_filename = 'pg.log'
log_file_mode = 0644
log_destination = 'stderr,csvlog{json}'
log_connections = on
log_line_prefix = '%m [%p] %q%u@%d %r '
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or POSTGRESQL is None or not shutil.which("setpriv"), reason="needs root and PostgreSQL"
)
def test_log_ins_of_a_real_postgresql_in_each_form_that_it_writes(tmp_path: Path) -> None:
    assert POSTGRESQL is not None
    port = free_port()
    with tempfile.TemporaryDirectory() as name:  # where the server's own user may go
        folder, bin = Path(name), POSTGRESQL
        shutil.chown(folder, "postgres")
        (folder / "password").write_text("right\n")
        (folder / "password").chmod(0o644)

        def run(*command: str | Path) -> None:
            own = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
            subprocess.run([*own, *command], check=True, capture_output=True, cwd=folder)

        run(
            bin / "initdb",
            "-D",
            folder / "data",
            "-A",
            "scram-sha-256",
            "--pwfile",
            folder / "password",
            "-U",
            "postgres",
        )
        forms = ["pg.log", "pg.csv"] + ["pg.json"] * (int(POSTGRESQL.parent.name) >= 15)
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=port, folder=folder, json=",jsonlog" * ("pg.json" in forms)))
        run(bin / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "start.log", "start")
        began = time.time()
        try:
            for password in ("wrong", "right"):
                subprocess.run(
                    [bin / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", "select 1"],
                    env={**os.environ, "PGPASSWORD": password},
                    capture_output=True,
                    check=password == "right",
                )
        finally:
            run(bin / "pg_ctl", "-D", folder / "data", "-m", "fast", "stop")
        for form in forms:
            reader = LineReader(CATALOGUE, Origin(form, zone=ZoneInfo("Asia/Shanghai"), reference=began))
            text = (folder / form).read_text()
            found = [event for line in single_lines(iter(text.splitlines())) for event in reader.events(line)]
            auths = [event for event in found if isinstance(event, Auth)]
            assert [(auth.service, auth.user, auth.src, auth.success) for auth in auths] == [
                ("postgresql", "postgres", "127.0.0.1", False),
                ("postgresql", "postgres", "127.0.0.1", True),
            ], form
            assert all(began - 60 < auth.ts < time.time() + 60 for auth in auths)
            assert not reader.unexplained and len(found) >= 8


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
