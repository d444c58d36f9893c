"""Components that serve a model."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.model.architecture import Component

_OFFLINE = frozenset({"client", "edge-device", "training-job", "model-registry"})


def serving_components(system: System) -> Iterator[Component]:
    """Return the components that run a model for a workload or a job, including those of vendors."""
    for component in system.components.values():
        if component.serves and component.kind not in _OFFLINE:
            yield component
