"""Which zone each packet belongs to: networks of VPNs, VLANs and interfaces whose addresses may overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentinel.decode.packet import Vpn
from sentinel.flow.settings import ZoneSettings

__all__ = ["Zones"]

_VLANS: Final = 4097
"""VLAN ids, and -1 for none, one further up."""


class Zones:
    """The declared zones, by number from 1 on; number 0 is traffic of none.

    The innermost encapsulation decides: its VPN's zone, else its outer VLAN's, else the interface's.
    """

    def __init__(self, settings: Sequence[ZoneSettings], interface: str = "") -> None:
        self._names = ["", *(zone.name for zone in settings)]
        self._of_vlan = np.zeros(_VLANS, np.uint16)
        vpns: dict[int, int] = {}
        rest = 0
        for number, zone in enumerate(settings, 1):
            self._of_vlan[[vlan + 1 for vlan in zone.vlans]] = number
            for kind, members in (
                (Vpn.VNI, zone.vnis),
                (Vpn.LABEL, zone.labels),
                (Vpn.GRE_KEY, zone.gre_keys),
            ):
                vpns |= {kind.column(member): number for member in members}
            if interface in zone.interfaces:
                rest = number
        self._of_vlan[self._of_vlan == 0] = rest
        self._uniform = bool((self._of_vlan == rest).all()) and not vpns
        self._rest = rest
        # Sorted, with an end that no packet has, so that every search finds a place.
        ordered = [*sorted(vpns.items()), ((1 << 63) - 1, 0)]
        self._vpns = np.array([vpn for vpn, _ in ordered], np.int64)
        self._of_vpn = np.array([number for _, number in ordered], np.uint16)

    def name(self, number: int) -> str | None:
        """The name of zone `number`; None for 0."""
        return self._names[number] or None

    def of(self, rows: NDArray[Any]) -> NDArray[np.uint16]:
        """The zone's number of each packet row."""
        if self._uniform:
            return np.full(len(rows), self._rest, np.uint16)
        found: NDArray[np.uint16] = self._of_vlan[rows["vlan"] + 1]
        if len(self._vpns) > 1:
            vpns = rows["vpn"]
            place = np.searchsorted(self._vpns, vpns)
            np.copyto(found, self._of_vpn[place], where=self._vpns[place] == vpns)
        return found
