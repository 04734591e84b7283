"""The register's columns: which headings mean which field, and what a cell of each may say."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from sentinel.ledger.asset import Asset
from sentinel.ledger.device import Key
from sentinel.text import Message, MessageError

__all__ = [
    "HEADINGS",
    "NEEDED",
    "UNREADABLE",
    "BadCell",
    "Headings",
    "clean",
    "is_heading",
    "read_addresses",
    "read_cell",
    "write_row",
]

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("资产编号", "设备编号", "编号", "资产编码", "单位内编码"),
    "name": ("设备名称", "资产名称", "名称"),
    "category": ("类别", "设备类型", "资产类别", "资产类型"),
    "addresses": ("IP地址", "IP", "设备IP", "内网IP"),
    "zone": ("区域", "网络区域", "所属网络"),
    "mac": ("MAC地址", "MAC", "物理地址"),
    "department": ("责任单位", "单位", "部门", "所属单位", "使用单位"),
    "responsible": ("责任人", "负责人", "责任人姓名", "管理员", "使用人"),
    "phone": ("联系电话", "电话", "手机", "责任人电话", "联系方式"),
    "location": ("位置", "安装位置", "存放地点", "物理位置"),
    "system": ("业务系统", "所属系统", "系统名称"),
    "protection_level": ("等保级别", "等级保护级别", "等保等级"),
    "access_class": ("接入类别", "接入用户类别"),
    "developer": ("开发商", "承建单位", "开发单位"),
    "product": ("产品名称", "产品", "软件名称"),
    "version": ("版本", "版本号", "产品版本"),
    "vendor": ("厂商", "品牌", "生产厂家"),
    "model": ("型号", "规格型号"),
    "serial_no": ("序列号", "SN"),
    "os": ("操作系统",),
    "cii": ("关键信息基础设施", "是否关基", "关基"),
    "note": ("备注", "说明"),
}
"""Headings that are understood without configuration; the first is the one an export writes."""

NEEDED = ("department", "name", "responsible", "phone")
"""Fields without which nothing is registered, besides an address."""

UNREADABLE = "\ufffd"
"""Stands where a file's bytes are no character."""

_LONGEST = 500
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
"""What a spreadsheet shows where a formula has no value."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SEPARATORS = re.compile(r"[,;、\s/|]+")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+\Z", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d\-() ]{5,20}(转\d{1,6})?\Z")
_MAC = re.compile(r"[0-9a-f]{12}\Z")
_LEVELS = {**{str(number): str(number) for number in range(1, 6)}}
_LEVELS |= {f"{word}级": str(number) for number, word in enumerate("一二三四五", 1)}
_LEVELS |= {f"第{word}级": str(number) for number, word in enumerate("一二三四五", 1)}
_LEVELS |= {word: str(number) for number, word in enumerate("一二三四五", 1)} | {
    f"{number}级": str(number) for number in range(1, 6)
}
_NONE = frozenset({"", "-", "/", "无", "未定级", "N/A"})
_YES = {"是": "1", "有": "1", "Y": "1", "YES": "1", "√": "1", "否": "", "N": "", "NO": ""}


class BadCell(MessageError):
    """A cell that cannot be what its column says; its text tells why."""


class Headings:
    """Finds the field of a heading, and the heading of a field; a site's own, as `使用科室=责任单位`, come first."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        chosen = [(name, field) for name, field in map(_heading, own) if field is not None]
        self._fields = _KNOWN | {_folded(name): field for name, field in chosen}
        self._written: dict[str, str] = {}
        for field, names in HEADINGS.items():
            candidates = (*(name for name, its in chosen if its == field), *names)
            means_it = (name for name in candidates if self.field(name) == field)
            self._written[field] = next(means_it, field)

    def field(self, heading: str) -> str | None:
        """The field that a heading names."""
        return self._fields.get(_folded(heading))

    def heading(self, field: str) -> str:
        """What people call a field."""
        return self._written[field]

    def row(self) -> list[str]:
        """The headings that an export writes, one for each field, in the order of `HEADINGS`."""
        return list(self._written.values())


