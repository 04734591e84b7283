"""Rules: Sigma documents, compiled, matched against events in batches."""

from sentinel.rule.correlation import Correlator, Match
from sentinel.rule.reload import ReloadRefused, reload_rules, rules_on_disk
from sentinel.rule.restraint import Restraint
from sentinel.rule.rule import LogSource, Rule, RuleProblem
from sentinel.rule.ruleset import Findings, RuleSet
from sentinel.rule.settings import RuleSettings

__all__ = [
    "Correlator",
    "Findings",
    "LogSource",
    "Match",
    "ReloadRefused",
    "Restraint",
    "Rule",
    "RuleProblem",
    "RuleSet",
    "RuleSettings",
    "reload_rules",
    "rules_on_disk",
]
