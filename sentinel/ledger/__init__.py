"""Device ledger: what the network shows, what people registered, and where the two differ."""

from sentinel.ledger.device import Device, Fact
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.seen import Seen
from sentinel.ledger.settings import LedgerSettings
from sentinel.ledger.store import LedgerStore

__all__ = ["Device", "Fact", "Ledger", "LedgerSettings", "LedgerStore", "Seen"]
