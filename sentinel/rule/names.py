"""What documents can be called in references: their id, or their `name`."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel.rule.fault import Fault
from sentinel.rule.rule import Document

__all__ = ["Names"]


class Names:
    """Finds documents. An id wins over a name, and a name that two have means neither."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_id: dict[str, Document] = {}
        self._by_name: dict[str, list[Document]] = {}
        for document in documents:
            self._by_id.setdefault(document.id.lower(), document)
            if document.name is not None:
                self._by_name.setdefault(document.name, []).append(document)

    def find(self, reference: str) -> Document | Fault:
        """The document, or why there is none."""
        found = self._by_id.get(reference.lower())
        if found is not None:
            return found
        named = self._by_name.get(reference, ())
        if len(named) == 1:
            return named[0]
        if named:
            return Fault.of("reference-of-many", reference=reference, number=len(named))
        return Fault.of("reference-of-none", reference=reference)
