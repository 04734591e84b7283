"""The service manager's notification protocol (sd_notify(3)): ready, alive, stopping."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping

__all__ = ["ServiceManager"]


class ServiceManager:
    """Tells systemd how we are; without systemd it does nothing."""

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = watchdog
        """Seconds within which systemd wants to hear `alive`; 0 where it does not."""

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] | None = None) -> ServiceManager:
        """As systemd told us; takes its variables away, so that child processes do not speak for us."""
        environment = os.environ if environment is None else environment
        address = environment.pop("NOTIFY_SOCKET", "")
        microseconds = environment.pop("WATCHDOG_USEC", "")
        owner = environment.pop("WATCHDOG_PID", "")
        ours = owner in ("", str(os.getpid())) and microseconds.isdigit()
        return cls(address, int(microseconds) / 1e6 if ours else 0.0)

    def ready(self, status: str) -> None:
        """The start is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """All is well at this moment."""
        if self.watchdog:
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), self._address)
