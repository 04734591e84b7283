"""Networks of our own: namespaces joined by veth pairs, made by the tests and taken away again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

_numbers = count()


def wait_for(condition: Callable[[], object], seconds: float = 30.0, what: str = "condition") -> None:
    """Return once `condition` is true; fail when it has not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain for {what}")
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


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, capture_output=True)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Addresses 198.18.77.1 (near) and 198.18.77.2 (far); quiet otherwise (no IPv6)."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 to make network namespaces")
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
        _ip("addr", "add", "198.18.77.1/24", "dev", made.near)
        _ip("link", "set", made.near, "up")
        _ip("-n", made.space, "addr", "add", "198.18.77.2/24", "dev", made.far)
        _ip("-n", made.space, "link", "set", "lo", "up")
        _ip("-n", made.space, "link", "set", made.far, "up")
        yield made
    finally:
        subprocess.run(("ip", "link", "del", made.near), check=False, capture_output=True)
        _ip("netns", "del", made.space)
