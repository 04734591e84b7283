"""The gatekeeper: the one small program with the right to change the packet filter (CAP_NET_ADMIN, nothing else).

    python -m sentinel.playbook.gatekeeper --socket PATH --register DATABASE --never-file FILE
        [--classes WORD …] [--never NETWORK …] [--user NAME|UID …]

It listens on a Unix socket and knows three requests, one JSON object a line, each answered by one line:
`{"verb": "block", "address": "192.0.2.7", "seconds": 3600}`, `{"verb": "unblock", "address": …}`,
`{"verb": "list"}`. Addresses are parsed and guarded here too, and reach `nft` as arguments of a list, never through
a shell. Blocked addresses stand in sets with a time-out: the kernel itself lifts a block though all else has died.

The guard here takes no caller's word. It reads this host's addresses, gateways and DNS servers from the system, the
registered assets from the ledger's database (read only), and a list that root alone can write: that one holds though
the daemon, who may write the database, be taken over. Where any of these cannot be read nobody is blocked.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import pwd
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sentinel.playbook.asset import Protected
from sentinel.playbook.guard import Address, Guard, read_list
from sentinel.playbook.settings import PlaybookSettings
from sentinel.store import StoreError
from sentinel.store.session import looking

__all__ = ["Gatekeeper", "main", "prepare", "serve"]

_TABLE = ("inet", "sentinel")
_SETS = {4: ("blocked4", "ipv4_addr", "ip"), 6: ("blocked6", "ipv6_addr", "ip6")}
_LONGEST = 7 * 86400
"""Seconds: no block without an end."""
_LINE = 4096
Run = Callable[[Sequence[str]], str]


def run_nft(arguments: Sequence[str]) -> str:
    """Run `nft` with a list of arguments; its output. Raises OSError with its own words."""
    try:
        done = subprocess.run(
            ["nft", *arguments], capture_output=True, text=True, timeout=10, check=False,
            env={"PATH": "/usr/sbin:/sbin:/usr/bin"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OSError("nft did not answer") from error
    if done.returncode:
        raise OSError(done.stderr.strip()[:300] or f"nft: {done.returncode}")
    return done.stdout


def prepare(run: Run = run_nft) -> None:
    """Make table, sets and chains; harmless where they are there. Raises OSError."""
    run(["add", "table", *_TABLE])
    for name, type, _ in _SETS.values():
        run(["add", "set", *_TABLE, name, f"{{ type {type}; flags timeout; size 65536; }}"])
    for hook in ("input", "forward", "output"):
        run(["add", "chain", *_TABLE, hook, f"{{ type filter hook {hook} priority -10; policy accept; }}"])
        run(["flush", "chain", *_TABLE, hook])
        for name, _, family in _SETS.values():
            for side in ("saddr", "daddr"):
                run(["add", "rule", *_TABLE, hook, family, side, f"@{name}", "counter", "drop"])


class Gatekeeper:
    """Answers requests."""

    def __init__(self, guard: Guard, run: Run = run_nft) -> None:
        self._guard = guard
        self._run = run

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line: `ok`, and `error` or what was asked for. Never raises for what a line says."""
        try:
            request = json.loads(line)
            verb, address = request["verb"], request.get("address", "")
            if verb == "list":
                return {"ok": True, "addresses": self._listed()}
            if verb == "block":
                self._block(address, request["seconds"])
            elif verb == "unblock":
                self._unblock(address)
            else:
                return {"ok": False, "error": "unknown verb"}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return {"ok": False, "error": f"bad request: {error}"[:300]}
        except (OSError, StoreError) as error:
            return {"ok": False, "error": str(error)[:300]}
        return {"ok": True}

    def _block(self, written: Any, seconds: Any) -> None:
        if not isinstance(written, str) or not isinstance(seconds, int) or not 0 < seconds <= _LONGEST:
            raise ValueError(f"an address and 1 to {_LONGEST} seconds are needed")
        if refusal := self._guard.refusal(written):
            raise PermissionError(str(refusal))
        address = _address(written)
        set = _SETS[address.version][0]
        self._unblock(written)  # an element that is there keeps its former time-out otherwise
        self._run(["add", "element", *_TABLE, set, f"{{ {address} timeout {seconds}s }}"])

    def _unblock(self, written: Any) -> None:
        address = _address(written)
        if str(address) in self._listed():
            self._run(["delete", "element", *_TABLE, _SETS[address.version][0], f"{{ {address} }}"])

    def _listed(self) -> list[str]:
        found = []
        for name, _, _ in _SETS.values():
            told = json.loads(self._run(["--json", "list", "set", *_TABLE, name]))
            elements = [one["set"].get("elem", []) for one in told["nftables"] if "set" in one]
            for element in (one for some in elements for one in some):
                found.append(element["elem"]["val"] if isinstance(element, dict) else element)
        return found


def _address(written: Any) -> Address:
    """Of IPv4 in IPv6's clothes, what stands on the wire."""
    address = ipaddress.ip_address(written)
    return getattr(address, "ipv4_mapped", None) or address


def serve(path: Path, gatekeeper: Gatekeeper, users: frozenset[int]) -> None:
    """Answer for ever, one caller at a time; callers of other users are sent away."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o666)  # who calls is asked of the kernel below
        listener.listen(16)
        while True:
            caller, _ = listener.accept()
            with caller:
                caller.settimeout(5)
                try:
                    _attend(caller, gatekeeper, users)
                except OSError:
                    continue


def _attend(caller: socket.socket, gatekeeper: Gatekeeper, users: frozenset[int]) -> None:
    _, user, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if user not in users:
        caller.sendall(b'{"ok": false, "error": "not permitted"}\n')
        return
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE:
        part = caller.recv(_LINE)
        if not part:
            return
        line += part
    caller.sendall(json.dumps(gatekeeper.answer(line), ensure_ascii=False).encode() + b"\n")


def _user(written: str) -> int:
    """The number of a user named or numbered. Raises ValueError."""
    try:
        return int(written) if written.isdecimal() else pwd.getpwnam(written).pw_uid
    except KeyError:
        raise ValueError(written) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare the packet filter and serve; exit 1 with a word on standard error where that cannot be done."""
    parser = argparse.ArgumentParser(prog="sentinel-gatekeeper")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--register", type=Path, required=True)
    parser.add_argument("--never-file", type=Path, required=True)
    parser.add_argument("--classes", nargs="*", default=PlaybookSettings().never_block_assets)
    parser.add_argument("--never", nargs="*", default=[])
    parser.add_argument("--user", type=_user, nargs="*", default=[0])
    options = parser.parse_args(arguments)
    try:
        prepare()
        guard = Guard(
            options.never,
            Protected(options.register, options.classes, looking),
            listed=lambda: read_list(options.never_file),
        )
        serve(options.socket, Gatekeeper(guard), frozenset(options.user))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"sentinel-gatekeeper: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
