"""The service: its unit is sound, and its command runs unprivileged as systemd would run it."""

from __future__ import annotations

import os
import pwd
import queue
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "sentinel.service"
SETTINGS = ROOT / "systemd" / "sentinel.yaml"
COMMAND = Path(sys.executable).parent / "sentinel"
CAP_NET_RAW = 13
DEADLINE = 90.0

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]


def unit_value(key: str) -> str:
    lines = UNIT.read_text("utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{key}="))


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, f"not within {DEADLINE:.0f} s: {what}"
        time.sleep(0.05)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", sorted(UNIT.parent.glob("*.service")), ids=lambda unit: unit.name)
def test_unit_is_sound(tmp_path: Path, unit: Path) -> None:
    copy = tmp_path / unit.name
    text = unit.read_text("utf-8")
    copy.write_text(re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", text), "utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60
    )
    assert verified.returncode == 0, verified.stderr
    # A key with a mistake in its name or value is only warned of.
    assert unit.name not in verified.stderr


def test_unit_may_do_no_more_than_capture() -> None:
    assert unit_value("AmbientCapabilities") == unit_value("CapabilityBoundingSet") == "CAP_NET_RAW"
    assert unit_value("User") == "sentinel"
    assert f"u {unit_value('User')} " in (UNIT.parent / "sentinel.sysusers").read_text("utf-8")
    assert "AF_PACKET" in unit_value("RestrictAddressFamilies").split()
    assert unit_value("MemoryDenyWriteExecute") == "no"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the unprivileged user owns and can reach."""
    made = Path(tempfile.mkdtemp(prefix="sentinel-service-"))
    for name in ("cache", "state", "logs"):
        (made / name).mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (made, *made.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Service:
    """The unit's command in the surroundings that systemd makes for it."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(folder / "notify"))
        (folder / "notify").chmod(0o777)
        self._heard: queue.Queue[str] = queue.Queue()
        # Read at once, as systemd does: a socket that nobody reads takes some ten notices, and no more.
        self._listener = threading.Thread(target=self._hear, daemon=True)
        self._listener.start()
        self._log = folder / "log"
        started, *arguments = shlex.split(unit_value("ExecStart"))
        assert Path(started).name == COMMAND.name
        command, environment = program() or ([], {})
        arguments[-1] = str(self._settings(folder))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*unprivileged(), *command, *arguments],
                stdout=log,
                stderr=log,
                cwd=folder / "state",
                env={
                    "PATH": os.environ["PATH"],
                    "NOTIFY_SOCKET": str(folder / "notify"),
                    "WATCHDOG_USEC": "6000000",
                    "CACHE_DIRECTORY": str(folder / "cache"),
                    "STATE_DIRECTORY": str(folder / "state"),
                    **environment,
                },
            )

    def _settings(self, folder: Path) -> Path:
        text = SETTINGS.read_text("utf-8")
        for installed, here in (
            ("/opt/sentinel", str(ROOT)),
            ("/var/lib/sentinel", str(folder / "state")),
            ("/var/log/sentinel", str(folder / "logs")),
            ("interfaces: []", "interfaces: [lo]"),
            ("port: 9108", f"port: {self.port}"),
        ):
            assert installed in text
            text = text.replace(installed, here)
        path = folder / "config.yaml"
        path.write_text(text, "utf-8")
        path.chmod(0o644)
        return path

    def _hear(self) -> None:
        while data := self._notices.recv(8192):  # nothing: shut down, the test is over
            self._heard.put(data.decode())

    def notice(self, beginning: str) -> str:
        """Wait for a notice that has a line with this beginning (sd_notify(3))."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                text = self._heard.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {beginning} within {DEADLINE:.0f} s; log:\n{self.log()}")
            if any(line.startswith(beginning) for line in text.splitlines()):
                return text

    def sample(self, name: str, **labels: str) -> float:
        """One sum out of the metrics page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            page = answer.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def end(self) -> None:
        self._notices.shutdown(socket.SHUT_RD)
        self._listener.join()
        self._notices.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)


def unprivileged() -> list[str]:
    """A prefix that leaves what the unit leaves: another user, and CAP_NET_RAW at most."""
    if os.geteuid() != 0:
        return []
    only = "-all,+net_raw" if may_capture() else "-all"
    return [
        "setpriv",
        "--reuid=nobody",
        f"--regid={pwd.getpwnam('nobody').pw_gid}",
        "--clear-groups",
        f"--inh-caps={only}",
        f"--ambient-caps={only}",
        f"--bounding-set={only}",
        "--no-new-privs",
    ]


def may_capture() -> bool:
    return bool(effective(os.getpid()) >> CAP_NET_RAW & 1)


def effective(pid: int) -> int:
    """Effective capabilities of a process (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("CapEff:")), 16)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def program() -> tuple[list[str], dict[str, str]] | None:
    """How user nobody can start sentinel, and with what environment; None where it cannot reach any Python.

    A Python in a home folder is closed to others; the system's own of the same version then runs our packages.
    """
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"{ROOT}:{sysconfig.get_paths()['purelib']}"
    for command, environment in (
        ([str(COMMAND)], {}),
        ([system, "-m", "sentinel"], {"PYTHONPATH": packages}),
    ):
        python = sys.executable if command == [str(COMMAND)] else system
        tried = subprocess.run(
            [*unprivileged(), "sh", "-c", f"exec {python} -c 'import sentinel.pipeline'"],
            capture_output=True,
            timeout=60,
            cwd="/",
            env={"PATH": os.environ["PATH"], **environment},
        )
        if tried.returncode == 0:
            return command, environment
    return None


def why_not() -> str | None:
    if not COMMAND.exists():
        return "the command sentinel is not installed beside this Python"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "setpriv is not installed: apt install util-linux"
    if program() is None:
        return "user nobody can run no Python with our packages"
    return None


def test_runs_unprivileged_as_systemd_runs_it(folder: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    service = Service(folder)
    try:
        service.notice("READY=1")
        service.notice("WATCHDOG=1")
        pid = service.process.pid
        assert os.stat(f"/proc/{pid}").st_uid == os.stat(folder).st_uid
        assert service.sample("sentinel_rules", state="loaded") > 0
        if may_capture():
            wait_until(lambda: service.sample("sentinel_worker_up", worker="lo") == 1, "a worker")
            assert [effective(child) for child in children(pid)] == [1 << CAP_NET_RAW]
        assert (folder / "state" / "sentinel.sqlite").exists()
        service.process.send_signal(signal.SIGTERM)
        service.notice("STOPPING=1")
        assert service.process.wait(20) == 0, service.log()
    finally:
        service.end()
