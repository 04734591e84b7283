"""Rules: Sigma documents, compiled, matched against events in batches."""

from sentinel.rule.rule import LogSource, Rule, RuleProblem
from sentinel.rule.ruleset import RuleSet
from sentinel.rule.settings import RuleSettings

__all__ = ["LogSource", "Rule", "RuleProblem", "RuleSet", "RuleSettings"]
