"""The library's `whatif`, `sweep` and `sensitivity`: changed versions of one system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from archlint.changing import Setting, parse_setting
from archlint.config import Config, read_config
from archlint.errors import UsageError
from archlint.explore import sensitivity as _sensitivity
from archlint.explore import sweep as _sweep
from archlint.explore import whatif as _whatif
from archlint.explore.ranges import axis_of, points_of
from archlint.explore.sensitivity import Sensitivity
from archlint.explore.sweep import Sweep
from archlint.explore.variants import Variants
from archlint.explore.whatif import WhatIf
from archlint.given import config_or_file, text_or_path
from archlint.linter import Options
from archlint.reading import read_source
from archlint.targets import STDIN

Seen = Callable[[int], None]
"""Called with the number of versions that are done."""


def whatif(
    path_or_text: str | Path, settings: Iterable[str], config: Config | Path | str | None = None, system: str = ""
) -> WhatIf:
    """Return what some settings change: numbers, facts and findings.

    The first argument, `config` and `system` are as in `archlint.load`. Each setting is written as after `--set`:
    `PATH=VALUE`, where `null` removes the key. The file itself stays as it is.

    Raises as `archlint.load` does, and `UsageError` for a setting that cannot be applied.

    >>> import archlint
    >>> changed = archlint.whatif('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
    ... ''', ["components.api.replicas=4"])
    >>> [(one.name, one.old.value, one.new.value) for one in changed.numbers if one.name == "utilisation"]
    [('utilisation', 0.6, 0.3)]
    """
    chosen = _settings(settings)
    return _whatif.whatif(_variants(path_or_text, config, system), chosen)


def sweep(
    path_or_text: str | Path, settings: Iterable[str], config: Config | Path | str | None = None, system: str = "",
    seen: Seen | None = None,
) -> Sweep:  # fmt: skip
    """Return the numbers and the findings of all combinations of the values of several facts.

    The arguments are those of `archlint.whatif`; the value of a setting is a range `2..8`, a range with a step
    `100/s..400/s..100/s`, or a list `100/s,200/s`. Many combinations run in parallel processes: then call this below
    `if __name__ == "__main__":`. `seen` is called with the number of combinations that are done.

    Raises as `archlint.load` does, and `UsageError` for a wrong range, for more than 10,000 combinations, and if none
    can be computed.

    >>> import archlint
    >>> found = archlint.sweep('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
    ... ''', ["components.api.replicas=2..4"])
    >>> [(row.values, row.numbers["components.api", "utilisation"].value) for row in found.rows]
    [(('2',), 0.6), (('3',), 0.39999999999999997), (('4',), 0.3)]
    """
    axes = [axis_of(setting) for setting in _settings(settings)]
    points = points_of(axes)
    inputs = _variants(path_or_text, config, system).inputs
    return _sweep.sweep(inputs, axes, points, _sweep.local_rows(inputs, points), seen or _nothing)


def sensitivity(
    path_or_text: str | Path, config: Config | Path | str | None = None, system: str = "", factor: float = 10.0,
    only: str = "", seen: Seen | None = None,
) -> Sensitivity:  # fmt: skip
    """Return which single stated quantity, changed by how much, makes a finding appear or go away.

    The first argument, `config` and `system` are as in `archlint.load`. Each quantity is multiplied and divided by up
    to `factor`; with `only`, those below a path such as `workloads`. `seen` is called with the number of quantities
    that are done. Many quantities are tried in parallel processes, as in `archlint.sweep`.

    Raises as `archlint.load` does, and `UsageError` for a factor of 1 or less.

    >>> import archlint
    >>> found = archlint.sensitivity('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
    ... ''', only="workloads")
    >>> overload = ("CAP001", "components.api.replicas")
    >>> [(one.path, one.stated, one.value) for one in found.changes if overload in one.appear]
    [('workloads.search.rate', '60/s', '100.3/s')]
    """
    if not 1 < factor < float("inf"):
        raise UsageError(f"{factor:g} is no factor of a change", "give one above 1")
    inputs = _variants(path_or_text, config, system).inputs
    return _sensitivity.sensitivity(inputs, factor, seen or _nothing, only)


def _nothing(done: int) -> None:
    """Tell nobody how far it is."""


def _settings(settings: Iterable[str]) -> Sequence[Setting]:
    found = [settings] if isinstance(settings, str) else list(settings)
    if not found:
        raise UsageError("nothing to change", "give settings such as `components.api.replicas=6`")
    return [parse_setting(setting) for setting in found]


def _variants(path_or_text: str | Path, config: Config | Path | str | None, system: str) -> Variants:
    source, chosen = text_or_path(path_or_text), config_or_file(config)
    path, data = (source, None) if isinstance(source, Path) else (Path(STDIN), source.encode("utf-8", "surrogatepass"))
    options = Options(system=system)
    found = read_source((path,), options, data, system)
    return Variants.of_source(found, options, read_config(chosen) if isinstance(chosen, Path) else chosen)
