"""Roles of identities on Google Cloud and Azure: fair evidence that what runs with one uses the resource."""

from __future__ import annotations

import re
from typing import Final

from archlint.importers.cloud.facts import attributes
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import Linked, first_at, follow, tables_at, text_at, values_of
from archlint.importers.objects import Fact, Item, Table, Unit

ROLES: Final[tuple[tuple[str, str], ...]] = (
    # pattern of a role, verb
    (r"pubsub\.publisher|Service Bus Data Sender|Event Hubs Data Sender|Storage Queue Data Message Sender|"
     r"cloudtasks\.enqueuer|EventGrid Data Sender", "publishes"),
    (r"pubsub\.subscriber|Service Bus Data Receiver|Event Hubs Data Receiver|Storage Queue Data Message Processor",
     "consumes"),
    (r"storage\.objectViewer|storage\.legacyBucketReader|bigquery\.dataViewer|Storage Blob Data Reader|"
     r"Search Index Data Reader|datastore\.viewer|spanner\.databaseReader|App Configuration Data Reader", "reads"),
    (r"storage\.object(Creator|Admin|User)|storage\.admin|bigquery\.data(Editor|Owner)|"
     r"Storage Blob Data (Contributor|Owner)|Search Index Data Contributor", "writes"),
    (r"run\.invoker|cloudfunctions\.invoker|Cognitive Services (OpenAI )?(User|Contributor)|AzureML Data Scientist|"
     r"Azure AI (User|Developer)", "calls"),
    (r"workflows\.invoker", "triggers"),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(pattern), verb) for pattern, verb in ROLES)
GRANTS: Final[dict[str, str]] = {
    "google_pubsub_topic_iam_": "topic", "google_pubsub_subscription_iam_": "subscription",
    "google_storage_bucket_iam_": "bucket", "google_cloud_run_v2_service_iam_": "name",
    "google_cloud_run_service_iam_": "service", "google_cloudfunctions2_function_iam_": "cloud_function",
    "google_cloudfunctions_function_iam_": "cloud_function", "google_bigquery_dataset_iam_": "dataset_id",
    "google_bigquery_dataset_access": "dataset_id", "google_bigquery_table_iam_": "dataset_id",
    "google_cloud_tasks_queue_iam_": "name", "azurerm_role_assignment": "scope",
    "google_vertex_ai_endpoint_iam_": "endpoint",
}  # fmt: skip
"""By the beginning of a type: the field with what the role is for."""
_MEMBERS: Final = ("member", "members", "user_by_email", "principal_id")
_IDENTITIES: Final = (
    "template.service_account", "template.template.service_account", "template.spec.service_account_name",
    "service_config.service_account_email", "service_account_email", "service_account.email", "identity.identity_ids",
    "service_account",
)  # fmt: skip
_EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_DATA: Final = frozenset({"database", "object-store", "vector-store", "warehouse", "config-store", "feature-store"})


def add_grants(cloud: Cloud) -> None:
    """Relate what runs with an identity to what the roles of that are for."""
    owners = _owners(cloud)
    for resource in cloud.resources:
        path = next((path for start, path in GRANTS.items() if resource.type.startswith(start)), "")
        for values in _bindings(cloud, resource) if path else ():
            _grant(cloud, resource, path, values, owners)


def _bindings(cloud: Cloud, resource: Resource) -> list[Table]:
    """Return what states a role and who has it: the resource itself, or the policy that it sets."""
    policies = cloud.referred(follow(resource.values, "policy_data"), by_name=False)
    return [table for one in policies for table in tables_at(one.values, "binding")] or [resource.values]


def _grant(cloud: Cloud, resource: Resource, path: str, values: Table, owners: dict[str, list[Unit]]) -> None:
    """Relate those who have a role to what it is for."""
    role = text_at(values, "role", "role_definition_name")
    verb = next((verb for pattern, verb in _COMPILED if pattern.search(role)), "")
    if verb:
        found = {id(unit): unit for unit in cloud.units_at(resource, path)}
        for unit in found.values():
            items = [item for member in _MEMBERS for item in follow(values, member)]
            if verb == "calls" and any(value.text in _EVERYBODY for item in items for value in values_of(item)):
                unit.facts.setdefault("exposed", Fact("public", resource.site, f"{role} for everybody"))
                continue
            for source in _sources(cloud, items, owners):
                if _fits(verb, unit) and not (len(found) > 1 and resource.type == "azurerm_role_assignment"):
                    more = _attributes(cloud, resource, path)
                    how = f"its identity has the role {role}"
                    cloud.link(source, unit, verb, how, resource.site, "fair", more=more)


def _owners(cloud: Cloud) -> dict[str, list[Unit]]:
    """Return what runs with an identity, by the address of that; a resource is its own identity too."""
    found: dict[str, list[Unit]] = {}
    for resource in cloud.resources:
        units = cloud.units.get(resource.address)
        if not units or resource.outside:
            continue
        found.setdefault(resource.address, []).append(units[0])
        for path in _IDENTITIES:
            for identity in cloud.referred(follow(resource.values, path)):
                found.setdefault(identity.address, []).append(units[0])
    return found


def _sources(cloud: Cloud, items: list[Item], owners: dict[str, list[Unit]]) -> list[Unit]:
    found: dict[int, Unit] = {}
    for item in items:
        for value in values_of(item):
            references = value.references if isinstance(value, Linked) else ()
            for reference in references:
                for one in cloud.by_address.get(reference.address, ()):
                    found.update((id(unit), unit) for unit in owners.get(one.address, ()))
    return list(found.values())


def _fits(verb: str, unit: Unit) -> bool:
    if verb in {"publishes", "consumes"}:
        return unit.kind == "queue"
    if verb in {"reads", "writes"}:
        return unit.kind in _DATA
    return unit.kind != "queue" and unit.kind not in _DATA


def _attributes(cloud: Cloud, resource: Resource, path: str) -> tuple[tuple[str, str], ...]:
    """Return what a subscription says of its consumers, if the role is for one."""
    for one in cloud.referred(follow(resource.values, path)):
        if one.type in cloud.tables.taken:
            return attributes(one.values, cloud.tables.taken[one.type])
    return ()


def add_dead_letters(cloud: Cloud) -> None:
    """Add the dead-letter queue that Service Bus gives every queue, unless its messages are forwarded."""
    for queue in cloud.of_type.get("azurerm_servicebus_queue", ()):
        for unit in cloud.units.get(queue.address, ())[:1]:
            if not any(link.verb == "dead_letter" for link in unit.links) and not queue.outside:
                count = first_at(queue.values, "max_delivery_count")
                letters = cloud.unit(
                    queue, f"{unit.name}-dead-letters", "dead letters", kind="queue", uses="azure-service-bus",
                    reason="Service Bus keeps the dead letters of each queue",
                )  # fmt: skip
                site = count.site if count is not None else queue.site
                cloud.link(unit, letters, "dead_letter", "each queue has one", site)
