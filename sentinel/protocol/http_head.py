"""The head of an HTTP/1 message (RFC 9112 §2): start line and header fields, and what is odd about them."""

from __future__ import annotations

from typing import Final

__all__ = ["ODDITIES", "Head", "read_head"]

Head = tuple[str, dict[str, str], list[str], list[str] | None]
"""Start line; value by name in upper case; names in order; oddities (keys of `ODDITIES`)."""

ODDITIES: Final[dict[str, str]] = {
    "BARE_CR": "line_terminated_with_single_CR",
    "BARE_LF": "line_terminated_with_single_LF",
    "CONFLICTING_CONTENT_LENGTH": "HTTP_conflicting_content_length",
    "BAD_CONTENT_LENGTH": "HTTP_bad_content_length",
    "CONTENT_LENGTH_AND_TRANSFER_ENCODING": "HTTP_content_length_and_transfer_encoding",
    "UNKNOWN_TRANSFER_ENCODING": "HTTP_unknown_transfer_encoding",
    "DUPLICATE_HOST": "HTTP_duplicate_host",
    "OBS_FOLD": "HTTP_folded_header",
    "SPACE_BEFORE_COLON": "HTTP_space_before_colon",
    "HEADER_WITHOUT_COLON": "HTTP_header_without_colon",
    "TOO_MANY_HEADERS": "HTTP_too_many_headers",
    "HEADER_TOO_LONG": "HTTP_header_too_long",
    "BAD_CHUNK_SIZE": "HTTP_bad_chunk_size",
}
"""Tag of an `http` event, and the `weird` that goes with it; Zeek's name where it has one."""

_MAX_HEADERS: Final = 256
_CODINGS: Final = frozenset(
    {"chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress", "identity", ""}
)


def read_head(block: bytes) -> Head:
    """Read a head without its empty line. Of a repeated Host or Content-Length the last counts."""
    try:
        text = block.decode()
    except UnicodeDecodeError:
        text = block.decode("latin-1")
    lines = text.split("\r\n")
    breaks = len(lines) - 1
    oddities: list[str] = []
    if (
        text.count("\n") != breaks
        or text.count("\r") != breaks
        or "\n " in text
        or "\n\t" in text
        or " :" in text
        or "\t:" in text
        or breaks > _MAX_HEADERS
    ):
        lines = _mended(text, oddities)
    headers: dict[str, str] = {}
    names: list[str] = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.upper()
        if name in headers:
            value = _repeated(name, headers[name], value.strip(" \t"), oddities)
        elif not colon:
            oddities.append("HEADER_WITHOUT_COLON")
            continue
        names.append(name)
        headers[name] = value.strip(" \t")
    length = headers.get("CONTENT-LENGTH")
    if length is not None and not (length.isdigit() and length.isascii() and len(length) < 19):
        _judge_length(length, headers, oddities)
    coding = headers.get("TRANSFER-ENCODING")
    if coding is not None:
        if length is not None:
            oddities.append("CONTENT_LENGTH_AND_TRANSFER_ENCODING")
        if any(part.strip() not in _CODINGS for part in coding.lower().split(",")):
            oddities.append("UNKNOWN_TRANSFER_ENCODING")
    return lines[0], headers, names, oddities or None


def _mended(text: str, oddities: list[str]) -> list[str]:
    """Lines of a head that breaks the rules, as a lenient receiver would read them."""
    plain = text.replace("\r\n", "\n")
    if plain.count("\n") != text.count("\r\n"):
        oddities.append("BARE_LF")
    if "\r" in plain:
        oddities.append("BARE_CR")
        plain = plain.replace("\r", " ")
    lines: list[str] = []
    for number, line in enumerate(plain.split("\n")):
        if number > _MAX_HEADERS:
            oddities.append("TOO_MANY_HEADERS")
            break
        if number and line[:1] in (" ", "\t") and len(lines) > 1:
            oddities.append("OBS_FOLD")
            lines[-1] += " " + line.strip(" \t")
            continue
        name, colon, value = line.partition(":")
        if number and colon and name != name.strip(" \t"):
            oddities.append("SPACE_BEFORE_COLON")
            line = name.strip(" \t") + colon + value
        lines.append(line)
    return lines


def _repeated(name: str, before: str, value: str, oddities: list[str]) -> str:
    """What two headers of one name come to."""
    if name == "CONTENT-LENGTH":
        if before != value:
            oddities.append("CONFLICTING_CONTENT_LENGTH")
        return value
    if name == "HOST":
        oddities.append("DUPLICATE_HOST")
        return value
    if name in ("USER-AGENT", "REFERER", "ORIGIN"):
        return value
    return f"{before}; {value}" if name == "COOKIE" else f"{before}, {value}"


def _judge_length(length: str, headers: dict[str, str], oddities: list[str]) -> None:
    """A Content-Length that is no number: of a list (RFC 9112 §6.3) the last, else 0."""
    conflict = len({part.strip() for part in length.split(",")}) > 1
    oddities.append("CONFLICTING_CONTENT_LENGTH" if conflict else "BAD_CONTENT_LENGTH")
    last = length.rpartition(",")[2].strip().lstrip("0") or "0"
    headers["CONTENT-LENGTH"] = last if last.isdigit() and last.isascii() and len(last) < 19 else "0"
