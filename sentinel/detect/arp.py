"""ARP (RFC 826, RFC 5227): addresses with two owners, a gateway that moved, sweeps, answers nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.targets import Targets
from sentinel.event import Arp, Notice
from sentinel.network import NetworkSet
from sentinel.text import text

__all__ = ["ArpWatch"]

_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:07:b4:")
"""Addresses that move by design: VRRP (RFC 9568 §7.3), HSRP, GLBP."""
_ASKED = 4.0
"""Seconds in which an answer belongs to a question."""
_MOST_OWNERS = 4


class _Address:
    """Who claimed one address, and when last."""

    __slots__ = ("last", "moves", "owners", "quiet_until", "returned")

    def __init__(self) -> None:
        self.owners: dict[str, float] = {}
        self.last = ""
        self.moves = 0
        self.returned: list[float] = []
        """When the address went back to an owner it had just left."""
        self.quiet_until = float("-inf")

    @property
    def weight(self) -> int:
        return 1 + self.moves


class _Question:
    __slots__ = ("ts",)
    weight = 0

    def __init__(self) -> None:
        self.ts = float("-inf")


class ArpWatch(Detector):
    """`ARP::Spoofing` where an address goes to and fro between two owners, `ARP::Address_Conflict` where two
    claim it, `ARP::Gateway_Changed` for configured gateways, `ARP::Sweep`, `ARP::Unsolicited_Replies`.
    """

    name: ClassVar[str] = "arp"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._gateways = NetworkSet(self.settings.arp.gateways)
        self._addresses = self.table(_Address)
        self._askers = self.table(Targets, 0.5)
        self._questions = self.table(_Question, 0.5)
        self._answerers = self.table(Targets, 0.25)
        self.reads = {"arp": self._see}

    def _see(self, events: Sequence[Arp]) -> Iterator[Notice]:
        for event in events:
            place = event.zone if event.vlan is None else (event.zone, event.vlan)
            if event.sender_ip != "0.0.0.0":
                yield from self._claim(event, place)
            if event.operation == "request":
                self._questions.at((place, event.sender_ip, event.target_ip)).ts = event.ts
                yield from self._ask(event, place)
            elif event.operation == "reply":
                yield from self._answer(event, place)

    def _claim(self, event: Arp, place: Any) -> Iterator[Notice]:
        mac, ts = event.sender_mac, event.ts
        address = self._addresses.at((place, event.sender_ip))
        before, address.last = address.last, mac
        known = mac in address.owners
        if not known and len(address.owners) >= _MOST_OWNERS:
            del address.owners[min(address.owners, key=lambda owner: address.owners[owner])]
        last_seen = address.owners.get(mac, ts)
        address.owners[mac] = ts
        if not before or before == mac or mac.startswith(_VIRTUAL) or before.startswith(_VIRTUAL):
            return
        address.moves += 1
        window = self.settings.arp.window
        if known and ts - last_seen <= window:
            address.returned = [when for when in address.returned if when >= ts - window] + [ts]
        if ts < address.quiet_until:
            return
        if len(address.returned) >= self.settings.arp.returns:
            note = "Spoofing"
        elif event.sender_ip in self._gateways:
            note = "Gateway_Changed"
        elif event.operation != "request" and ts - address.owners.get(before, ts - window - 1) <= window:
            note = "Address_Conflict"
        else:
            return
        if note != "Address_Conflict":
            address.quiet_until = ts + self.settings.quiet
        elif address.moves > 1:
            return
        msg = text("detect.arp-owner", address=event.sender_ip, former=before, mac=mac)
        yield self._told(
            event,
            note,
            msg,
            f"{before}, {mac}",
            address.moves,
            {
                "moves": address.moves,
                "returns": len(address.returned),
                "threshold": self.settings.arp.returns,
            },
        )

    def _ask(self, event: Arp, place: Any) -> Iterator[Notice]:
        arp, ts = self.settings.arp, event.ts
        if event.sender_ip in self.scene.excused or event.sender_ip in self._gateways:
            return
        asked = self._askers.at((place, event.sender_mac))
        if not asked.add(event.target_ip, ts, arp.asked, arp.window) or ts < asked.quiet_until:
            return
        if found := asked.reached(arp.asked, ts, arp.ask_window):
            asked.quiet_until = ts + self.settings.quiet
            msg = text("detect.arp-sweep", mac=event.sender_mac, address=event.sender_ip, number=found)
            figures = {"addresses": found, "threshold": arp.asked, "window_seconds": arp.ask_window}
            yield self._told(event, "Sweep", msg, asked.shown(), found, figures)

    def _answer(self, event: Arp, place: Any) -> Iterator[Notice]:
        arp, ts = self.settings.arp, event.ts
        question = self._questions.find((place, event.target_ip, event.sender_ip))
        if question is not None and abs(ts - question.ts) <= _ASKED:
            return
        answers = self._answerers.at((place, event.sender_mac, event.sender_ip))
        answers.add(round(ts, 3), ts, arp.unsolicited, arp.window)
        found = answers.reached(arp.unsolicited, ts, arp.window)
        if not found or ts < answers.quiet_until:
            return
        answers.quiet_until = ts + self.settings.quiet
        msg = text(
            "detect.arp-unsolicited",
            mac=event.sender_mac,
            address=event.sender_ip,
            target=event.target_ip,
            number=found,
        )
        figures = {"replies": found, "threshold": arp.unsolicited, "window_seconds": arp.window}
        yield self._told(event, "Unsolicited_Replies", msg, event.target_ip, found, figures)

    def _told(
        self, event: Arp, note: str, msg: str, sub: str, number: int, figures: dict[str, Any]
    ) -> Notice:
        return self.notice(
            f"ARP::{note}",
            event.ts,
            msg=msg,
            sub=sub,
            src=event.sender_ip,
            dst=event.target_ip if event.target_ip != event.sender_ip else None,
            n=number,
            zone=event.zone,
            figures={**figures, "mac": event.sender_mac, "vlan": event.vlan},
        )
