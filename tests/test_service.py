"""systemd hears what it asked for, and nobody else does."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sentinel.service import ServiceManager


def test_the_environment_is_read_once_and_taken_away() -> None:
    environment = {
        "NOTIFY_SOCKET": "@x",
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    service = ServiceManager.from_environment(environment)
    assert service.watchdog == 30.0
    assert environment == {"A": "b"}


def test_another_processs_watchdog_is_none_of_ours() -> None:
    assert ServiceManager.from_environment({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog == 0
    assert ServiceManager.from_environment({"WATCHDOG_USEC": "soon"}).watchdog == 0


def test_states_as_the_protocol_names_them(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        service = ServiceManager(str(tmp_path / "notify"), watchdog=1.0)
        service.ready("就绪")
        service.alive()
        service.stopping()
        assert [systemd.recv(4096).decode() for _ in range(3)] == [
            "READY=1\nSTATUS=就绪",
            "WATCHDOG=1",
            "STOPPING=1",
        ]


def test_without_systemd_or_after_it_went_nothing_happens(tmp_path: Path) -> None:
    ServiceManager().ready("x")
    ServiceManager(str(tmp_path / "gone")).ready("x")
