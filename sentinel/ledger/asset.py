"""The asset as people registered it."""

from __future__ import annotations

import msgspec

from sentinel.ledger.device import Key

__all__ = ["FIELDS", "Asset"]


class Asset(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One row of the register (设备台账). What nobody filled in is empty. What was observed never changes it."""

    department: str
    name: str
    addresses: tuple[Key, ...]
    """Zone and address of each of its interfaces."""
    code: str = ""
    """Number within its department."""
    category: str = ""
    mac: str = ""
    responsible: str = ""
    phone: str = ""
    location: str = ""
    system: str = ""
    """The information system it belongs to."""
    protection_level: str = ""
    """等保 level, 1 to 5."""
    access_class: str = ""
    """How its network reaches others, A to F."""
    developer: str = ""
    product: str = ""
    version: str = ""
    vendor: str = ""
    model: str = ""
    serial_no: str = ""
    os: str = ""
    cii: bool = False
    """Critical information infrastructure."""
    note: str = ""


FIELDS = tuple(field.name for field in msgspec.structs.fields(Asset))
