"""Addresses that begin with the name of a resource, and variables that hold none that a component calls."""

from __future__ import annotations

import re
from typing import Final

_MANAGED_HOST: Final = re.compile(
    r"^(?:\w+://)?([a-z0-9][\w-]{1,80})\.(?:[\w-]+\.)*(?:inference\.ml\.azure\.com|azurewebsites\.net|servicebus\.windows\.net|"
    r"core\.windows\.net|search\.windows\.net|redis\.cache\.windows\.net|documents\.azure\.com|openai\.azure\.com|"
    r"cognitiveservices\.azure\.com|azure-api\.net|database\.azure\.com|s3(?:[.-][\w-]+)*\.amazonaws\.com)(?=[:/]|$)"
)
"""Addresses whose host begins with the name of a resource."""
_RUNTIME: Final = frozenset({"AZUREWEBJOBSSTORAGE", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING"})
"""Variables with the storage that a platform needs for itself."""
_PLACEHOLDERS: Final = frozenset({"this", "main", "default", "self", "resource"})
_OWN: Final = ("CORS", "ORIGIN", "CALLBACK", "REDIRECT", "PUBLIC_URL", "AUDIENCE")


def named_by_host(text: str) -> str:
    """Return the name of a resource that an address begins with; empty without one.

    >>> named_by_host("https://ranker.westeurope.inference.ml.azure.com/score"), named_by_host("https://example.com")
    ('ranker', '')
    """
    found = _MANAGED_HOST.search(text)
    return found[1] if found is not None else ""


def is_for_others(name: str) -> bool:
    """Whether a variable of this name holds an address that others call, or one that only the platform needs."""
    upper = name.upper()
    return upper in _RUNTIME or any(word in upper for word in _OWN)


def name_in_module(name: str, scope: str) -> str:
    """Return the name of a resource without one of its own: that of its module says more than a placeholder.

    >>> name_in_module("this", "module.jobs"), name_in_module("queue", "module.jobs"), name_in_module("this", "infra")
    ('jobs', 'queue', 'this')
    """
    if name not in _PLACEHOLDERS or not scope.startswith("module."):
        return name
    return re.sub(r"\[[^\]]*\]", "", scope).rpartition(".")[2] or name
