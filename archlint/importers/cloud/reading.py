"""All resources of an import to units, by the tables of every provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archlint.importers.cloud import google
from archlint.importers.cloud.alarms import add_alarms
from archlint.importers.cloud.aws import ALIASES, AWS
from archlint.importers.cloud.azure import AZURE
from archlint.importers.cloud.azure_ml import add_language_models, add_online_endpoints
from archlint.importers.cloud.details import add_settings
from archlint.importers.cloud.ecs import add_health_checks, add_jobs, add_services, add_starts
from archlint.importers.cloud.google_details import add_google_settings
from archlint.importers.cloud.grants import add_dead_letters, add_grants
from archlint.importers.cloud.manifests import add_manifests
from archlint.importers.cloud.permissions import add_permissions
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.sagemaker import add_endpoints
from archlint.importers.cloud.settling import counts, settle
from archlint.importers.cloud.tables import Tables
from archlint.importers.cloud.units import Cloud
from archlint.importers.objects import Table, Unit

_HELPERS: Final = (
    "random_", "null_resource", "time_", "local_", "tls_", "archive_", "template_", "external", "http", "terraform_",
    "cloudinit_", "helm_repository", "kubernetes_", "kubectl_", "awscc_iam_",
)  # fmt: skip
"""Prefixes of types that serve the configuration itself, or that other readers get."""


def read_cloud(resources: list[Resource], notes: list[str], manifests: Sequence[Table] = ()) -> list[Unit]:
    """Return the units of resources; what is not drawn is counted in the notes.

    `manifests` are what other readers get, and may refer to resources.
    """
    for one in resources:
        one.type = ALIASES.get(one.type) or google.ALIASES.get(one.type, one.type)
    cloud = Cloud(resources, _tables(), notes)
    cloud.prepare()
    cloud.add_parts()
    add_endpoints(cloud)
    add_services(cloud)
    add_online_endpoints(cloud)
    add_jobs(cloud)
    cloud.add_wires()
    add_starts(cloud)
    add_settings(cloud)
    add_google_settings(cloud)
    add_language_models(cloud)
    add_dead_letters(cloud)
    add_health_checks(cloud)
    cloud.add_variables()
    add_manifests(cloud, manifests)
    add_permissions(cloud)
    add_grants(cloud)
    add_alarms(cloud)
    settle(cloud)
    cloud.add_attributes()
    notes += counts(cloud)
    files = {one.site.file: number for number, one in reversed(list(enumerate(resources)))}
    return sorted(cloud.all, key=lambda unit: (files.get(unit.site.file, 0), unit.site.span.start))


def _tables() -> Tables:
    providers = (AWS, google.GOOGLE, AZURE)
    return Tables(
        {key: part for one in providers for key, part in one.parts.items()},
        {key: wires for one in providers for key, wires in one.wires.items()},
        {key: paths for one in providers for key, paths in one.stands_for.items()},
        {key: pairs for one in providers for key, pairs in one.members.items()},
        (*(prefix for one in providers for prefix in one.quiet), *_HELPERS),
        (*(kind for one in providers for kind in one.unopened), "helm_release"),
        {key: fields for one in providers for key, fields in one.taken.items()},
    )
