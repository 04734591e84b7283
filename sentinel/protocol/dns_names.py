"""Names of DNS numbers, as Zeek writes them (IANA "Domain Name System (DNS) Parameters")."""

from __future__ import annotations

from typing import Final

__all__ = ["CLASSES", "RCODES", "TYPES", "class_name", "type_name"]

_FROM_ONE: Final = (
    "A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT NSAP NSAP-PTR SIG "
    "KEY PX GPOS AAAA LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT A6 DNAME SINK OPT APL DS SSHFP IPSECKEY "
    "RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA"
)
_FROM_55: Final = "HIP NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS"
_FROM_99: Final = "SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64"
_FROM_249: Final = "TKEY TSIG IXFR AXFR MAILB MAILA * URI CAA"
TYPES: Final[dict[int, str]] = {
    **dict(enumerate(_FROM_ONE.split(), start=1)),
    **dict(enumerate(_FROM_55.split(), start=55)),
    **dict(enumerate(_FROM_99.split(), start=99)),
    **dict(enumerate(_FROM_249.split(), start=249)),
    32768: "TA",
    32769: "DLV",
    65281: "WINS",
    65282: "WINS-R",
    65422: "XPF",
    65521: "INTEGRITY",
}
"""Resource record and query types."""

CLASSES: Final[dict[int, str]] = {
    1: "C_INTERNET",
    2: "C_CSNET",
    3: "C_CHAOS",
    4: "C_HESIOD",
    254: "C_NONE",
    255: "C_ANY",
}

RCODES: Final[tuple[str, ...]] = (
    "NOERROR",
    "FORMERR",
    "SERVFAIL",
    "NXDOMAIN",
    "NOTIMP",
    "REFUSED",
    "YXDOMAIN",
    "YXRRSET",
    "NXRRSet",
    "NOTAUTH",
    "NOTZONE",
    *(f"unassigned-{code}" for code in range(11, 16)),
)
"""Response codes 0 to 15."""


def type_name(number: int) -> str:
    """Name of a query type; `query-<number>` for one without."""
    return TYPES.get(number) or f"query-{number}"


def class_name(number: int) -> str:
    """Name of a query class; `qclass-<number>` for one without (mDNS sets the top bit)."""
    return CLASSES.get(number) or f"qclass-{number}"
