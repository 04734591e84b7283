"""`sentinel interfaces`: where packets could come from."""

from __future__ import annotations

import argparse

from sentinel.capture.interface import can_capture, list_interfaces
from sentinel.text import text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """A table of the network interfaces; `*` marks the one of the default route. Exit 0."""
    for interface in list_interfaces():
        mark = "*" if interface.is_default else " "
        state = text("interfaces.up" if interface.up else "interfaces.down")
        speed = f"{interface.speed} Mbit/s" if interface.speed else "-"
        addresses = " ".join(interface.addresses) or "-"
        print(f"{mark} {interface.name:<15} {state:<5} {interface.mac or '-':<17} {speed:<12} {addresses}")
    if missing := can_capture():
        print(missing)
    return 0
