"""Identifies the current pipeline run from the pipeline's environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

_PREFIX: Final = "azuredevops/pipeline/build/"


def azure_run(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the id and the properties of this run in Azure DevOps; empty outside Azure Pipelines.

    GitHub Advanced Security for Azure DevOps drops a SARIF log without them. Rules GHAzDO1019 and GHAzDO1020 of
    Microsoft's SARIF validator define their form: `<org>/<project>/<definition>/<phase>/<branch>/<build>`.

    >>> azure_run({})
    ('', {})
    """
    said = environment.get
    definition = said("SYSTEM_DEFINITIONID") or said("BUILD_DEFINITIONID", "")
    phase = said("SYSTEM_PHASEID") or said("SYSTEM_JOBID", "")
    title = said("SYSTEM_PHASENAME") or said("SYSTEM_JOBNAME", "")
    name, project = said("BUILD_DEFINITIONNAME", ""), said("SYSTEM_TEAMPROJECTID", "")
    branch, build = said("BUILD_SOURCEBRANCH", ""), said("BUILD_BUILDID", "")
    organisation = _organisation(said("SYSTEM_COLLECTIONURI", ""))
    parts = (organisation, project, definition, phase, branch, build)
    if said("TF_BUILD", "").lower() != "true" or not all((*parts, name, title)):
        return "", {}
    properties = {
        "buildDefinitionId": definition, "buildDefinitionName": name, "phaseId": phase, "phaseName": title,
    }  # fmt: skip
    return _PREFIX + "/".join(quote(part, safe="") for part in parts), {_PREFIX + k: v for k, v in properties.items()}


def _organisation(collection: str) -> str:
    """Return the organisation of `https://dev.azure.com/ORG/` or `https://ORG.visualstudio.com/`."""
    address = urlsplit(collection)
    host = address.hostname or ""
    return host.partition(".")[0] if host.endswith(".visualstudio.com") else address.path.strip("/").partition("/")[0]
