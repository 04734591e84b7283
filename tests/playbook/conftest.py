"""The bench of this room's tests."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_bench import Bench
from playbook_parts import Server, never_file, register

from sentinel.store.writer import open_database


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def gatekeeper(tmp_path: Path) -> Iterator[Path]:
    """A real gatekeeper over a packet filter of its own."""
    if os.geteuid() or not shutil.which("nft"):
        pytest.skip("nft and root are needed")
    space, path = f"gate{uuid.uuid4().hex[:6]}", tmp_path / "s"
    if subprocess.run(("ip", "netns", "add", space), check=False, capture_output=True).returncode:
        pytest.skip("network namespaces cannot be made here")
    command = (
        sys.executable,
        "-m",
        "sentinel.playbook.gatekeeper",
        "--socket",
        str(path),
        "--register",
        str(register(tmp_path)),
        "--never-file",
        str(never_file(path)),
        "--never",
        "192.0.2.0/24",
        "--user",
        "root",
    )
    open_database(register(tmp_path)).close()
    never_file(path).write_text("203.0.113.0/28  # 测试\n")
    process = subprocess.Popen(("ip", "netns", "exec", space, *command))
    try:
        end = time.monotonic() + 20
        while not path.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        assert path.exists()
        path.with_name("space").write_text(space)
        yield path
    finally:
        process.kill()
        process.wait()
        subprocess.run(("ip", "netns", "del", space), check=False)


@pytest.fixture
def server() -> Iterator[str]:
    Server.seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listener.server_address[1]}"
        listener.shutdown()
