"""Sigma detections evaluated slowly and plainly on the parsed YAML, from the specification alone.

https://github.com/SigmaHQ/sigma-specification 2.1.0: sigma-rules-specification, sigma-appendix-modifiers. Nothing of
the engine or of pySigma is used here, so that where both agree, both are likely right.
"""

from __future__ import annotations

import base64
import datetime
import fnmatch
import ipaddress
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["matches"]

Event = Mapping[str, Any]
ABSENT = object()
ANY_RUN, ANY_ONE = object(), object()
DASHES = "-/\u2013\u2014\u2015"


def matches(rule: Mapping[str, Any], event: Event) -> bool:
    """Is the rule's detection true of the event, whatever the logsource?"""
    detection = rule["detection"]
    conditions = detection["condition"]
    searches = {name: search for name, search in detection.items() if name not in ("condition", "timeframe")}
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        if Condition(str(condition), searches, event).holds():
            return True
    return False


class Condition:
    """`a and not (b or 1 of c*)`, read from left to right; `not` binds closest, then `and`, then `or`."""

    def __init__(self, text: str, searches: Mapping[str, Any], event: Event) -> None:
        self.words = re.findall(r"[()]|[^\s()]+", text)
        self.searches = searches
        self.event = event
        self.place = 0

    def holds(self) -> bool:
        answer = self.either()
        assert self.place == len(self.words), self.words
        return answer

    def peek(self) -> str:
        return self.words[self.place].lower() if self.place < len(self.words) else ""

    def take(self) -> str:
        self.place += 1
        return self.words[self.place - 1]

    def either(self) -> bool:
        answer = self.both()
        while self.peek() == "or":
            self.take()
            answer = self.both() or answer
        return answer

    def both(self) -> bool:
        answer = self.one()
        while self.peek() == "and":
            self.take()
            answer = self.one() and answer
        return answer

    def one(self) -> bool:
        if self.peek() == "not":
            self.take()
            return not self.one()
        if self.peek() == "(":
            self.take()
            answer = self.either()
            assert self.take() == ")"
            return answer
        word = self.take()
        if self.peek() == "of":
            self.take()
            return self.of(word.lower(), self.take())
        return holds(self.searches[word], self.event)

    def of(self, number: str, pattern: str) -> bool:
        names = [
            name
            for name in self.searches
            if (pattern == "them" and not name.startswith("_"))
            or (pattern != "them" and fnmatch.fnmatchcase(name, pattern))
        ]
        answers = [holds(self.searches[name], self.event) for name in names]
        return all(answers) if number == "all" else any(answers)


def holds(search: Any, event: Event) -> bool:
    """A mapping: all its fields; a list: one of its members; text alone: a keyword."""
    if isinstance(search, Mapping):
        return all(field_holds(str(key), value, event) for key, value in search.items())
    if isinstance(search, list):
        return any(holds(member, event) for member in search)
    return keyword_holds(search, [], event)


def field_holds(key: str, wanted: Any, event: Event) -> bool:
    field, *modifiers = key.split("|")
    values = wanted if isinstance(wanted, list) else [wanted]
    every = "all" in modifiers
    modifiers = [modifier for modifier in modifiers if modifier != "all"]
    if not field:
        answers = [keyword_holds(value, modifiers, event) for value in values]
    else:
        answers = [value_holds(field, value, modifiers, event) for value in values]
    return all(answers) if every else any(answers)


def keyword_holds(wanted: Any, modifiers: list[str], event: Event) -> bool:
    test = test_of(wanted, [*modifiers, "contains"])
    return any(test(text) for text in texts(event))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def value_holds(field: str, wanted: Any, modifiers: list[str], event: Event) -> bool:
    found = lookup(event, field)
    if "exists" in modifiers:
        return (found is not ABSENT) is bool(wanted)
    if "fieldref" in modifiers:
        other = lookup(event, wanted)
        return any(referred(a, b, modifiers) for a in items(found) for b in items(other))
    if wanted is None:
        return found is ABSENT or found is None
    test = test_of(wanted, modifiers)
    return any(test(item) for item in items(found))


def lookup(event: Any, field: str) -> Any:
    if not isinstance(event, Mapping):
        return ABSENT
    if field in event:
        return event[field]
    head, dot, rest = field.partition(".")
    return lookup(event[head], rest) if dot and head in event else ABSENT


def items(found: Any) -> list[Any]:
    if found is ABSENT or found is None:
        return []
    return list(itertools.chain.from_iterable(map(items, found))) if isinstance(found, list) else [found]


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def referred(value: Any, other: Any, modifiers: list[str]) -> bool:
    a, b = as_text(value).lower(), as_text(other).lower()
    if "startswith" in modifiers:
        return a.startswith(b)
    if "endswith" in modifiers:
        return a.endswith(b)
    return b in a if "contains" in modifiers else a == b


