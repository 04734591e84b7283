"""The restraint: behind all rules and correlations, it grades alerts by asset and holds back what need not be told.

What is held back is counted, and told of as `suppression` events: when its window is over, or at the end.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from sentinel.event import Alert, Level, Suppression
from sentinel.rule.restraint.asset import Assets
from sentinel.rule.restraint.maintenance import Maintenance, covering
from sentinel.rule.restraint.threshold import About, Count, Threshold, ThresholdType
from sentinel.rule.settings import RuleSettings, ThresholdSettings

__all__ = ["Restrained", "Restraint"]

_MOST = 65_536
"""Matters counted, and suppressions under way, at once; past that the oldest go (and are told of)."""
_WRITTEN = 3600.0
"""Seconds after which a suppression that goes on is written down."""


class Restrained(NamedTuple):
    """What became of alerts."""

    alerts: list[Alert]
    """To be told, in the order they came."""
    suppressions: list[Suppression]
    """Of alerts held back, whose window is over."""


class Restraint:
    """All that the configuration and the rules say about telling. Driven by the time of alerts alone."""

    def __init__(self, settings: RuleSettings, zone: ZoneInfo, before: Restraint | None = None) -> None:
        """`before` is the restraint that this one takes over from: windows under way go on."""
        self._assets = Assets(settings.assets)
        self._maintenance = [Maintenance(one, zone) for one in settings.maintenance]
        self._of_all = next((_threshold(one) for one in settings.thresholds if not one.rules), None)
        self._of_config = {rule: _threshold(one) for one in settings.thresholds for rule in one.rules}
        self._of_rules: Mapping[str, Threshold] = {}
        self.counts: OrderedDict[tuple[str, str], Count] = OrderedDict()
        """By rule and matter."""
        self.held: OrderedDict[tuple[str, str, str], Suppression] = OrderedDict()
        """Under way, by rule, matter and reason; those that began first stand first."""
        self.now = 0.0
        """The latest time of an alert."""
        self.changed = False
        """Was anything counted since the state was last saved?"""
        self.suppressed: Counter[str] = Counter()
        """Alerts held back, by reason."""
        self.evicted = 0
        """Matters whose count was given up for newer ones."""
        if before is not None:
            self._of_rules, self.now = before._of_rules, before.now
            self.counts, self.held = before.counts, before.held
            self.suppressed, self.evicted = before.suppressed, before.evicted
            self.changed = before.changed

    def use(self, thresholds: Mapping[str, Threshold]) -> None:
        """The thresholds that rules themselves ask for, by rule id."""
        self._of_rules = thresholds

    def take(self, alerts: Sequence[Alert]) -> Restrained:
        """Grade alerts, and hold back some of them."""
        told: list[Alert] = []
        over: list[Suppression] = []
        for alert in alerts:
            self.now = max(self.now, alert.ts)
            self.changed = True
            alert = self._assets.graded(alert)
            planned = covering(self._maintenance, alert) if self._maintenance else None
            if planned is not None:
                self._hold(alert, "maintenance", "", over, planned.reason, planned.author)
                continue
            threshold = self.threshold_of(alert.rule_id)
            reason = None if threshold is None else self._count(alert, threshold)
            if reason is None or threshold is None:
                told.append(alert if threshold is None else self._with_number(alert, threshold))
            else:
                self._hold(alert, reason, threshold.by.of(alert), over)
        over += self._ended()
        return Restrained(told, over)

    def finish(self) -> list[Suppression]:
        """All sources are over: what is still to be told of."""
        left = list(self.held.values())
        self.held.clear()
        self.changed = True
        return left

    def threshold_of(self, rule: str) -> Threshold | None:
        """How the alerts of a rule are restrained, if they are."""
        return self._of_config.get(rule) or self._of_rules.get(rule) or self._of_all

    def _count(self, alert: Alert, threshold: Threshold) -> str | None:
        key = (alert.rule_id, threshold.by.of(alert))
        count = self.counts.get(key)
        if count is None or count.over(alert.ts, threshold):
            count = self.begin(key, alert.ts, threshold)
        self.counts.move_to_end(key)
        return count.tells(alert, threshold)

    def begin(self, key: tuple[str, str], ts: float, threshold: Threshold) -> Count:
        """A new window for a rule and matter."""
        count = self.counts[key] = Count(ts, threshold.count)
        if len(self.counts) > _MOST:
            self.counts.popitem(last=False)
            self.evicted += 1
        return count

    def _with_number(self, alert: Alert, threshold: Threshold) -> Alert:
        """An alert that stands for others says for how many."""
        if threshold.type is ThresholdType.LIMIT:
            return alert
        number = self.counts[alert.rule_id, threshold.by.of(alert)].number
        return replace(alert, fields=alert.fields | {"alerts": number}) if number > 1 else alert

    def _hold(
        self,
        alert: Alert,
        reason: str,
        about: str,
        over: list[Suppression],
        note: str | None = None,
        author: str | None = None,
    ) -> None:
        self.suppressed[reason] += 1
        key = (alert.rule_id, about, reason if note is None else f"{reason}\0{note}")
        held = self.held.get(key)
        if held is None:
            held = self.held[key] = Suppression(
                ts=alert.ts,
                rule_id=alert.rule_id,
                title=alert.title,
                level=alert.level.value,
                reason=reason,
                note=note,
                author=author,
                about=about or None,
                n=0,
                first_ts=alert.ts,
            )
            if len(self.held) > _MOST:
                over.append(self.held.popitem(last=False)[1])
        held.n += 1
        held.ts, held.first_ts = max(held.ts, alert.ts), min(held.first_ts, alert.ts)
        held.src, held.dst = alert.src, alert.dst
        if alert.level.rank > Level(held.level).rank:
            held.level = alert.level.value

    def _ended(self) -> Iterable[Suppression]:
        """Suppressions that began long enough ago, oldest first."""
        ended = []
        while self.held:
            key, oldest = next(iter(self.held.items()))
            if self.now - oldest.first_ts <= _WRITTEN:
                break
            del self.held[key]
            ended.append(oldest)
        return ended


def _threshold(settings: ThresholdSettings) -> Threshold:
    return Threshold(
        ThresholdType(settings.type),
        settings.count,
        settings.timespan,
        About(settings.by),
        settings.unique_on or None,
    )