def is_heading(said: str) -> bool:
    """Whether a setting says what a heading means: `使用科室=责任单位`, or `使用科室=department`."""
    name, field = _heading(said)
    return bool(name) and field is not None


def _heading(said: str) -> tuple[str, str | None]:
    name, _, meaning = said.partition("=")
    meaning = meaning.strip()
    return name.strip(), meaning if meaning in HEADINGS else _KNOWN.get(_folded(meaning))


def clean(value: object) -> str:
    """A cell as text: full-width signs made narrow, white space at the ends gone, whole numbers without a point.

    Control signs, which no workbook can hold, become spaces. What is clean stays as it is.
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return _CONTROL.sub(" ", unicodedata.normalize("NFKC", str(value)).replace("\r\n", "\n")).strip()


def read_cell(field: str, written: str) -> str:
    """What a clean cell of a field means. Raises BadCell."""
    if len(written) > _LONGEST:
        raise BadCell(Message("asset.bad.too-long", most=_LONGEST))
    if UNREADABLE in written:
        raise BadCell(Message("asset.bad.unreadable"))
    if written.upper() in _ERRORS:
        raise BadCell(Message("asset.bad.formula"))
    read = _READERS.get(field)
    return written if read is None else read(written)


def read_addresses(written: str, zone: str = "") -> tuple[Key, ...]:
    """The addresses in a cell, in canonical form, each once: of `zone` where they do not say `10.1.0.5@another`.

    Raises BadCell.
    """
    found: dict[Key, None] = {}
    for part in filter(None, _SEPARATORS.split(written)):
        address, said, own_zone = part.partition("@")
        try:
            found[own_zone if said else zone, str(ipaddress.ip_address(address))] = None
        except ValueError:
            raise BadCell(Message("asset.bad.address", got=part)) from None
    return tuple(found)


def write_row(asset: Asset) -> list[str]:
    """The cells of an asset in the order of `HEADINGS`; reading them gives the same asset."""
    zones = {zone for zone, _ in asset.addresses}
    zone = zones.pop() if len(zones) == 1 else ""
    cells = {
        "addresses": ", ".join(
            address if own == zone else f"{address}@{own}" for own, address in asset.addresses
        ),
        "zone": zone,
        "protection_level": f"{'一二三四五'[int(asset.protection_level) - 1]}级"
        if asset.protection_level
        else "",
        "cii": "是" if asset.cii else "否",
    }
    return [cells[field] if field in cells else getattr(asset, field) for field in HEADINGS]


def _phone(written: str) -> str:
    if _SCIENTIFIC.match(written):
        raise BadCell(Message("asset.bad.scientific"))
    if written in _NONE:
        return ""
    for part in filter(None, re.split(r"[,;、/\n]+", written)):
        if not _PHONE.match(part.strip()):
            raise BadCell(Message("asset.bad.phone"))
    return written


def _mac(written: str) -> str:
    if written in _NONE:
        return ""
    digits = re.sub(r"[:\-. ]", "", written.lower())
    if not _MAC.match(digits):
        raise BadCell(Message("asset.bad.mac"))
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _level(written: str) -> str:
    if written in _NONE:
        return ""
    level = _LEVELS.get(written.removeprefix("等保"))
    if level is None:
        raise BadCell(Message("asset.bad.level"))
    return level


def _class(written: str) -> str:
    letter = written.upper().removesuffix("类")
    if written in _NONE:
        return ""
    if letter not in ("A", "B", "C", "D", "E", "F"):
        raise BadCell(Message("asset.bad.class"))
    return letter


def _yes(written: str) -> str:
    if written in _NONE:
        return ""
    answer = _YES.get(written.upper())
    if answer is None:
        raise BadCell(Message("asset.bad.yes"))
    return answer


_READERS: dict[str, Callable[[str], str]] = {
    "phone": _phone,
    "mac": _mac,
    "protection_level": _level,
    "access_class": _class,
    "cii": _yes,
}


def _folded(heading: str) -> str:
    return re.sub(r"[\s*::()]", "", unicodedata.normalize("NFKC", heading)).upper()


_KNOWN = {_folded(name): field for field, names in HEADINGS.items() for name in names}
