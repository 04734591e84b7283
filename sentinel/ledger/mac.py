"""What a MAC address tells of who made it."""

from __future__ import annotations

__all__ = ["is_random", "is_shared"]

_STEADY = ("52:54:00", "02:42:")
"""Locally administered, but given by a hypervisor (QEMU) or container engine and kept."""
_SHARED = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:00:", "02:42:")
"""VRRP (RFC 9568 §7.3), HSRP and GLBP: routers take turns with it. Container engines make theirs of the address."""


def is_random(mac: str) -> bool:
    """Made up by a phone or computer for itself (IEEE 802c: bit 2 of the first byte), to be another one next week."""
    return mac[1] in "2367abef" and not mac.startswith(_STEADY)


def is_shared(mac: str) -> bool:
    """Used by several devices, in turn or at once: it names none of them."""
    return mac.startswith(_SHARED)
