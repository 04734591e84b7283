"""The operating system behind what a device lets slip when it asks for an address."""

from __future__ import annotations

import re

__all__ = ["system_of_dhcp"]

_CLASSES = (
    (re.compile(r"MSFT 5\.0\Z"), "Windows"),
    (re.compile(r"android-dhcp-(\d+)"), r"Android \1"),
    (re.compile(r"HUAWEI:android"), "Android"),
    (re.compile(r"dhcpcd\S*:Linux"), "Linux"),
    (re.compile(r"udhcp "), "Linux (BusyBox)"),
    (re.compile(r"Hewlett-Packard (?:JetDirect|OfficeJet|LaserJet)"), "HP printer"),
    (re.compile(r"Cisco Systems, Inc\. IP Phone"), "Cisco IP phone"),
    (re.compile(r"PXEClient"), "PXE"),
)
"""Option 60 (RFC 2132 §9.13): most clients name themselves."""
_LISTS = {
    "1,3,6,15,31,33,43,44,46,47,119,121,249,252": "Windows 10/11",
    "1,3,6,15,31,33,43,44,46,47,121,249,252": "Windows 8/10",
    "1,15,3,6,44,46,47,31,33,121,249,43": "Windows 7",
    "1,15,3,6,44,46,47,31,33,121,249,43,252": "Windows 7",
    "1,15,3,6,44,46,47,31,33,249,43": "Windows XP",
    "1,3,6,15,119,252": "iOS",
    "1,121,3,6,15,119,252": "iOS",
    "1,121,3,6,15,108,114,119,252": "iOS",
    "1,3,6,15,119,95,252,44,46": "macOS",
    "1,121,3,6,15,119,252,95,44,46": "macOS",
    "1,121,3,6,15,114,119,252,95,44,46": "macOS",
    "1,121,3,6,15,108,114,119,252,95,44,46": "macOS",
    "1,33,3,6,15,28,51,58,59": "Android",
    "1,33,3,6,15,26,28,51,58,59": "Android",
    "1,3,6,15,26,28,51,58,59": "Android",
    "1,3,6,15,26,28,51,58,59,43": "Android",
    "1,3,6,15,26,28,51,58,59,43,114": "Android",
    "1,3,6,15,26,28,51,58,59,43,114,108": "Android",
    "1,28,2,3,15,6,119,12,44,47,26,121,42": "Linux",
    "1,28,2,3,15,6,12": "Linux",
    "1,3,6,12,15,28,42": "Linux (BusyBox)",
    "1,2,6,12,15,26,28,121,3,33,40,41,42,119,249,252,17": "Linux (NetworkManager)",
}
"""Option 55 (RFC 2132 §9.8): what is asked for, in order, is built into each client."""


def system_of_dhcp(vendor_class: str | None, wanted: str | None) -> str | None:
    """The system, by the options a client asks for (`1,3,6,15`), or by what it calls itself."""
    if wanted in _LISTS:
        return _LISTS[wanted]
    for pattern, system in _CLASSES:
        if found := pattern.match(vendor_class or ""):
            return found.expand(system)
    return None
