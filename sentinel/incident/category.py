"""GB/T 20986-2023's categories of incidents, and the seven of GB/Z 20986-2007 that older plans still name.

The codes of the subcategories come from a platform's list; check them against the standard's annex B.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CATEGORIES", "MAJORS", "SUFFERING_ORIGINATORS", "major_of", "old_category"]

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

_SUBCATEGORIES: Final = {
    "MP": "MPEVIR MPWORM MPTROJ MPZOMB MPWEB MPHOST MPRANS MPMINER MPHYBR MPOTH",
    "NA": "NASCAN NAPHISH NAEXPLOIT NABACKDOOR NABACKIMPL NACRED NASIGINT NADOS NAWEBMOD NALINK NADNSHIJ"
    " NATRANSFER NADNSPOLL NAWLANH NATRAFHIJ NABGPATT NABRDCAST NAHACKED NASUPPLY NAAPT NAOTH",
    "DS": "DSDATAALTER DSDATAFAKE DSDATALEAK DSSOCENG DSDATASTEAL DSDATAINTER DSLOCDETECT DSDATAPOLL"
    " DSDATAABUSE DSPRIVACY DSDATALOSS DSOTH",
    "IC": "ICRADICAL ICTERROR ICPORN ICFAKENEWS ICRIGHTS ICSPAM ICFRAUD ICOTH",
    "DE": "DETECH DEACCFAC DEPHYS DERADINT DEOTH",
    "RO": "ROPABUSE ROPFAKE ROPDENY ROPINTENT ROPMISTAKE ROPUAVAIL ROPNOUNAUTH ROPO",
    "SHE": "SHEVULN SHECONFIG SHEOTH",
    "AB": "ABACCESS ABTRAFFIC ABOTH",
    "FOC": "FOCDISASTER FOCACCIDENT FOCHEALTH FOCSOCIALSEC FOCOTH",
    "OTH": "OTH",
}
CATEGORIES: Final = {code: major for major, codes in _SUBCATEGORIES.items() for code in codes.split()}
"""The major category of every code."""

SUFFERING_ORIGINATORS: Final = frozenset(
    "MPEVIR MPWORM MPTROJ MPZOMB MPMINER MPRANS NAHACKED NABACKDOOR DSDATALEAK DSDATASTEAL ABTRAFFIC".split()
)
"""Codes of alerts whose originator is the machine in trouble: it calls out, it spreads."""


def major_of(code: str | None) -> str:
    """The major category of a code; `OTH` for one that the standard does not have."""
    return CATEGORIES.get(code or "", "OTH")


def old_category(code: str | None) -> str:
    """The name of the category of GB/Z 20986-2007."""
    return MAJORS[major_of(code)][2]
