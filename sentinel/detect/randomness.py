"""How much a text looks like chance or code rather than words."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

__all__ = ["entropy", "looks_enciphered", "looks_random", "registered_domain"]

_SECOND = frozenset("ac co com edu gov mil net ne or org go gob gouv nom sch".split())
"""Names below a country's domain under which one registers (https://publicsuffix.org/, the common ones)."""
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_VOWELS = frozenset("aeiouy")


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    length = len(text)
    if not length:
        return 0.0
    return -sum(count / length * math.log2(count / length) for count in Counter(text).values())


def looks_enciphered(data: str) -> bool:
    """Are the bytes (as Latin-1) like ciphertext or compressed data: nearly all different, and in no order?

    What ping programs fill with is in order: letters, or bytes that count up.
    """
    if len(data) < 24:
        return False
    follows = sum(ord(later) - ord(earlier) in (0, 1) for earlier, later in pairwise(data))
    return follows < len(data) / 8 and entropy(data) >= 0.88 * min(8.0, math.log2(len(data)))


@lru_cache(maxsize=1 << 14)
def registered_domain(name: str) -> str:
    """The part of a DNS name that somebody registered: two labels, three under the likes of `gov.cn`."""
    labels = name.rstrip(".").rsplit(".", 3)
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def looks_random(label: str) -> bool:
    """Does one label, or its longest part, look generated? Long, with few vowels, many digits or ever new letters."""
    label = max(label.split("-"), key=len)
    letters = sum(character.isalpha() for character in label)
    if len(label) < 7 or not letters:
        return False
    digits = sum(character.isdigit() for character in label)
    if digits > 0 and digits / len(label) >= 0.2 and len(label) >= 10:
        return True
    vowels = sum(character in _VOWELS for character in label)
    if _CONSONANTS.search(label) or vowels / letters < 0.2:
        return True
    return len(label) >= 12 and entropy(label) >= 3.3 and vowels / letters < 0.3
