"""LDAP search filters (RFC 4511 section 4.5.1.7) written as text in the manner of RFC 4515."""

from __future__ import annotations

from typing import Final

from sentinel.protocol import der

__all__ = ["filter_text"]

MAX_DEPTH: Final = 24
MAX_LENGTH: Final = 4096
"""Characters of text, after which `…` says that more came."""

_COMPARISONS: Final = {0xA3: "=", 0xA5: ">=", 0xA6: "<=", 0xA8: "~="}
_SIGNS: Final = {0xA0: "&", 0xA1: "|", 0xA2: "!"}
_PLAIN: Final = bytes(range(0x20, 0x7F))


class _Text:
    """Pieces of text, and how much room there is for more."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.room = MAX_LENGTH

    def add(self, piece: str) -> None:
        if self.room > 0:
            self.pieces.append(piece if len(piece) <= self.room else piece[: self.room] + "…")
            self.room -= len(piece)


def filter_text(data: bytes, node: der.Node) -> str:
    """The filter as `(&(objectclass=*)(cn=x*))`; what is nested too deep is `(…)`."""
    text = _Text()
    _write(text, data, node, 0)
    return "".join(text.pieces)


def _write(text: _Text, data: bytes, node: der.Node, depth: int) -> None:
    tag = node[0]
    if depth > MAX_DEPTH or text.room <= 0:
        text.add("(…)")
    elif tag in _SIGNS:
        text.add("(" + _SIGNS[tag])
        for child in der.children(data, node):
            if text.room <= 0:
                break
            _write(text, data, child, depth + 1)
        text.add(")")
    elif tag in _COMPARISONS:
        parts = [data[begin:end] for _, _, begin, end in der.children(data, node)]
        name, value = (*parts, b"", b"")[:2]
        text.add(f"({_value(name)}{_COMPARISONS[tag]}{_attribute(name, value)})")
    elif tag == 0x87:
        text.add(f"({_value(data[node[2] : node[3]])}=*)")
    elif tag == 0xA4:
        text.add(_substrings(data, node))
    elif tag == 0xA9:
        text.add(_extensible(data, node))
    else:
        text.add("(?)")


def _substrings(data: bytes, node: der.Node) -> str:
    name, pieces = "", ""
    for index, child in enumerate(der.children(data, node)):
        if index == 0:
            name = _value(data[child[2] : child[3]])
        elif index == 1:
            for tag, _, begin, end in der.children(data, child):
                piece = _value(data[begin:end])
                if tag == 0x80:
                    pieces = piece
                elif tag == 0x81:
                    pieces += "*" + piece
                else:
                    return f"({name}={pieces}*{piece})"
    return f"({name}={pieces}*)"


def _extensible(data: bytes, node: der.Node) -> str:
    rule = name = value = whole = ""
    for tag, _, begin, end in der.children(data, node):
        content = data[begin:end]
        if tag == 0x81:
            rule = ":" + _value(content)
        elif tag == 0x82:
            name = _value(content)
        elif tag == 0x83:
            value = _value(content)
        elif tag == 0x84 and content != b"\x00":
            whole = ":dn"
    return f"({name}{whole}{rule}:={value})"


def _attribute(name: bytes, value: bytes) -> str:
    """A value, those of some binary attributes in their usual form."""
    if name == b"NtVer" and len(value) == 4:
        return f"0x{int.from_bytes(value, 'little'):08x}"
    if name.lower() == b"objectsid" and len(value) >= 8 and len(value) == 8 + 4 * value[1]:
        parts = [int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4)]
        return "-".join(map(str, ["S", value[0], int.from_bytes(value[2:8], "big"), *parts]))
    return _value(value)


def _value(raw: bytes) -> str:
    """Text as it is; bytes that are none, and RFC 4515's own signs, as `\\xx`."""
    raw = raw[:MAX_LENGTH]
    if not raw.translate(None, _PLAIN):
        text = raw.decode("ascii")
        if not any(sign in text for sign in "*()\\"):
            return text
        return "".join(f"\\{ord(sign):02x}" if sign in "*()\\" else sign for sign in text)
    try:
        text = raw.decode("utf-8")
        if text.isprintable():
            return text
    except UnicodeDecodeError:
        pass
    return "".join(f"\\{byte:02x}" for byte in raw)
