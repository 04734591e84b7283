"""Configuration: one typed tree, read with the place of every value; see `docs/decisions` for why a room."""

from sentinel.config.finding import ConfigError, Finding
from sentinel.config.path import default_config
from sentinel.config.read import load_config, rule_settings
from sentinel.config.tree import Config, LogSettings, MetricsSettings

__all__ = [
    "Config",
    "ConfigError",
    "Finding",
    "LogSettings",
    "MetricsSettings",
    "default_config",
    "load_config",
    "rule_settings",
]
