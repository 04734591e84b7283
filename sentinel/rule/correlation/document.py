"""From a `correlation:` section to a Correlation. Raises DocumentFault where it cannot run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sentinel.rule.correlation.correlation import SECOND, Correlation, CorrelationType
from sentinel.rule.correlation.expression import (
    Bounds,
    Expression,
    members,
    parse_expression,
)
from sentinel.rule.fault import DocumentFault

__all__ = ["read_correlation"]

_TIMESPAN = re.compile(r"([0-9]{1,9})([smhdwMy])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}
"""Seconds; a month is a twelfth of the Gregorian year's 365.2425 days, as in pySigma."""


def read_correlation(document: Mapping[str, Any], heading: Mapping[str, Any]) -> Correlation:
    """The correlation in `document`; `heading` gives what it says of itself (the fields of `Document`)."""
    section = document.get("correlation")
    if not isinstance(section, Mapping):
        raise DocumentFault("correlation", "correlation-no-mapping")
    sort = _type(section.get("type"))
    rules = _names(section, "rules")
    condition = _condition(section.get("condition"), sort, rules)
    if isinstance(condition, Bounds):
        if not rules:
            raise DocumentFault("correlation", "correlation-no-rules")
    elif not rules:
        rules = tuple(dict.fromkeys(members(condition)))
    return Correlation(
        **heading,
        graded=document.get("level") is not None,
        type=sort,
        rules=rules,
        timespan=_timespan(section.get("timespan")),
        group_by=_names(section, "group-by"),
        aliases=_aliases(section.get("aliases")),
        condition=condition,
        fields=_fields(section, sort),
        percentile=_percentile(section, sort),
        generate=_flag(section.get("generate", False)),
    )


def _type(value: Any) -> CorrelationType:
    try:
        return CorrelationType(str(value).lower())
    except ValueError:
        known = ", ".join(CorrelationType)
        raise DocumentFault("type", "correlation-type", written=value, known=known) from None


def _names(section: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = section.get(key)
    if value is None:
        return ()
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, (str, int)) and not isinstance(name, bool) for name in names):
        raise DocumentFault(key, "no-names", key=key)
    return tuple(dict.fromkeys(map(str, names)))


def _timespan(value: Any) -> int:
    found = _TIMESPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise DocumentFault("timespan", "timespan", written=value)
    return int(found[1]) * _UNITS[found[2]] * SECOND


def _condition(value: Any, sort: CorrelationType, rules: tuple[str, ...]) -> Bounds | Expression:
    if value is None and sort.temporal:
        return Bounds((("gte", len(rules)),))
    if isinstance(value, str) and sort.temporal:
        return _of_its_rules(parse_expression(value), rules)
    if isinstance(value, Mapping):
        return Bounds.read(value)
    raise DocumentFault("condition", "condition-misfit", written=value, type=sort)


def _of_its_rules(expression: Expression, rules: tuple[str, ...]) -> Expression:
    named = set(members(expression))
    if rules and named != set(rules):
        odd = ", ".join(sorted(named ^ set(rules)))
        raise DocumentFault("condition", "rules-differ", odd=odd)
    return expression


def _aliases(value: Any) -> dict[str, dict[str, str]]:
    if value is None:
        return {}
    if isinstance(value, Mapping) and all(isinstance(names, Mapping) for names in value.values()):
        return {
            str(alias): {str(rule): str(field) for rule, field in names.items()}
            for alias, names in value.items()
        }
    raise DocumentFault("aliases", "aliases")


def _fields(section: Mapping[str, Any], sort: CorrelationType) -> tuple[str, ...]:
    if not sort.of_values:
        return ()
    condition = section["condition"]
    fields = _names(condition, "field") or _names(section, "field")
    if not fields:
        raise DocumentFault("condition", "field-missing", type=sort)
    if len(fields) > 1 and sort is not CorrelationType.VALUE_COUNT:
        raise DocumentFault("field", "fields-many", type=sort)
    return fields


def _percentile(section: Mapping[str, Any], sort: CorrelationType) -> float | None:
    if sort is not CorrelationType.VALUE_PERCENTILE:
        return None
    value = section["condition"].get("percentile")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not 0 <= number <= 100:
        raise DocumentFault("condition", "percentile", written=value)
    return number


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise DocumentFault("generate", "generate", written=value)
