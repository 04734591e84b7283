"""Modifiers as the specification has them where pySigma lacks them or reads them otherwise.

Sigma modifiers appendix 2.1.0. They take the place of pySigma's own in its table, once for the process.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

from sigma.modifiers import (
    SigmaCaseSensitiveModifier,
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaStartswithModifier,
    SigmaValueModifier,
    modifier_mapping,
)
from sigma.types import SigmaExpansion, SigmaNumber, SigmaRegularExpression, SigmaString, SpecialChars

__all__ = ["register_modifiers"]

_LITERAL_PERCENT = "\ue000"
_DASHES = "-/\u2013\u2014\u2015"
_FLAG = re.compile(rf"\B[{_DASHES}]\b")
"""A dash that begins a flag, rather than one inside a word."""
_MOST_FLAGS = 4
"""Flags of one value that are varied: five dashes each make 625 values."""


class EncodedString(SigmaString):
    """Text made of the bytes of another encoding: ASCII as itself, other bytes as surrogates (PEP 383)."""

    def __bytes__(self) -> bytes:
        return b"".join(part.encode("ascii", "surrogateescape") for part in self.s if isinstance(part, str))


class _Utf16(SigmaValueModifier[SigmaString, SigmaString]):
    """UTF-16 of any text, not of ASCII alone. Wildcards stay."""

    encoding = "utf-16-le"
    mark = b""

    def modify(self, val: SigmaString) -> SigmaString:
        encoded = EncodedString()
        encoded.s = [
            part.encode(self.encoding, "surrogatepass").decode("ascii", "surrogateescape")
            if isinstance(part, str)
            else part
            for part in val.s
        ]
        if self.mark:
            encoded.s = [self.mark.decode("ascii", "surrogateescape"), *encoded.s]
        return encoded


class _Utf16BigEndian(_Utf16):
    encoding = "utf-16-be"


class _Utf16Marked(_Utf16):
    mark = codecs.BOM_UTF16_LE


class _Expand(SigmaValueModifier[SigmaString | SigmaRegularExpression, SigmaString | SigmaRegularExpression]):
    r"""`%name%` becomes a placeholder; `\%` is a plain percent sign."""

    def modify(self, val: SigmaString | SigmaRegularExpression) -> SigmaString | SigmaRegularExpression:
        text = val.regexp if isinstance(val, SigmaRegularExpression) else val
        text.s = [part.replace("\\%", _LITERAL_PERCENT) if isinstance(part, str) else part for part in text.s]
        text.insert_placeholders()
        text.s = [part.replace(_LITERAL_PERCENT, "%") if isinstance(part, str) else part for part in text.s]
        return val


class _Windash(SigmaValueModifier[SigmaString, SigmaExpansion]):
    """Each dash that begins a flag in each of its five forms, whichever of them the rule wrote."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        variants: list[list[str | SpecialChars]] = [[]]
        varied = 0
        for part in val.s:
            if not isinstance(part, str):
                variants = [[*variant, part] for variant in variants]  # type: ignore[list-item]
                continue
            begin = 0
            for flag in _FLAG.finditer(part):
                if varied == _MOST_FLAGS:
                    break
                varied += 1
                before, begin = part[begin : flag.start()], flag.end()
                variants = [[*variant, before + dash] for variant in variants for dash in _DASHES]
            variants = [[*variant, part[begin:]] for variant in variants]
        return SigmaExpansion([_joined(variant) for variant in variants])


def _joined(parts: list[str | SpecialChars]) -> SigmaString:
    made = SigmaString()
    made.s = []
    for part in parts:
        if isinstance(part, str) and made.s and isinstance(made.s[-1], str):
            made.s[-1] += part
        elif part != "":
            made.s.append(part)
    return made


class _Textual(SigmaValueModifier[Any, Any]):
    """Generic modifiers are for every type of value: a number is taken by its text."""

    def apply(self, val: Any) -> list[Any]:
        return super().apply(SigmaString(str(val.number)) if isinstance(val, SigmaNumber) else val)


class _Contains(_Textual, SigmaContainsModifier):
    pass


class _StartsWith(_Textual, SigmaStartswithModifier):
    pass


class _EndsWith(_Textual, SigmaEndswithModifier):
    pass


class _Cased(_Textual, SigmaCaseSensitiveModifier):
    pass


def register_modifiers() -> None:
    """Put them into pySigma's table."""
    modifier_mapping.update(
        {
            "cased": _Cased,
            "contains": _Contains,
            "endswith": _EndsWith,
            "expand": _Expand,
            "startswith": _StartsWith,
            "utf16": _Utf16Marked,
            "utf16be": _Utf16BigEndian,
            "utf16le": _Utf16,
            "wide": _Utf16,
            "windash": _Windash,
        }
    )
