"""Classes of assets: the same alert weighs more on the certificate server than on a guest's telephone."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sentinel.event import Alert, Level
from sentinel.network import Networks
from sentinel.rule.settings import AssetSettings

__all__ = ["Assets"]

_LEVELS = tuple(Level)


class Assets:
    """The classes of the configuration. An address belongs to the first that names it."""

    def __init__(self, classes: Sequence[AssetSettings]) -> None:
        self._classes = [(one, Networks.plain(one.addresses), frozenset(one.zones)) for one in classes]

    def graded(self, alert: Alert) -> Alert:
        """The alert with the level that the class of its target (or else of its source) gives it.

        The level it had is in its fields.
        """
        found = self._class_of(alert, alert.dst) or self._class_of(alert, alert.src)
        if found is None:
            return alert
        fields = alert.fields | {"asset": found.name}
        rank = min(max(alert.level.rank + found.shift, 0), len(_LEVELS) - 1)
        if rank == alert.level.rank:
            return replace(alert, fields=fields)
        return replace(alert, level=_LEVELS[rank], fields=fields | {"level_before": alert.level.value})

    def _class_of(self, alert: Alert, address: str | None) -> AssetSettings | None:
        if address is None:
            return None
        for one, networks, zones in self._classes:
            if zones and alert.zone not in zones:
                continue
            if networks.hold(address) or (zones and not networks):
                return one
        return None
