"""One value of the configuration: its type, unit, range, choice, form."""

from __future__ import annotations

import difflib
from pathlib import Path

import yaml

from sentinel.config.bound import BOUNDS, FORMS, Bound
from sentinel.config.path import absolute
from sentinel.config.quantity import parse_duration, parse_number, parse_size, write_duration, write_size
from sentinel.text import Message

__all__ = ["Rejected", "read_scalar"]

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on"})
_PARSERS = {"seconds": parse_duration, "bytes": parse_size, "": parse_number}
_WRITERS = {"seconds": write_duration, "bytes": write_size, "": "{:.15g}".format}
_NO_BOUND = Bound()


class Rejected(ValueError):
    """A value that cannot be taken, with the reason and the remedy."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def read_scalar(kind: type, node: yaml.Node, key: str, root: Path) -> bool | int | float | str:
    """The value of `node` as `kind`, within the bounds of `key`. Raises Rejected."""
    bound = BOUNDS.get(key, _NO_BOUND)
    if not isinstance(node, yaml.ScalarNode):
        got = Message("config.type.mapping" if isinstance(node, yaml.MappingNode) else "config.type.list")
        raise _wrong_type(kind, bound, key, got)
    if kind is bool:
        return _truth(node, key)
    if kind is str:
        return _string(node, key, bound, root)
    return _number(kind, node, key, bound)


def _truth(node: yaml.ScalarNode, key: str) -> bool:
    if node.tag != _TAG + "bool":
        raise _wrong_type(bool, _NO_BOUND, key, _shown(node))
    return node.value.lower() in _TRUE


def _string(node: yaml.ScalarNode, key: str, bound: Bound, root: Path) -> str:
    value = str(node.value)
    if node.tag == _TAG + "null" and not node.style:
        raise _wrong_type(str, bound, key, Message("config.type.nothing"))
    if bound.choices:
        return _choice(value, key, bound)
    if node.tag != _TAG + "str":
        raise Rejected(Message("config.unquoted", key=key, got=value))
    if bound.form and not FORMS[bound.form](value):
        expected = Message(f"config.form.{bound.form}")
        raise Rejected(Message("config.wrong-form", key=key, got=value, expected=expected))
    if bound.must_exist and not Path(absolute(root, value)).exists():
        raise Rejected(Message("config.missing-file", key=key, path=absolute(root, value)))
    return value


def _choice(value: str, key: str, bound: Bound) -> str:
    if value in bound.choices:
        return value
    choices = ", ".join(bound.choices)
    near = difflib.get_close_matches(value.lower(), bound.choices, 1, 0.5)
    if near:
        raise Rejected(Message("config.wrong-choice-near", key=key, got=value, near=near[0], choices=choices))
    raise Rejected(Message("config.wrong-choice", key=key, got=value, choices=choices))


def _number(kind: type, node: yaml.ScalarNode, key: str, bound: Bound) -> int | float:
    value = _PARSERS[bound.unit](str(node.value))
    if value is None:
        if bound.unit and any(parse(str(node.value)) is not None for parse in (parse_duration, parse_size)):
            expected = _expected(kind, bound)
            raise Rejected(Message("config.wrong-unit", key=key, got=node.value, expected=expected))
        raise _wrong_type(kind, bound, key, _shown(node))
    if kind is int and value != int(value):
        raise _wrong_type(kind, bound, key, _shown(node))
    write = _WRITERS[bound.unit]
    low = 0 if bound.low is None else bound.low
    if value < low or (bound.high is not None and value > bound.high):
        high = "∞" if bound.high is None else write(bound.high)
        raise Rejected(Message("config.out-of-range", key=key, got=node.value, low=write(low), high=high))
    if value % bound.multiple and bound.multiple > 1:
        near = write(max(bound.multiple, value // bound.multiple * bound.multiple))
        step = write(bound.multiple)
        raise Rejected(Message("config.not-multiple", key=key, got=node.value, step=step, near=near))
    return int(value) if kind is int else float(value)


def _wrong_type(kind: type, bound: Bound, key: str, got: Message | str) -> Rejected:
    return Rejected(Message("config.wrong-type", key=key, expected=_expected(kind, bound), got=got))


def _expected(kind: type, bound: Bound) -> Message:
    if bound.unit:
        return Message("config.type.duration" if bound.unit == "seconds" else "config.type.size")
    return Message(f"config.type.{kind.__name__}")


def _shown(node: yaml.ScalarNode) -> Message | str:
    if node.tag == _TAG + "null" and not node.style:
        return Message("config.type.nothing")
    return str(node.value)[:60]
