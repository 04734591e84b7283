"""Network interfaces of this machine, and whether we may capture from them."""

from __future__ import annotations

import array
import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from sentinel.text import Message

__all__ = ["Interface", "can_capture", "default_interface", "list_interfaces"]

_SYS = Path("/sys/class/net")
_SIOCGIFADDR = 0x8915


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface."""

    name: str
    up: bool
    mac: str
    addresses: tuple[str, ...]
    speed: int | None
    """Mbit/s, where the driver tells."""
    is_default: bool
    """The default route leaves by it."""


def list_interfaces() -> list[Interface]:
    """All interfaces, by name."""
    default = default_interface()
    return [
        Interface(
            name=path.name,
            up=_read(path / "operstate") in ("up", "unknown"),
            mac=_read(path / "address"),
            addresses=_addresses(path.name),
            speed=int(speed) if (speed := _read(path / "speed")).isdigit() else None,
            is_default=path.name == default,
        )
        for path in sorted(_SYS.iterdir())
        if (path / "type").exists()
    ]


def default_interface() -> str | None:
    """The interface of the IPv4 (else IPv6) default route with the least metric, or None without one."""
    routes = []
    for line in _read(Path("/proc/net/route")).splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000":
            routes.append((int(fields[6]), fields[0]))
    if not routes:
        for line in _read(Path("/proc/net/ipv6_route")).splitlines():
            fields = line.split()
            if len(fields) > 9 and fields[0] == "0" * 32 and fields[1] == "00" and fields[9] != "lo":
                routes.append((int(fields[5], 16), fields[9]))
    return min(routes)[1] if routes else None


def can_capture() -> Message | None:
    """None when packet sockets may be opened, else one line: what is missing and how to allow it."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return Message("capture.no-permission")
    except OSError as error:
        return Message("capture.no-packet-sockets", reason=error.strerror)
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _addresses(name: str) -> tuple[str, ...]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = array.array("B", struct.pack("256s", name.encode()[:15]))
        try:
            fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, request)
            found.append(socket.inet_ntoa(request.tobytes()[20:24]))
        except OSError:
            pass  # no IPv4 address
    for line in _read(Path("/proc/net/if_inet6")).splitlines():
        fields = line.split()
        if len(fields) == 6 and fields[5] == name:
            found.append(str(ipaddress.IPv6Address(bytes.fromhex(fields[0]))))
    return tuple(found)
