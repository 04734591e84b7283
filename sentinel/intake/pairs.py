"""Names with values in one line: key=value in its many spellings, CEF and LEEF."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["PairReader", "read_cef", "read_leef"]

_LEAST: Final = 2
"""Pairs that a line must have to count as one of pairs."""
_NUMBER: Final = re.compile(r"\(\d+\)$")
"""Some vendors number their names: `SrcIPAddr(1003)`."""
_CEF: Final = re.compile(
    r"CEF:\s*\d+(?:\.\d+)?\|"
    r"((?:\\.|[^\\|])*)\|((?:\\.|[^\\|])*)\|((?:\\.|[^\\|])*)\|((?:\\.|[^\\|])*)\|((?:\\.|[^\\|])*)\|([^|]*)(?:\|(.*))?$",
    re.DOTALL,
)
_CEF_HEAD: Final = (
    "DeviceVendor",
    "DeviceProduct",
    "DeviceVersion",
    "DeviceEventClassID",
    "Name",
    "Severity",
)
_CEF_NAME: Final = re.compile(r"(?:^|(?<=\s))([\w.\-\[\]]+)=")
_CEF_ESCAPE: Final = re.compile(r"\\([\\|=])")
_CEF_VALUE_ESCAPE: Final = re.compile(r"\\([\\|=nr])")
_CEF_ESCAPED: Final = {"n": "\n", "r": "\r"}
_LEEF: Final = re.compile(r"LEEF:\s*([12](?:\.\d)?)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$", re.DOTALL)
_LEEF_DELIMITER: Final = re.compile(r"(0?x[0-9A-Fa-f]{1,4}|[^|\w\s]|\\t)?\|", re.DOTALL)


class PairReader:
    """Reads lines of pairs: `pair` stands between a name and its value, `separator` between two pairs.

    Values may be in double quotes. `prefix` is a regular expression for what stands before the pairs; its
    named groups are fields as well, and a line that it does not fit is none of these.
    """

    def __init__(self, pair: str, separator: str, prefix: str | None = None) -> None:
        between, apart = re.escape(pair), re.escape(separator.strip()) or r"\s"
        blanks = apart == r"\s"
        # A name is tried only where a pair may begin: otherwise long words cost their length squared.
        begin = r"(?:^|(?<=[\s,;(\[]))" if blanks else rf"(?:^|(?<=[{apart}]))\s*"
        name = rf"([^\s{between}\",;(\[]+)" if blanks else rf"([^\s{apart}{between}\"][^{apart}{between}\"]*)"
        tail = r"\S*" if blanks else rf"[^{apart}]*"
        around = "" if blanks else r"\s*"
        value = rf"(?:\"((?:\\.|[^\"\\])*)\"|({tail}))"
        self._pairs = re.compile(f"{begin}{name}[{between}]{around}{value}")
        self._prefix = re.compile(prefix) if prefix else None

    def read(self, line: str) -> dict[str, Any] | None:
        """Values by name; the first counts where a name stands twice. None where there are too few pairs."""
        fields: dict[str, Any] = {}
        if self._prefix is not None:
            match = self._prefix.search(line)
            if match is None:
                return None
            fields.update(match.groupdict())
            line = line[match.end() :]
        count = 0
        for name, quoted, plain in self._pairs.findall(line):
            count += 1
            fields.setdefault(_NUMBER.sub("", name.strip()), (quoted or plain).strip())
        return fields if count >= _LEAST or (self._prefix is not None and count) else None


def read_cef(line: str) -> dict[str, Any] | None:
    """ArcSight's Common Event Format: its seven header parts, then the extension's pairs.

    `cs1Label=…` and the like name the value that stands under `cs1`; it is given under that name too.
    """
    start = line.find("CEF:")
    match = _CEF.match(line, start) if start >= 0 else None
    if match is None:
        return None
    fields: dict[str, Any] = dict(
        zip(_CEF_HEAD, (_CEF_ESCAPE.sub(r"\1", part) for part in match.groups()[:6]), strict=True)
    )
    extension = match[7] or ""
    names = list(_CEF_NAME.finditer(extension))
    ends = [*(following.start() for following in names[1:]), len(extension)][: len(names)]
    for name, end in zip(names, ends, strict=True):
        fields.setdefault(name[1], _unescaped(extension[name.end() : end].strip()))
    for label in [name for name in fields if name.endswith("Label")]:
        told = fields.get(label.removesuffix("Label"))
        if told is not None:
            fields.setdefault(str(fields[label]), told)
    return fields


def _unescaped(value: str) -> str:
    return _CEF_VALUE_ESCAPE.sub(lambda found: _CEF_ESCAPED.get(found[1], found[1]), value)


def read_leef(line: str) -> dict[str, Any] | None:
    """IBM's Log Event Extended Format 1.0 and 2.0, the latter with its own delimiter."""
    start = line.find("LEEF:")
    match = _LEEF.match(line, start) if start >= 0 else None
    if match is None:
        return None
    version, vendor, product, product_version, event, rest = match.groups()
    fields: dict[str, Any] = {
        "DeviceVendor": vendor,
        "DeviceProduct": product,
        "DeviceVersion": product_version,
        "EventID": event,
    }
    delimiter = "\t"
    if version.startswith("2"):
        own = _LEEF_DELIMITER.match(rest)
        if own is not None:
            rest = rest[own.end() :]
            told = own[1] or "\t"
            delimiter = chr(int(told.lower().lstrip("0x") or "0", 16)) if "x" in told[:2].lower() else told
            delimiter = "\t" if delimiter == "\\t" else delimiter
    for pair in rest.split(delimiter):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            fields.setdefault(name.strip(), value.strip())
    return fields
