"""GB/T 20986-2023's categories of incidents, and the seven of GB/Z 20986-2007 that older plans still name."""

from __future__ import annotations

from typing import Final

from sentinel.incident.subcategory import SUBCATEGORIES

__all__ = ["CATEGORIES", "MAJORS", "SUFFERING_ORIGINATORS", "major_of", "names_of", "old_category"]

MAJORS: Final = {
    "MP": ("恶意程序事件", "Malware", "有害程序事件"),
    "NA": ("网络攻击事件", "Network attack", "网络攻击事件"),
    "DS": ("数据安全事件", "Data security", "信息破坏事件"),
    "IC": ("信息内容安全事件", "Content security", "信息内容安全事件"),
    "DE": ("设备设施故障事件", "Equipment fault", "设备设施故障"),
    "RO": ("违规操作事件", "Violation of rules", "其他事件"),
    "SHE": ("安全隐患事件", "Hidden danger", "其他事件"),
    "AB": ("异常行为事件", "Abnormal behaviour", "其他事件"),
    "FOC": ("不可抗力事件", "Force majeure", "灾害性事件"),
    "OTH": ("其他事件", "Other", "其他事件"),
}
"""By code: the name, its English, and the old category that it falls under. Table 1 and annex A of the two."""

CATEGORIES: Final = {code: major for code, (major, *_) in SUBCATEGORIES.items()}
"""The major category of every code."""
_ALTERED_PAGES: Final = ("NAWEBMOD", "NALINK")
"""GB/Z 20986-2007 names changed pages as an example of 信息篡改, which is 信息破坏."""

SUFFERING_ORIGINATORS: Final = frozenset(
    "MPEVIR MPWORM MPTROJ MPZOMB MPMINER MPRANS NAHACKED NABACKDOOR DSDATALEAK DSDATASTEAL ABTRAFFIC".split()
)
"""Codes of alerts whose originator is the machine in trouble: it calls out, it spreads."""


def major_of(code: str | None) -> str:
    """The major category of a code; `OTH` for one that the standard does not have."""
    return CATEGORIES.get(code or "", "OTH")


def old_category(code: str | None) -> str:
    """The name of the category of GB/Z 20986-2007."""
    return MAJORS["DS" if code in _ALTERED_PAGES else major_of(code)][2]


def names_of(code: str | None) -> tuple[str, str]:
    """A code in words, Chinese and English: major and subcategory."""
    chinese, english, _ = MAJORS[major_of(code)]
    major, *names = SUBCATEGORIES.get(code or "", SUBCATEGORIES["OTH"])
    return (chinese, english) if major == "OTH" else (f"{chinese}·{names[0]}", f"{english}: {names[1]}")
