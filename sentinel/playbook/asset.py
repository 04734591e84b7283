"""Classes of assets, as the register words them: which start a playbook, which nobody cuts off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from sentinel.ledger import LedgerStore
from sentinel.store.session import reading

__all__ = ["CII", "Asset", "Protected", "is_of_class"]

CII: Final = "CII"
"""The class of critical information infrastructure, whatever its category."""


class Asset(Protocol):
    """As much of a registered asset as its class depends on."""

    @property
    def category(self) -> str: ...
    @property
    def cii(self) -> bool: ...


def is_of_class(asset: Asset, name: str) -> bool:
    """`*` is every class; `服务器` is that of 应用服务器 too; `CII` that of critical information infrastructure."""
    return name == "*" or (asset.cii if name == CII else name.casefold() in asset.category.casefold())


class Protected:
    """Whether an address belongs to a registered asset that is never cut off, in whichever zone.

    The register is read anew each time. CII is always protected; an asset whose class nobody filled in is, as soon as
    any class is: nobody can tell what would be cut off.
    """

    def __init__(self, store: Path, classes: Sequence[str], session: Callable[..., Any] = reading) -> None:
        self._store = store
        self._classes = classes
        self._session = session

    def __call__(self, address: str) -> bool:
        """Raises StoreError where the register cannot be read."""
        rows = self._session(self._store, lambda database: LedgerStore(database.conn).at(address))
        return self.any_of(row.asset for row in rows)

    def any_of(self, assets: Iterable[Asset]) -> bool:
        """Whether one of `assets` is protected."""
        return any(
            asset.cii or (self._classes and not asset.category) or self._is_of_any(asset) for asset in assets
        )

    def _is_of_any(self, asset: Asset) -> bool:
        return any(is_of_class(asset, name) for name in self._classes)
