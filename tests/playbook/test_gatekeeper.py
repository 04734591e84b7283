"""The gatekeeper takes nobody's word: asked directly, as by a daemon gone wrong, it refuses what is never blocked."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playbook_parts import listed, never_file, register

from sentinel.ledger import Asset, LedgerStore
from sentinel.ledger.intake import Plan
from sentinel.store.session import in_transaction

HOST = "198.51.100.7"


def ask(gatekeeper: Path, **request: Any) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(gatekeeper))
        caller.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(caller.makefile().readline())
    return answer


def block(gatekeeper: Path, address: str) -> dict[str, Any]:
    return ask(gatekeeper, verb="block", address=address, seconds=60)


@pytest.mark.parametrize("category", ["应用服务器", ""])
def test_a_registered_server_is_refused_the_moment_it_is_registered(
    gatekeeper: Path, tmp_path: Path, category: str
) -> None:
    assert block(gatekeeper, HOST)["ok"]
    assert ask(gatekeeper, verb="unblock", address=HOST)["ok"]
    plan = Plan(adds=[Asset("人社局", "社保系统", (("内网", HOST),), category=category)])
    in_transaction(register(tmp_path), lambda db: LedgerStore(db.conn).apply(plan, actor="甲", ts=1.0))
    for written in (HOST, f"::ffff:{HOST}"):
        answer = block(gatekeeper, written)
        assert not answer["ok"] and written in answer["error"]
    assert HOST not in listed(gatekeeper)
    assert block(gatekeeper, "198.51.100.8")["ok"]


def test_the_list_of_root_holds_whatever_the_database_says(gatekeeper: Path) -> None:
    assert not block(gatekeeper, "203.0.113.9")["ok"]
    assert not block(gatekeeper, "192.0.2.9")["ok"]
    assert block(gatekeeper, "203.0.113.99")["ok"]


def _lose(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def _damage(path: Path) -> None:
    _lose(path)
    path.write_bytes(b"no database at all, and longer than a header would be" * 9)


def _empty(path: Path) -> None:
    _lose(path)
    path.touch()


@pytest.mark.parametrize(
    ("which", "harm"),
    [("register", _lose), ("register", _damage), ("register", _empty), ("list", _lose), ("list", _damage)],
)
def test_what_cannot_be_read_lets_nobody_be_blocked_and_everybody_be_freed(
    gatekeeper: Path, tmp_path: Path, which: str, harm: Callable[[Path], None]
) -> None:
    assert block(gatekeeper, HOST)["ok"]
    lost = register(tmp_path) if which == "register" else never_file(gatekeeper)
    harm(lost)
    assert not block(gatekeeper, "198.51.100.8")["ok"]
    assert ask(gatekeeper, verb="list") == {"ok": True, "addresses": [HOST]}
    assert ask(gatekeeper, verb="unblock", address=HOST)["ok"] and HOST not in listed(gatekeeper)
    assert harm is not _lose or not lost.exists()


def test_ipv4_in_the_clothes_of_ipv6_is_blocked_as_what_it_is(gatekeeper: Path) -> None:
    assert block(gatekeeper, f"::ffff:{HOST}")["ok"]
    assert ask(gatekeeper, verb="list")["addresses"] == [HOST]
    assert ask(gatekeeper, verb="unblock", address=f"::ffff:{HOST}")["ok"]
    assert ask(gatekeeper, verb="list")["addresses"] == []


def test_other_users_are_sent_away(gatekeeper: Path) -> None:
    for folder in (gatekeeper.parent, *gatekeeper.parent.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o011)
    asking = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        "sys.stdout.write(s.makefile().readline())"
    )
    command = ("/usr/bin/python3", "-c", asking, str(gatekeeper))
    told = subprocess.run(command, check=True, capture_output=True, text=True, user=65534, cwd="/").stdout
    assert json.loads(told) == {"ok": False, "error": "not permitted"}


@pytest.mark.parametrize("missing", ["--register", "--never-file"])
def test_it_does_not_start_without_what_it_must_ask(tmp_path: Path, missing: str) -> None:
    told = {"--socket": "s", "--register": "r", "--never-file": "n"}
    arguments = [
        word for name, value in told.items() if name != missing for word in (name, str(tmp_path / value))
    ]
    command = (sys.executable, "-m", "sentinel.playbook.gatekeeper", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and missing in done.stderr
