"""Names of LDAP's numbers (RFC 4511), spelt as Zeek spells them."""

from __future__ import annotations

from typing import Final

__all__ = ["DEREFERENCES", "EXTENSIONS", "RESULTS", "SCOPES"]

SCOPES: Final = {0: "base", 1: "single", 2: "tree"}

DEREFERENCES: Final = {0: "never", 1: "searching", 2: "finding", 3: "always"}

EXTENSIONS: Final = {
    "1.3.6.1.4.1.1466.20037": "StartTLS",
    "1.3.6.1.4.1.4203.1.11.1": "modify password",
    "1.3.6.1.4.1.4203.1.11.3": "whoami",
    "1.3.6.1.1.8": "cancel",
}

RESULTS: Final = {
    0: "success",
    1: "operations error",
    2: "protocol error",
    3: "time limit exceeded",
    4: "size limit exceeded",
    5: "compare false",
    6: "compare true",
    7: "auth method not supported",
    8: "stronger auth required",
    9: "partial results",
    10: "referral",
    11: "admin limit exceeded",
    12: "unavailable critical extension",
    13: "confidentiality required",
    14: "SASL bind in progress",
    16: "no such attribute",
    17: "undefined attribute type",
    18: "inappropriate matching",
    19: "constraint violation",
    20: "attribute or value exists",
    21: "invalid attribute syntax",
    32: "no such object",
    33: "alias problem",
    34: "invalid DN syntax",
    36: "alias dereferencing problem",
    48: "inappropriate authentication",
    49: "invalid credentials",
    50: "insufficient access rights",
    51: "busy",
    52: "unavailable",
    53: "unwilling to perform",
    54: "loop detect",
    60: "sort control missing",
    61: "offset range error",
    64: "naming violation",
    65: "object class violation",
    66: "not allowed on non-leaf",
    67: "not allowed on RDN",
    68: "entry already exists",
    69: "object class mods prohibited",
    70: "results too large",
    71: "affects multiple DSAs",
    76: "control error",
    80: "other",
    118: "canceled",
    119: "no such operation",
    120: "too late",
    121: "cannot cancel",
    122: "assertion failed",
    123: "authorization denied",
}
