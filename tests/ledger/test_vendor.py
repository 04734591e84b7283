"""Vendors come from the registry's smallest block; only makers of whole devices are compared."""

from __future__ import annotations

import pytest

from sentinel.ledger import Asset, Device, Fact, LedgerSettings, Register, Registered
from sentinel.ledger.compare import compare
from sentinel.ledger.vendor import load_vendors, maker_of, vendor_of


def test_the_registry_is_there() -> None:
    assert len(load_vendors()) > 50_000


@pytest.mark.parametrize(
    ("mac", "vendor"),
    [
        ("00:1b:21:00:00:01", "Intel Corporate"),
        ("00:1b:c5:00:00:01", "Converging Systems Inc."),
        ("00:1b:c5:00:10:01", "OpenRB.com, Direct SIA"),
        ("04:03:12:00:00:01", "Hangzhou Hikvision Digital Technology Co.,Ltd."),
        ("da:a1:19:00:00:01", None),
        ("00:00:5e:00:01:01", None),
    ],
)
def test_a_vendor_by_blocks_of_24_to_36_bits(mac: str, vendor: str | None) -> None:
    assert vendor_of(mac) == vendor


@pytest.mark.parametrize(
    ("said", "maker"),
    [
        ("杭州海康威视数字技术股份有限公司", "海康威视"),
        ("Hangzhou Hikvision Digital Technology Co.,Ltd.", "海康威视"),
        ("zte corporation", "中兴"),
        ("Aztech Associates Inc.", None),
        ("Hangzhou BroadLink Technology Co.,Ltd", None),
        ("Mercury Computer Systems, Inc.", None),
        ("华为3Com/H3C", None),
        ("Intel Corporate", None),
        ("", None),
    ],
)
def test_a_maker_in_either_language_and_none_where_it_is_not_clear(said: str, maker: str | None) -> None:
    assert maker_of(said) == maker


@pytest.mark.parametrize(
    ("registered", "mac", "drift"),
    [
        ("海康威视", "54:af:97:00:00:01", True),
        ("海康威视", "04:03:12:00:00:01", False),
        ("浪潮", "00:1b:21:00:00:01", False),
        ("海康威视", "00:1b:21:00:00:01", False),
        ("", "54:af:97:00:00:01", False),
    ],
)
def test_a_router_where_a_camera_is_registered_is_drift(registered: str, mac: str, drift: bool) -> None:
    vendor = vendor_of(mac)
    assert vendor
    device = Device("", "10.0.0.1", 0.0, 1.0, True, [Fact("vendor", vendor, "oui", 80, 0.0, 1.0)])
    register = Register([Registered(1, Asset("局", "摄像机", (("", "10.0.0.1"),), vendor=registered))])
    _, found = compare([device], register, LedgerSettings())
    assert [(one.about, one.registered, one.seen) for one in found] == (
        [("vendor", registered, vendor)] if drift else []
    )
