"""Systems that name themselves or ask for options in an order of their own."""

from __future__ import annotations

import pytest

from sentinel.ledger.system import system_of_dhcp


@pytest.mark.parametrize(
    ("vendor_class", "wanted", "system"),
    [
        ("MSFT 5.0", "1,3,6,15,31,33,43,44,46,47,119,121,249,252", "Windows 10/11"),
        ("MSFT 5.0", "1,2,3", "Windows"),
        ("android-dhcp-13", "1,3", "Android 13"),
        ("dhcpcd-9.4.1:Linux-6.1.0:x86_64:GenuineIntel", None, "Linux"),
        ("udhcp 1.36.1", "1,3,6,12,15,28,42", "Linux (BusyBox)"),
        (None, "1,121,3,6,15,119,252", "iOS"),
        (None, "1,3,6,15,119,95,252,44,46", "macOS"),
        (None, "1,33,3,6,15,26,28,51,58,59", "Android"),
        (None, "1,3,6,12,15,28,42", "Linux (BusyBox)"),
        (None, "1,28,2,3,15,6,119,12,44,47,26,121,42", "Linux"),
        ("MSFT 5.07", None, None),
        (None, None, None),
    ],
)
def test_the_system_of_a_client(vendor_class: str | None, wanted: str | None, system: str | None) -> None:
    assert system_of_dhcp(vendor_class, wanted) == system
