"""Addresses that no file defines: services of vendors, and names of another deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from archlint.importers.addresses import is_endpoint_name
from archlint.importers.evidence import STRONG, Evidence, Outside
from archlint.importers.objects import Unit

VENDORS: Final[tuple[tuple[str, str, str], ...]] = (
    # end of the host, name, technology
    (r"(^|\.)api\.openai\.com$", "openai", "openai"), (r"\.openai\.azure\.com$", "azure-openai", "azure-openai"),
    (r"(^|\.)api\.anthropic\.com$", "anthropic", "anthropic"), (r"(^|\.)api\.mistral\.ai$", "mistral", "mistral"),
    (r"generativelanguage\.googleapis\.com$", "gemini", "gemini"),
    (r"aiplatform\.googleapis\.com$", "vertex-ai", "vertex-ai"),
    (r"(^|\.)api\.groq\.com$", "groq", "groq"), (r"(^|\.)api\.together\.(xyz|ai)$", "together", "together"),
    (r"(^|\.)api\.cohere\.(ai|com)$", "cohere", "cohere"), (r"(^|\.)api\.deepseek\.com$", "deepseek", "deepseek"),
    (r"(^|\.)openrouter\.ai$", "openrouter", "openrouter"), (r"(^|\.)api\.fireworks\.ai$", "fireworks", "fireworks"),
    (r"(^|\.)api\.replicate\.com$", "replicate", "replicate"), (r"(^|\.)api\.voyageai\.com$", "voyage", "voyage"),
    (r"integrate\.api\.nvidia\.com$|ai\.api\.nvidia\.com$", "nvidia-api", "nim"),
    (r"bedrock[\w-]*\.[\w-]+\.amazonaws\.com$", "bedrock", "bedrock"),
    (r"runtime\.sagemaker\.[\w-]+\.amazonaws\.com$", "sagemaker", "sagemaker"),
    (r"\.pinecone\.io$", "pinecone", "pinecone"), (r"cloud\.langfuse\.com$", "langfuse", "langfuse"),
)  # fmt: skip


QUEUES: Final[tuple[tuple[str, str], ...]] = (
    (r"^sqs\.[\w-]+\.amazonaws\.com$|^[\w-]+\.queue\.amazonaws\.com$|^queue\.amazonaws\.com$", "sqs"),
    (r"^[\w-]+\.queue\.core\.windows\.net$", ""),
)  # fmt: skip
"""Hosts of queues, whose name is the end of the path."""


_HOST: Final = re.compile(r"[\w.-]{1,200}")


def known_queues(outside: list[Outside], names: Iterable[str]) -> tuple[list[Unit], list[Evidence]]:
    """Return the queues of clouds that addresses name, with evidence of their users; remove these addresses."""
    made: dict[str, Unit] = {}
    found: list[Evidence] = []
    taken = set(names)
    for one in list(outside):
        uses = next((uses for pattern, uses in QUEUES if re.search(pattern, one.address.host.lower())), None)
        name = one.address.path.strip("/").rpartition("/")[2].partition("?")[0]
        if uses is None or not name or name in taken:
            continue
        if name not in made:
            made[name] = _external(name, one, uses, f"host {one.address.host}")
            made[name].kind = "queue"
        outside.remove(one)
        found.append(Evidence(one.source, made[name], STRONG, one.derivation, one.site, one.verb))
    return list(made.values()), found


def external_for(one: Outside) -> Unit | None:
    """Return the component for an address outside; None where it is not certain to be one."""
    host = one.address.host.lower()
    if not _HOST.fullmatch(host):                  # a mistake, or a template that was not filled in
        return None
    for pattern, name, uses in VENDORS:
        if re.search(pattern, host):
            return _external(name, one, uses, f"host {host}")
    if one.stated and one.address.scheme and one.source.format not in {"compose", "kubernetes"}:
        return _external(host.split(".")[0] if len(host.split(".")) < 3 else host, one, "", "a URL in the settings")
    variable = one.derivation.partition(" ")[0]
    named = one.stated or (one.address.sure and is_endpoint_name(variable))
    if one.source.format == "kubernetes" and named and _is_cluster_name(host):
        labels = host.split(".")
        return _external(labels[0] if len(labels) < 3 else host, one, "", "no file defines it")
    return None


def _external(name: str, one: Outside, uses: str, reason: str) -> Unit:
    return Unit(
        name,
        one.source.format,
        "address",
        one.source.scope,
        one.site,
        "external",
        kind="external",
        uses=uses,
        reason=reason,
    )


def _is_cluster_name(host: str) -> bool:
    labels = host.split(".")
    return len(labels) < 3 or "svc" in labels[2:3]
