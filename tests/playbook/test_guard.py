"""What is never blocked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentinel.playbook.guard import Guard, gateways, own_addresses, read_list, resolvers
from sentinel.text import Message


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc/net/fib_trie").write_text(
        "Main:\n     |-- 10.1.1.5\n        /32 host LOCAL\n     |-- 10.1.1.0\n        /24 link UNICAST\n"
    )
    (tmp_path / "proc/net/if_inet6").write_text("20010db8000000000000000000000005 02 40 00 80 eth0\n")
    (tmp_path / "proc/net/route").write_text(
        "Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0101010A\t0003\neth0\t0001010A\t00000000\t0001\n"
    )
    (tmp_path / "proc/net/ipv6_route").write_text(
        f"{'0' * 32} 00 {'0' * 32} 00 20010db8000000000000000000000001 0 0 0 3 eth0\n"
    )
    (tmp_path / "etc/resolv.conf").write_text(
        "# x\nnameserver 10.1.1.53\nnameserver fe80::1%eth0\nnameserver bad\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("198.51.100.7", None), ("2001:db8::7", None), ("10.1.1.5", "own"), ("2001:db8::5", "own"),
        ("10.1.1.1", "gateway"), ("2001:db8::1", "gateway"), ("10.1.1.53", "resolver"), ("::ffff:10.1.1.5", "own"),
        ("192.0.2.9", "declared"), ("10.9.9.9", "asset"), ("127.0.0.1", "special"), ("224.0.0.1", "special"),
        ("0.0.0.0", "special"), ("255.255.255.255", "special"), ("fe80::1", "special"), ("10.1.1.0/24", "special"),
        ("1.2.3.4; flush ruleset", "special"), ("", "special"), ("fe80::1%eth0", "special"),
    ],
)  # fmt: skip
def test_refusals(root: Path, address: str, why: str | None) -> None:
    guard = Guard(["192.0.2.0/24"], lambda address: address == "10.9.9.9", root)
    refusal = guard.refusal(address)
    assert (refusal and str(refusal.values["why"])) == (why and str(Message(f"playbook.guard.{why}")))


def test_servers_behind_a_local_stub_are_known(root: Path) -> None:
    (root / "run/systemd/resolve").mkdir(parents=True)
    (root / "run/systemd/resolve/resolv.conf").write_text("nameserver 10.1.1.54\n")
    assert Guard(root=root).refusal("10.1.1.54") is not None


@pytest.mark.parametrize("name", ["proc/net/fib_trie", "proc/net/route"])
def test_a_machine_that_cannot_be_read_allows_nothing(root: Path, name: str) -> None:
    (root / name).unlink()
    with pytest.raises(OSError):
        Guard(root=root).refusal("198.51.100.7")


def test_a_host_without_ipv6_or_resolver_is_guarded_none_the_less(root: Path) -> None:
    for name in ("proc/net/if_inet6", "proc/net/ipv6_route", "etc/resolv.conf"):
        (root / name).unlink()
    guard = Guard(root=root)
    assert guard.refusal("10.1.1.1") is not None and guard.refusal("198.51.100.7") is None


def test_a_list_is_read_anew_each_time(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "never-block"
    file.write_text("# 核心业务\n198.51.100.0/24   # 人社\n\n2001:db8::7\n")
    guard = Guard(root=root, listed=lambda: read_list(file))
    assert guard.refusal("198.51.100.7") is not None and guard.refusal("2001:db8::7") is not None
    assert guard.refusal("203.0.113.7") is None
    file.write_text("")
    assert guard.refusal("198.51.100.7") is None


@pytest.mark.parametrize("wrong", ["missing", "unclear", "open to others", "another's"])
def test_a_list_that_is_not_clear_allows_nothing(tmp_path: Path, root: Path, wrong: str) -> None:
    file = tmp_path / "never-block"
    if wrong != "missing":
        file.write_text("198.51.100.0/33\n" if wrong == "unclear" else "")
    if wrong == "open to others":
        file.chmod(0o646)
    if wrong == "another's":
        if os.geteuid():
            pytest.skip("root is needed")
        os.chown(file, 65534, 65534)
    with pytest.raises(OSError):
        Guard(root=root, listed=lambda: read_list(file)).refusal("203.0.113.7")


def test_this_machine_is_read_without_fault() -> None:
    assert any(str(address) == "127.0.0.1" for address in own_addresses())
    assert isinstance(gateways(), set) and isinstance(resolvers(), set)
