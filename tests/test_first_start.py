"""The first start: everything that both processes compile is kept, and is what the pipeline asks for later."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel import first_start

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.timeout(240)


def _replay(cache: Path, out: Path) -> set[str]:
    """Replay the demo; the kernels kept in `cache` afterwards."""
    subprocess.run(
        (sys.executable, "-m", "sentinel", "replay", ROOT / "demo/demo.pcap", "--out", out),
        env={**os.environ, "SENTINEL_KERNEL_CACHE": str(cache)},
        check=True,
    )
    return {path.name for path in cache.rglob("*.nbi")} | {path.name for path in cache.rglob("*.nbc")}


def _kernel(file: str) -> str:
    return file.split("-")[0].replace("_compile.locals.", "")


def test_what_two_processes_compiled_is_what_the_pipeline_asks_for(tmp_path: Path) -> None:
    code = "from sentinel.first_start import compile_kernels; compile_kernels()"
    environment = {**os.environ, "SENTINEL_KERNEL_CACHE": str(tmp_path / "cache")}
    subprocess.run((sys.executable, "-c", code), env=environment, check=True)
    compiled = {path.name for path in (tmp_path / "cache").rglob("*.nb?")}
    names = {_kernel(name) for name in compiled}
    assert {"kernel.decode_frames", "track.process", "track.sweep", "transcribe.transcribe"} <= names
    added = _replay(tmp_path / "cache", tmp_path / "out") - compiled
    assert names.isdisjoint(map(_kernel, added))


def test_a_cache_that_holds_kernels_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernel.nbi").write_bytes(b"")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(first_start, "compile_flows", lambda: pytest.fail("compiled"))
    first_start.compile_kernels()


def test_who_waited_for_another_that_compiled_compiles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []

    def wait_for_the_other(descriptor: int, operation: int) -> None:
        waited.append(operation)
        (tmp_path / "kernel.nbi").write_bytes(b"")

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", wait_for_the_other)
    monkeypatch.setattr(first_start, "compile_flows", lambda: pytest.fail("compiled"))
    first_start.compile_kernels()
    assert waited == [fcntl.LOCK_EX]


def test_a_folder_that_cannot_be_locked_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    (tmp_path / "lock").mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(first_start, "compile_flows", lambda: compiled.append("flows"))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    first_start.compile_kernels()
    assert compiled == ["flows"]


def test_the_other_process_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(first_start, "compile_flows", lambda: compiled.append("flows"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    first_start.compile_kernels()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    first_start.compile_kernels()
    assert compiled == ["flows", "flows"]
