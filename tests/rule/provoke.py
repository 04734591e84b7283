"""Events made of a rule's own strings: some for which it holds, some that miss by one character, field or sort.

Nothing here knows what is right: the oracle and the engine say that, each for itself.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["provoke"]

_PADDING = ("", "", " ", "x", "C:\\", "é", "中", "\n", "K", "-")
_ANYTHING = ("", None, 0, 1, 1.5, True, "true", "x", [], ["", "x"], {"inner": "x"}, "10.1.2.3", "\u212a")


def provoke(rule: Mapping[str, Any], draw: random.Random) -> dict[str, Any]:
    """One event."""
    searches = {name: search for name, search in rule["detection"].items() if name != "condition"}
    names = list(searches)
    wanted = [name for name in names if not re.match(r"_?(filter|exclu|falsepos)", name)] or names
    if draw.random() < 0.3:
        wanted = draw.sample(names, draw.randint(1, len(names)))
    elif draw.random() < 0.4:
        wanted = draw.sample(wanted, draw.randint(1, len(wanted)))
    event: dict[str, Any] = {}
    for name in draw.sample(wanted, len(wanted)):
        _satisfy(searches[name], event, draw)
    for _ in range(draw.choice((0, 0, 0, 1, 1, 2))):
        _spoil(event, draw)
    return event


def _satisfy(search: Any, event: dict[str, Any], draw: random.Random) -> None:
    if isinstance(search, Mapping):
        for key, value in search.items():
            _set(str(key), value, event, draw)
    elif isinstance(search, list):
        if search:
            _satisfy(draw.choice(search), event, draw)
    else:
        _add("message", _text(search, ["contains"], draw), event, draw)


def _set(key: str, value: Any, event: dict[str, Any], draw: random.Random) -> None:
    field, *modifiers = key.split("|")
    values = value if isinstance(value, list) else [value]
    if not values:
        return
    chosen = values if "all" in modifiers else [draw.choice(values)]
    for one in chosen:
        if "exists" in modifiers:
            event.update({field: draw.choice(("x", None, ""))} if one else {})
        elif one is None:
            if draw.random() < 0.5:
                event[field] = None
        elif "fieldref" in modifiers:
            event[field] = event.setdefault(str(one), "same")
        elif isinstance(one, (int, float)) and not {"contains", "startswith", "endswith"} & set(modifiers):
            event[field] = _number(one, modifiers, draw)
        elif not field:
            _add("message", _text(one, [*modifiers, "contains"], draw), event, draw)
        else:
            _add(field, _text(one, modifiers, draw), event, draw)


def _number(value: float, modifiers: list[str], draw: random.Random) -> Any:
    if {"gt", "gte", "lt", "lte"} & set(modifiers):
        value += draw.choice((-1, 0, 1))
    return draw.choice((value, value, str(value)))


def _add(field: str, text: str, event: dict[str, Any], draw: random.Random) -> None:
    """Several demands on one field: one text after the other, so that `contains` and one end may all hold."""
    former = event.get(field)
    if isinstance(former, str) and former and draw.random() < 0.9:
        text = former + text if draw.random() < 0.5 else text + former
    event[field] = text


def _text(value: Any, modifiers: list[str], draw: random.Random) -> str:
    text = str(value)
    if "re" in modifiers:
        return _of_regex(text, draw)
    if "cidr" in modifiers:
        head = text.split("/")[0]
        return head if draw.random() < 0.5 else re.sub(r"[0-9a-f]+$", str(draw.randrange(256)), head)
    text = re.sub(r"\\([*?\\])", lambda match: {"*": "\1", "?": "\2", "\\": "\3"}[match[1]], text)
    text = re.sub(r"\*", lambda _: draw.choice(_PADDING), text)
    text = text.replace("?", draw.choice("aé?")).replace("\1", "*").replace("\2", "?").replace("\3", "\\")
    if "windash" in modifiers:
        text = re.sub(r"\B[-/]\b", lambda _: draw.choice("-/\u2013\u2014\u2015"), text)
    if "wide" in modifiers:
        text = text.encode("utf-16-le").decode("latin-1")
    if "base64offset" in modifiers:
        text = base64.b64encode(
            b"xyz"[: draw.randrange(3)] + text.encode("latin-1", "replace") + b"tail"
        ).decode()
    elif "base64" in modifiers:
        text = base64.b64encode(text.encode("latin-1", "replace")).decode()
    if "contains" in modifiers or "endswith" in modifiers:
        text = draw.choice(_PADDING) + text
    if "contains" in modifiers or "startswith" in modifiers:
        text += draw.choice(_PADDING)
    if draw.random() < 0.4:
        text = draw.choice((str.upper, str.lower, str.swapcase))(text)
    return text


def _of_regex(regex: str, draw: random.Random) -> str:
    """Something near what a simple regex asks for: classes and groups by a guess, quantifiers once."""
    text = re.sub(r"\(\?[a-z]*[:=!<]*|[()^$]", "", regex)
    text = text.split("|")[0] if draw.random() < 0.5 else text.split("|")[-1]
    text = re.sub(r"\[([^\]])[^\]]*\]", r"\1", text)
    text = re.sub(r"(?<!\\)\.[*+]?", lambda _: draw.choice(("", "a", " b ")), text)
    text = re.sub(r"(?<!\\)\{(\d+)[^}]*\}|(?<!\\)[*+?]", "", text)
    classes = {"d": "1", "w": "a", "s": " ", "b": "", "S": "z", "W": "-", "D": "z"}
    return re.sub(r"\\(.)", lambda match: classes.get(match[1], match[1]), text)


def _spoil(event: dict[str, Any], draw: random.Random) -> None:
    if not event:
        return
    field = draw.choice(list(event))
    value = event[field]
    sort = draw.randrange(9)
    if sort == 0:
        del event[field]
    elif sort == 1:
        event[field] = draw.choice(_ANYTHING)
    elif sort == 2:
        event[field] = ["other", value] if draw.random() < 0.5 else [value]
    elif sort == 3 and "." in field:
        head, _, rest = field.partition(".")
        del event[field]
        if not isinstance(event.get(head), Mapping):
            event[head] = {}
        event[head][rest] = value
    elif sort == 4:
        event["message"] = draw.choice((event.get("message"), field, value))
    elif isinstance(value, str) and value:
        place = draw.randrange(len(value))
        changed = draw.choice(("", "", "~", value[place] * 2, value[place].swapcase()))
        event[field] = value[:place] + changed + value[place + 1 :]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        event[field] = draw.choice((str(value), value + 1, float(value), -value))
