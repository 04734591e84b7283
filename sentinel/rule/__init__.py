"""Rules: Sigma documents, compiled, matched against events in batches."""

from sentinel.rule.correlation import Correlator, Match
from sentinel.rule.rule import LogSource, Rule, RuleProblem
from sentinel.rule.ruleset import Findings, RuleSet
from sentinel.rule.settings import RuleSettings

__all__ = ["Correlator", "Findings", "LogSource", "Match", "Rule", "RuleProblem", "RuleSet", "RuleSettings"]
