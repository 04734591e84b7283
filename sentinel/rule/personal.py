"""Numbers that stand for people and firms in text: found, checked, counted; never kept as they are.

Citizen numbers (GB 11643-1999: eighteen places, ISO 7064 MOD 11-2), unified social credit codes (GB 32100-2015,
modulo 31) and mobile numbers. What leaves this module is a digest of 32 bits, which many numbers share: enough to
tell some thousands apart, too little to find a person by.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["citizen_numbers", "credit_codes", "digests", "masked", "mobile_numbers"]

# What must not stand before is asked last: a pattern that begins with what it looks for is found much faster.
_CITIZEN: Final = re.compile(
    r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"(?![0-9A-Za-z])(?<![0-9A-Za-z].{18})",
    re.DOTALL,
)
_CITIZEN_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))
_CITIZEN_CHECKS: Final = "10X98765432"
_CREDIT: Final = re.compile(
    r"[159Y][1-39][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])(?<![0-9A-Za-z].{18})", re.DOTALL
)
_CREDIT_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}(?![0-9A-Za-z])(?<![0-9A-Za-z].{11})", re.DOTALL)

Finder = Callable[[str], Iterator[str]]


def citizen_numbers(text: str) -> Iterator[str]:
    """The citizen numbers in a text, as often as they stand there, with their last place in upper case."""
    for found in _CITIZEN.findall(text):
        total = sum(int(digit) * weight for digit, weight in zip(found, _CITIZEN_WEIGHTS, strict=False))
        if _CITIZEN_CHECKS[total % 11] == found[17].upper():
            yield found.upper()


def credit_codes(text: str) -> Iterator[str]:
    """The unified social credit codes in a text. Some early ones have a wrong last place, and are not found."""
    for found in _CREDIT.findall(text):
        values = map(_CREDIT_LETTERS.index, found)
        total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=False))
        if _CREDIT_LETTERS[-total % 31] == found[17]:
            yield found


def mobile_numbers(text: str) -> Iterator[str]:
    """The mobile numbers in a text, without prefix; nothing tells them from other numbers of eleven places."""
    yield from _MOBILE.findall(text)


def digests(text: str | None, find: Finder) -> list[str] | None:
    """A digest of each different number that `find` finds; None where there is none."""
    if not text:
        return None
    return [_digest(number) for number in dict.fromkeys(find(text))] or None


def masked(text: str) -> str:
    """The text with the middle of each citizen number and mobile number made unreadable."""
    text = _CITIZEN.sub(lambda found: f"{found[0][:6]}{'*' * 10}{found[0][-2:]}", text)
    return _MOBILE.sub(lambda found: f"{found[0][:3]}****{found[0][-4:]}", text)


def _digest(number: str) -> str:
    return hashlib.blake2b(number.encode(), digest_size=4, person=b"sentinel").hexdigest()
