"""Text for people: every sentence by its id, from one catalogue per language.

A message id is dotted (`config.unknown-key`); `locale/<language>.po` holds its sentence with `{names}` for the
values. Ids stay the same in all languages, so logs can be searched by them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sentinel.locale.catalogue import catalogue, read_catalogue

__all__ = ["LANGUAGES", "Message", "MessageError", "current_language", "speaking", "text", "use_language"]

LANGUAGES = {"zh": "zh_CN", "en": "en"}
"""Languages people can choose, and the locale of each. The first is the default."""

_catalogues: dict[str, dict[str, str]] = {}
_language = "zh"


def use_language(language: str) -> None:
    """Speak `language` (a key of `LANGUAGES`) from now on, in the whole process."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(language)
    _language = language


def current_language() -> str:
    """The language spoken now: `zh` or `en`."""
    return _language


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` for a while, then the former one again."""
    former = _language
    use_language(language)
    try:
        yield
    finally:
        use_language(former)


def text(id: str, /, **values: object) -> str:
    """The sentence `id` in the current language with `values` in their places."""
    template = _sentences(_language).get(id, id)
    try:
        return template.format_map(values)
    except (KeyError, ValueError, IndexError):
        return f"{template} {values}"


class Message:
    """A sentence that is put into words only when someone reads it, in that reader's language."""

    __slots__ = ("id", "values")

    def __init__(self, id: str, /, **values: object) -> None:
        self.id = id
        self.values = values

    def __str__(self) -> str:
        return text(self.id, **self.values)

    def __repr__(self) -> str:
        return f"Message({self.id!r}, {self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.id, self.values) == (other.id, other.values)

    __hash__ = None  # type: ignore[assignment]


class MessageError(Exception):
    """What cannot be done; `message` tells people why, and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


def _sentences(language: str) -> dict[str, str]:
    found = _catalogues.get(language)
    if found is None:
        found = _catalogues[language] = read_catalogue(catalogue(LANGUAGES[language]))
    return found
