"""Topics of MQTT and the filters that they are subscribed by (MQTT 5.0, section 4.7)."""

from __future__ import annotations

__all__ = ["is_filter", "matched"]

_LONGEST = 65535


def is_filter(written: str) -> bool:
    """Is it a filter? `+` and `#` fill whole levels, `#` only the last one. Shared subscriptions are none of ours."""
    levels = written.split("/")
    return (
        0 < len(written.encode()) <= _LONGEST
        and "\0" not in written
        and not written.startswith("$share/")
        and all(level == "+" or "+" not in level for level in levels)
        and "#" not in "".join(levels[:-1])
        and (levels[-1] == "#" or "#" not in levels[-1])
    )


def matched(filter: str, topic: str) -> tuple[str, ...] | None:
    """What the wildcards of `filter` stand for in `topic`, in their order; None where it does not match."""
    asked, given = filter.split("/"), topic.split("/")
    if topic.startswith("$") and asked[0] in ("+", "#"):
        return None  # section 4.7.2
    found: list[str] = []
    for number, level in enumerate(asked):
        if level == "#":
            return (*found, "/".join(given[number:]))
        if number >= len(given) or level not in ("+", given[number]):
            return None
        if level == "+":
            found.append(given[number])
    return tuple(found) if len(asked) == len(given) else None
