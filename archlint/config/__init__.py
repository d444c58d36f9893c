"""Configuration: `archlint.toml`, or `[tool.archlint]` in `pyproject.toml`, resolved for each file."""

from archlint.config.paths import Patterns
from archlint.config.prices import ListedPrice, with_prices
from archlint.config.reading import find_config, nearest_config, read_config
from archlint.config.records import (
    Config,
    Layer,
    ParamSaid,
    RuleSaid,
    RuleSettings,
    Settings,
    Word,
    option_patterns,
)
from archlint.config.validation import validate

__all__ = [
    "Config",
    "Layer",
    "ListedPrice",
    "ParamSaid",
    "Patterns",
    "RuleSaid",
    "RuleSettings",
    "Settings",
    "Word",
    "find_config",
    "nearest_config",
    "option_patterns",
    "read_config",
    "validate",
    "with_prices",
]
