"""What argparse says by itself, in the language of the reader."""

from __future__ import annotations

import argparse
from typing import Final

from sentinel.text import text

__all__ = ["speak_usage"]

_SENTENCES: Final = {
    "usage: ": "head",
    "positional arguments": "arguments",
    "options": "options",
    "show this help message and exit": "help",
    "show program's version number and exit": "version",
    "argument %(argument_name)s: %(message)s": "argument",
    "%(prog)s: error: %(message)s\n": "error",
    "unrecognized arguments: %s": "unrecognized",
    "the following arguments are required: %s": "required",
    "one of the arguments %s is required": "one-required",
    "not allowed with argument %s": "not-beside",
    "expected one argument": "expected-one",
    "expected at most one argument": "expected-one",
    "expected at least one argument": "expected-some",
    "ambiguous option: %(option)s could match %(matches)s": "ambiguous",
    "ignored explicit argument %r": "no-value",
    "invalid %(type)s value: %(value)r": "value",
    "invalid choice: %(value)r (choose from %(choices)s)": "choice",
    "invalid choice: %(value)r, maybe you meant %(suggestion)r? (choose from %(choices)s)": "choice-near",
}
"""argparse's own sentences, and the ends of our ids for them. One it learns later stays as it is."""


def speak_usage() -> None:
    """Have argparse speak the current language, in the whole process.

    argparse takes its sentences from gettext, whose catalogues are compiled files that we do not have; the
    function it asks is the same.
    """
    argparse._ = _sentence  # type: ignore[attr-defined]


def _sentence(original: str) -> str:
    known = _SENTENCES.get(original)
    if known is None:
        return original
    ending = "\n" if original.endswith("\n") else ""
    return text(f"cli.usage.{known}") + ending
