"""Device ledger: what the network shows, what people registered, and where the two differ."""

from sentinel.ledger.account import LedgerAccount
from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Device, Fact
from sentinel.ledger.fault import LedgerError
from sentinel.ledger.finding import Findings
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.register import Register, Registered
from sentinel.ledger.seen import Seen
from sentinel.ledger.settings import LedgerSettings
from sentinel.ledger.store import LedgerStore

__all__ = [
    "Asset",
    "Device",
    "Fact",
    "Findings",
    "Ledger",
    "LedgerAccount",
    "LedgerError",
    "LedgerSettings",
    "LedgerStore",
    "Register",
    "Registered",
    "Seen",
]
