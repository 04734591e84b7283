"""Windows events as XML (`<Event xmlns=…>`), as `wevtutil`, forwarders and python-evtx write them."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree

__all__ = ["is_event_xml", "read_event_xml"]

_LONGEST: Final = 1 << 20
_DEEPEST: Final = 16


def is_event_xml(text: str) -> bool:
    """Whether a line is one event."""
    return text.startswith("<Event") and text[6:7] in " >\t" and text.rstrip().endswith("</Event>")


def read_event_xml(text: str) -> dict[str, Any] | None:
    """The event in the nesting of python-evtx (`{"Event": {"System": …}}`); None where it is damaged.

    A document type is refused: entities that grow (and outside files) stand in one.
    """
    if len(text) > _LONGEST or "<!" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None
    event = _nested(root, 0)
    return {"Event": event} if isinstance(event, dict) else None


def _nested(element: ElementTree.Element, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    fields: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _nested(child, depth + 1)
        if name in fields:
            held = fields[name]
            if isinstance(held, list):
                held.append(value)
            else:
                fields[name] = [held, value]
        else:
            fields[name] = value
    text = (element.text or "").strip()
    if not fields:
        return text
    if text:
        fields["#text"] = text
    return fields


def _local(name: str) -> str:
    return name.rpartition("}")[2]
