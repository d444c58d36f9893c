"""The library's `drift`: where the description of a system and its deployment differ."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from archlint.api import unchecked
from archlint.drifting.comparing import find_drift
from archlint.drifting.found import Drift, Drifted
from archlint.errors import UsageError
from archlint.given import text_or_path
from archlint.linter import Options
from archlint.reading import read_imported, read_source
from archlint.source.parser import collector_paused
from archlint.targets import STDIN, Configs

__all__ = ["Drift", "Drifted", "drift", "drift_paths"]


def drift(path_or_text: str | Path, deployment: Path | str | Iterable[Path | str], system: str = "") -> Drifted:
    """Compare the description of a system with the files that deploy it.

    `path_or_text` is an architecture file, or a text as `archlint.load` takes it; `deployment` names files or folders.
    What counts is what both could state: components that the files deploy, relations between components that both have,
    and facts that both state. A component of another name is matched by its key `deployed_as`.

    Raises as `archlint.load` does, and `UsageError` if the paths have no deployment files.

    >>> import archlint, pathlib, tempfile
    >>> arch = '''
    ... archlint: 1
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, replicas: 2}
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "compose.yaml")
    ...     _ = path.write_text("services: {api: {image: shop/api, deploy: {replicas: 3}}}")
    ...     [(one.part, one.state, one.described, one.deployed) for one in archlint.drift(arch, path).found]
    [('api replicas', 'differs', '2', '3')]
    """
    given = text_or_path(path_or_text)
    paths = [Path(deployment)] if isinstance(deployment, str | Path) else [Path(path) for path in deployment]
    if isinstance(given, Path):
        return drift_paths(given, paths, system)
    return drift_paths(Path(STDIN), paths, system, given.encode("utf-8", "surrogatepass"))


def drift_paths(path: Path, deployment: list[Path], system: str = "", data: bytes | None = None) -> Drifted:
    """The same for paths, or for the text of an architecture file with its name."""
    options = Options(rules=False)
    described = read_source((path,), options, data, system)
    if described.document.imported:
        raise UsageError(f"{path}: not an architecture file", "name the architecture file first: arch.yaml PATH...")
    if not deployment:
        raise UsageError("no deployment files are named", "archlint drift arch.yaml PATH...")
    deployed = read_imported(deployment, Configs(options), missing="no deployment files to compare with")
    assert deployed.draft is not None
    with collector_paused():
        found = find_drift(
            unchecked(described, options).architecture, unchecked(deployed, options).architecture,
            deployed.draft,
        )  # fmt: skip
    return msgspec.structs.replace(found, errors=deployed.errors, notes=described.notes)
