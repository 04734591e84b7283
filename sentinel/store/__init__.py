"""State: SQLite, one writer, committed before announced."""

from sentinel.store.alert import AlertStore
from sentinel.store.fault import StoreError, StoreUnavailable
from sentinel.store.position import PositionStore
from sentinel.store.settings import OutputSettings, StoreSettings
from sentinel.store.state import StateStore
from sentinel.store.writer import StoreWriter

__all__ = [
    "AlertStore",
    "OutputSettings",
    "PositionStore",
    "StateStore",
    "StoreError",
    "StoreSettings",
    "StoreUnavailable",
    "StoreWriter",
]
