"""Rules as data: a folder `<ID>-<name>/` with `rule.yaml` and examples, bound to one typed check.

`check`, `explain`, the documentation, reports and editors all use the same `Pack`. Custom rules have the same form;
their check is one of archlint's, or a module `check.py` in the rule's folder (`check: ./check.py`).
"""

from archlint.packs.binding import Check, Rule, bind, fit_params
from archlint.packs.params import ParamValue, param_of, parse_param
from archlint.packs.problems import Problems
from archlint.packs.records import CureRule, Pack, PackText, Param, Source
from archlint.packs.sources import (
    InstalledPacks,
    PackSource,
    installed_packs,
    load_packs,
    package_folders,
    read_packs,
    shipped_packs,
)  # fmt: skip

__all__ = [
    "Check",
    "CureRule",
    "InstalledPacks",
    "Pack",
    "PackSource",
    "PackText",
    "Param",
    "ParamValue",
    "Problems",
    "Rule",
    "Source",
    "bind",
    "fit_params",
    "installed_packs",
    "load_packs",
    "package_folders",
    "param_of",
    "parse_param",
    "read_packs",
    "shipped_packs",
]
