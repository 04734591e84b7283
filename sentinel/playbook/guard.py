"""The guard: addresses that nobody blocks, whatever a playbook or a person says.

A blocked gateway, DNS server or monitor does more harm than most attacks. The same guard stands before the action
and, once more, inside the privileged program.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from sentinel.text import Message

__all__ = ["Guard", "gateways", "own_addresses", "read_list", "resolvers"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_RESOLVERS = ("etc/resolv.conf", "run/systemd/resolve/resolv.conf", "run/NetworkManager/no-stub-resolv.conf")
"""The latter two name the servers behind a local stub."""


class Guard:
    """Says which addresses are protected. What the machine itself knows is asked anew each time.

    Where that cannot be read nobody knows whom a block would hit: then none is allowed.
    """

    def __init__(
        self,
        never: Iterable[str] = (),
        is_asset: Callable[[str], bool] = lambda address: False,
        root: Path = Path("/"),
        listed: Callable[[], Iterable[Network]] = lambda: (),
    ) -> None:
        self._never = [ipaddress.ip_network(network, strict=False) for network in never]
        self._is_asset = is_asset
        self._root = root
        self._listed = listed

    def refusal(self, written: str) -> Message | None:
        """Why `written` must not be blocked; None where it may be.

        Raises OSError where the machine or the list, StoreError where the register cannot be read.
        """
        why = self._why(written)
        if why is None:
            return None
        return Message("playbook.guarded", address=written[:64], why=Message(f"playbook.guard.{why}"))

    def _why(self, written: str) -> str | None:
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            return "special"
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
            return "special"
        if address == ipaddress.ip_address("255.255.255.255") or "%" in written:
            return "special"
        if any(address in network for network in (*self._never, *self._listed())):
            return "declared"
        if address in own_addresses(self._root):
            return "own"
        if address in gateways(self._root):
            return "gateway"
        if address in resolvers(self._root):
            return "resolver"
        return "asset" if self._is_asset(str(address)) else None


def read_list(path: Path) -> list[Network]:
    """Networks of a file, one a line, `#` before remarks. Raises OSError unless root alone can write it and all is clear."""
    told = path.stat()
    if told.st_uid or told.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(str(Message("playbook.list-open", path=path)))
    found: list[Network] = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        if written := line.partition("#")[0].strip():
            try:
                found.append(ipaddress.ip_network(written, strict=False))
            except ValueError as error:
                raise OSError(str(Message("playbook.list-unclear", path=path, line=number))) from error
    return found


def own_addresses(root: Path = Path("/")) -> set[Address]:
    """This host's addresses: local entries of /proc/net/fib_trie, and /proc/net/if_inet6. Raises OSError."""
    found: set[Address] = set()
    last = ""
    for line in _lines(root / "proc/net/fib_trie"):
        words = line.split()
        if len(words) == 2 and words[0] == "|--":
            last = words[1]
        elif "/32 host LOCAL" in line:
            found.add(ipaddress.ip_address(last))
    for line in _lines_if_any(root / "proc/net/if_inet6"):
        found.add(ipaddress.ip_address(bytes.fromhex(line.split()[0])))
    return found


def gateways(root: Path = Path("/")) -> set[Address]:
    """Next hops of /proc/net/route (hexadecimal, host's byte order) and /proc/net/ipv6_route. Raises OSError."""
    found: set[Address] = set()
    for line in _lines(root / "proc/net/route")[1:]:
        hop = bytes.fromhex(line.split()[2])[::-1]
        if any(hop):
            found.add(ipaddress.IPv4Address(hop))
    for line in _lines_if_any(root / "proc/net/ipv6_route"):
        hop = bytes.fromhex(line.split()[4])
        if any(hop):
            found.add(ipaddress.IPv6Address(hop))
    return found


def resolvers(root: Path = Path("/")) -> set[Address]:
    """Name servers of this host, those behind a local stub too. Raises OSError."""
    found: set[Address] = set()
    for name in _RESOLVERS:
        for line in _lines_if_any(root / name):
            words = line.split()
            if len(words) >= 2 and words[0] == "nameserver":
                try:
                    found.add(ipaddress.ip_address(words[1].partition("%")[0]))
                except ValueError:
                    continue
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").splitlines()


def _lines_if_any(path: Path) -> list[str]:
    """Without IPv6, or a stub, there is no such file."""
    try:
        return _lines(path)
    except FileNotFoundError:
        return []