def test_of(wanted: Any, modifiers: list[str]) -> Callable[[Any], bool]:
    """What one value of a rule asks of one plain value of an event."""
    for modifier in modifiers:
        if modifier in COMPARISONS:
            return lambda value: compared(value, wanted, COMPARISONS[modifier])
        if modifier in TIME_PARTS:
            return lambda value: (
                (moment := time_of(value)) is not None and TIME_PARTS[modifier](moment) == int(wanted)
            )
    if "re" in modifiers:
        flags = sum(FLAGS[name] for name in modifiers if name in FLAGS)
        return lambda value: (
            not isinstance(value, Mapping) and re.search(str(wanted), as_text(value), flags) is not None
        )
    if "cidr" in modifiers:
        return lambda value: in_network(value, wanted)
    if isinstance(wanted, bool) and not modifiers:
        return lambda value: (
            value is wanted or (isinstance(value, str) and value.lower() == str(wanted).lower())
        )
    if isinstance(wanted, (int, float)) and not modifiers:
        return lambda value: equal_number(value, wanted)
    patterns = variants([pattern_of(as_text(wanted))], modifiers)
    cased = "cased" in modifiers

    def test(value: Any) -> bool:
        if isinstance(value, Mapping):  # is there, and has no text
            return [ANY_RUN] in patterns
        return any(like(as_text(value), pattern, cased) for pattern in patterns)

    return test


FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}


TIME_PARTS: dict[str, Callable[[datetime.datetime], int]] = {
    "minute": lambda moment: moment.minute,
    "hour": lambda moment: moment.hour,
    "day": lambda moment: moment.day,
    "week": lambda moment: moment.isocalendar().week,
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}


def time_of(value: Any) -> datetime.datetime | None:
    """Seconds since 1970 are in UTC; a text without an offset too."""
    try:
        if isinstance(value, str):
            return datetime.datetime.fromisoformat(value.strip())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = value / 1000 if value > 1e11 else value  # later than the year 5000: milliseconds
            return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def compared(value: Any, wanted: Any, compare: Callable[[float, float], bool]) -> bool:
    try:
        return not isinstance(value, bool) and compare(float(value), float(wanted))
    except (TypeError, ValueError):
        return False


def equal_number(value: Any, wanted: float) -> bool:
    if isinstance(value, str):
        return value == str(wanted)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == wanted


def in_network(value: Any, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(wanted)
    except ValueError:
        return False


Pattern = list[Any]
"""Characters, and `ANY_RUN` (`*`) and `ANY_ONE` (`?`)."""


def pattern_of(text: str) -> Pattern:
    """A backslash takes the meaning from `*`, `?` and another backslash; before anything else it is itself."""
    pattern: Pattern = []
    place = 0
    while place < len(text):
        character, following = text[place], text[place + 1 : place + 2]
        if character == "\\" and following in ("*", "?", "\\"):
            pattern.append(following)
            place += 2
            continue
        pattern.append({"*": ANY_RUN, "?": ANY_ONE}.get(character, character))
        place += 1
    return pattern


def variants(patterns: list[Pattern], modifiers: list[str]) -> list[Pattern]:
    """What modifiers make of a pattern, one after the other."""
    for modifier in modifiers:
        patterns = [changed for pattern in patterns for changed in VARIANTS[modifier](pattern)]
    return patterns


def windash(pattern: Pattern) -> list[Pattern]:
    """Every dash or slash that begins a parameter may be any of the five."""
    choices = []
    for place, character in enumerate(pattern):
        begins = (
            character in ("-", "/")
            and (place == 0 or not is_word(pattern[place - 1]))
            and place + 1 < len(pattern)
            and is_word(pattern[place + 1])
        )
        choices.append(DASHES if begins else [character])
    return [list(choice) for choice in itertools.product(*choices)]


def is_word(character: Any) -> bool:
    return isinstance(character, str) and (character.isalnum() or character == "_")


def plain(pattern: Pattern) -> str:
    assert all(isinstance(character, str) for character in pattern)
    return "".join(pattern)


def base64offset(pattern: Pattern) -> list[Pattern]:
    data = plain(pattern).encode()
    found = []
    for offset in range(3):
        encoded = base64.b64encode(b" " * offset + data).decode()
        found.append(list(encoded[(0, 2, 3)[offset] : (None, -3, -2)[(offset + len(data)) % 3]]))
    return found


VARIANTS: dict[str, Callable[[Pattern], list[Pattern]]] = {
    "contains": lambda pattern: [[ANY_RUN, *pattern, ANY_RUN]],
    "startswith": lambda pattern: [[*pattern, ANY_RUN]],
    "endswith": lambda pattern: [[ANY_RUN, *pattern]],
    "cased": lambda pattern: [pattern],
    "windash": windash,
    "base64": lambda pattern: [list(base64.b64encode(plain(pattern).encode()).decode())],
    "base64offset": base64offset,
    "wide": lambda pattern: [list(plain(pattern).encode("utf-16-le").decode("latin-1"))],
}


def like(text: str, pattern: Pattern, cased: bool) -> bool:
    """Match piece by piece between the runs: the leftmost place that fits is as good as any later one."""
    if not cased:
        text = text.lower()
        pattern = [c.lower() if isinstance(c, str) else c for c in pattern]
    pattern = [
        letter for c in pattern for letter in (c if isinstance(c, str) else [c])
    ]  # a letter's lower case may be two
    pieces: list[Pattern] = [[]]
    for character in pattern:
        if character is ANY_RUN:
            pieces.append([])
        else:
            pieces[-1].append(character)
    if len(pieces) == 1:
        return len(text) == len(pattern) and fits(text, 0, pattern)
    first, *inner, last = pieces
    if len(text) < len(first) + len(last) or not fits(text, 0, first):
        return False
    if not fits(text, len(text) - len(last), last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in inner:
        while place + len(piece) <= end and not fits(text, place, piece):
            place += 1
        if place + len(piece) > end:
            return False
        place += len(piece)
    return True


def fits(text: str, place: int, piece: Pattern) -> bool:
    return all(c is ANY_ONE or text[place + n] == c for n, c in enumerate(piece))
