"""What workloads of Kubernetes use of a cloud, where one configuration states both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import tables_at, text_at
from archlint.importers.objects import Item, Link, Table, Value


def add_manifests(cloud: Cloud, manifests: Sequence[Table]) -> None:
    """Relate each workload to the resources that its variables refer to."""
    for manifest in manifests:
        name, scope = text_at(manifest, "metadata.name"), text_at(manifest, "metadata.namespace")
        for variable, value in variables_of(manifest) if name else ():
            for resource in cloud.meant(value) if isinstance(value, Value) else ():
                verb = "~consumes" if resource.type in cloud.tables.taken else "~"
                for unit in cloud.reached(resource):
                    how = f"{variable} in the environment"
                    unit.links.append(Link(name, verb, how, value.site, "strong", scope=scope))


def variables_of(manifest: Table) -> Iterator[tuple[str, Item]]:
    """Yield the variables of all containers of a workload."""
    for path in ("spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"):
        for container in tables_at(manifest, f"{path}.containers"):
            for variable in tables_at(container, "env"):
                if "value" in variable.entries:
                    yield text_at(variable, "name"), variable.entries["value"]
