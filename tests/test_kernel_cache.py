"""A stale kernel must never run."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import caching

from sentinel import kernel_cache


@pytest.fixture
def restored_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NUMBA_CACHE_DIR", "SENTINEL_KERNEL_CACHE", "CACHE_DIRECTORY", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return monkeypatch


def test_any_source_change_begins_a_new_folder(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    source = tmp_path / "flow" / "tcp.py"
    source.write_text("A = 1\n")
    before = kernel_cache._state_of_sources(tmp_path)
    assert kernel_cache._state_of_sources(tmp_path) == before
    source.write_text("A = 22\n")
    assert kernel_cache._state_of_sources(tmp_path) != before


def test_systemd_cache_directory_is_used(tmp_path: Path, restored_environment: pytest.MonkeyPatch) -> None:
    restored_environment.setenv("CACHE_DIRECTORY", str(tmp_path))
    folder = kernel_cache.use_kernel_cache()
    assert folder is not None and folder.parent == tmp_path / "kernels"
    assert os.environ["NUMBA_CACHE_DIR"] == str(folder)


def test_unusable_places_are_passed_over(tmp_path: Path, restored_environment: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    restored_environment.setenv("CACHE_DIRECTORY", str(blocked))
    restored_environment.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    folder = kernel_cache.use_kernel_cache()
    assert folder is not None and folder.is_relative_to(tmp_path / "user")


def test_a_folder_that_others_can_write_is_not_trusted(
    tmp_path: Path, restored_environment: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open" / "kernels").mkdir(parents=True)
    (tmp_path / "open" / "kernels").chmod(0o777)
    restored_environment.setenv("CACHE_DIRECTORY", str(tmp_path / "open"))
    restored_environment.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    folder = kernel_cache.use_kernel_cache()
    assert folder is not None and folder.is_relative_to(tmp_path / "user")


def test_old_folders_are_forgotten(tmp_path: Path, restored_environment: pytest.MonkeyPatch) -> None:
    restored_environment.setenv("CACHE_DIRECTORY", str(tmp_path))
    for age in range(20):
        old = tmp_path / "kernels" / f"old{age}"
        old.mkdir(parents=True)
        os.utime(old, (age, age))
    kernel_cache.use_kernel_cache()
    kept = {entry.name for entry in (tmp_path / "kernels").glob("old*")}
    assert kept == {f"old{age}" for age in range(4, 20)}


KERNEL = """
import sys, tempfile
tempfile.tempdir = "/proc/nowhere"
import sentinel
from numba import njit
@njit(cache=True)
def double(x):
    return 2 * x
print(double(21))
"""


def test_without_any_folder_kernels_run_from_memory(tmp_path: Path) -> None:
    source = tmp_path / "kernel.py"
    source.write_text(KERNEL)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/proc/nowhere",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run((sys.executable, source), env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_a_cache_that_cannot_be_written_is_told_once_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(file: object, key: object, data: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", fails)
    told: list[OSError] = []
    kernel_cache.tolerate_failing_cache(told.append)
    for _ in range(3):
        caching.IndexDataCacheFile.save(None, None, None)  # type: ignore[arg-type]
    assert [error.errno for error in told] == [errno.ENOSPC]
