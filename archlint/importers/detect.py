"""The format of a file, by its content: the keys at the top level of its documents."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from archlint.source.document import Document
from archlint.source.nodes import Mapping, Scalar, Sequence

COMPOSE, KUBERNETES, ARCHITECTURE, OTHER = "compose", "kubernetes", "architecture", "other"
_SERVICE_KEYS: Final = frozenset(
    "image build command entrypoint environment env_file ports volumes depends_on extends networks deploy restart "
    "profiles container_name healthcheck provider gpus runtime devices shm_size mem_limit extra_hosts network_mode "
    "privileged cap_add logging develop".split()
)
_COMPOSE_KEYS: Final = frozenset({"include", "name", "services", "networks", "volumes"})
_TEMPLATE: Final = re.compile(r"\{\{[-\s]*[.$a-zA-Z]")


class Detected(msgspec.Struct, frozen=True):
    """A format, and why: the reason is shown where a file is not read."""

    format: str
    reason: str = ""


def is_template(text: str) -> bool:
    """Whether a text has the marks of a template language."""
    return _TEMPLATE.search(text) is not None


def detect(documents: list[Document]) -> Detected:
    """Return the format of a file's documents."""
    reason = "no document of it is a mapping" if documents else "it is empty"
    for document in documents:
        root = document.root
        if not isinstance(root, Mapping):
            continue
        keys = root.entries
        if "archlint" in keys:
            return Detected(ARCHITECTURE)
        if "apiVersion" in keys and "kind" in keys:
            return Detected(KUBERNETES)
        services = keys["services"].value if "services" in keys else None
        if isinstance(services, Mapping) and _are_services(services):
            return Detected(COMPOSE)
        included = keys["include"].value if "include" in keys else None
        if set(keys) <= _COMPOSE_KEYS and isinstance(included, Sequence | Scalar):
            return Detected(COMPOSE)
        first = ", ".join(list(keys)[:3])
        reason = f"a file with the keys {first} is no format that archlint imports" if first else "it has no keys"
    return Detected(OTHER, reason)


def _are_services(services: Mapping) -> bool:
    found = [entry.value for entry in services.entries.values() if isinstance(entry.value, Mapping)]
    return bool(found) and all(_SERVICE_KEYS & set(service.entries) or not service.entries for service in found)
