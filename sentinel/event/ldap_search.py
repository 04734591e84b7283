"""`ldap_search`: one LDAP search with the count of what it found (Zeek's ldap_search.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["LdapSearch"]


class LdapSearch(FlowEvent, kw_only=True):
    """One search."""

    kind: ClassVar[str] = "ldap_search"

    message_id: int
    scope: str | None = None
    """`base`, `single` or `tree`."""
    deref_aliases: str | None = None
    """`never`, `searching`, `finding` or `always`."""
    base_object: str | None = None
    result_count: int
    """Entries that came."""
    result: str | None = None
    diagnostic_message: str | None = None
    filter: str | None = None
    """In the manner of RFC 4515."""
    attributes: list[str] | None = None
    """What was asked for of each entry."""
