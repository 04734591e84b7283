"""Networks of our own: namespaces joined by veth pairs, made by the tests and taken away again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

NEAR, FAR = "198.18.77.1", "198.18.77.2"
"""Addresses of a wire's ends."""
_numbers = count()


def wait_for(
    condition: Callable[[], object],
    seconds: float = 30.0,
    what: str = "condition",
    instead: Callable[[], object] = lambda: "nothing",
) -> None:
    """Return once `condition` is true; fail when it has not become so in time, and say what there was `instead`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain for {what}; there was {instead()}")
        time.sleep(0.02)  # between looks, never instead of one


@dataclass(frozen=True)
class Wire:
    """A veth pair: `near` is in our own namespace, `far` in namespace `space`."""

    near: str
    far: str
    space: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the far namespace; it must succeed."""
        return subprocess.run(
            ("ip", "netns", "exec", self.space, *command), check=True, capture_output=True, text=True
        )

    def try_run(self, *command: str) -> int:
        """Run a command in the far namespace; its exit status."""
        inside = ("ip", "netns", "exec", self.space, *command)
        return subprocess.run(inside, check=False, capture_output=True).returncode

    def stir(self) -> bool:
        """Have the near end ask for the far end's hardware address, which a capture that runs sees."""
        _ip("neigh", "flush", "dev", self.near)
        subprocess.run(("ping", "-c1", "-W1", "-I", self.near, FAR), check=False, capture_output=True)
        return True


@pytest.fixture(autouse=True)
def _in_one_worker(request: pytest.FixtureRequest) -> None:
    """All wires have the same addresses, so two at a time would answer for one another."""
    if "PYTEST_XDIST_WORKER" in os.environ and not request.node.nodeid.endswith("@live"):
        pytest.fail("live tests must share one worker: run pytest with --dist loadgroup")


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, capture_output=True)


def can_make_wires() -> bool:
    """May we make network namespaces?"""
    return os.geteuid() == 0 and shutil.which("ip") is not None


@contextlib.contextmanager
def made_wire() -> Iterator[Wire]:
    """Addresses `NEAR` and `FAR`; quiet otherwise (no IPv6)."""
    name = f"st{os.getpid() % 100000}x{next(_numbers)}"
    made = Wire(f"{name}n", f"{name}f", name)
    _ip("netns", "add", made.space)
    try:
        _ip("link", "add", made.near, "type", "veth", "peer", "name", made.far, "netns", made.space)
        for interface, prefix in ((made.near, ()), (made.far, ("netns", "exec", made.space))):
            path = f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6"
            subprocess.run(
                ("ip", *prefix, "sh", "-c", f"echo 1 > {path}")
                if prefix
                else ("sh", "-c", f"echo 1 > {path}"),
                check=True,
            )
        _ip("addr", "add", f"{NEAR}/24", "dev", made.near)
        _ip("link", "set", made.near, "up")
        _ip("-n", made.space, "addr", "add", f"{FAR}/24", "dev", made.far)
        _ip("-n", made.space, "link", "set", "lo", "up")
        _ip("-n", made.space, "link", "set", made.far, "up")
        yield made
    finally:
        subprocess.run(("ip", "link", "del", made.near), check=False, capture_output=True)
        _ip("netns", "del", made.space)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire for one test."""
    if not can_make_wires():
        pytest.skip("needs root and iproute2 to make network namespaces")
    with made_wire() as made:
        yield made
