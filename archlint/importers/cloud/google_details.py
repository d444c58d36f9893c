"""Settings of Google Cloud that a resource of its own states about a component."""

from __future__ import annotations

from archlint.importers.cloud.facts import add_facts, add_machine
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import first_at, follow, scalars_at, text_at
from archlint.importers.objects import UNRESOLVED
from archlint.importers.secrets import command_without_secrets


def add_google_settings(cloud: Cloud) -> None:
    """Add the facts of templates, autoscalers and replicas to what they are about."""
    managers = ("google_compute_instance_group_manager", "google_compute_region_instance_group_manager")
    for kind in managers:
        for group in cloud.of_type.get(kind, ()):
            templates = cloud.referred(
                [*follow(group.values, "version.instance_template"), *follow(group.values, "instance_template")]
            )
            for template in templates[:1]:
                for unit in cloud.units.get(group.address, ()):
                    add_machine(unit, first_at(template.values, "machine_type"))
                    add_facts(
                        unit, template.values,
                        (("hardware.gpu", "guest_accelerator.type", "gpu"),
                         ("hardware.gpus", "guest_accelerator.count", "positive")),
                    )  # fmt: skip
                    script = scalars_at(template.values, "metadata_startup_script")
                    found = [value for value in script if value.status != UNRESOLVED or value.text]
                    unit.command += command_without_secrets(tuple(found))
    for kind in ("google_compute_autoscaler", "google_compute_region_autoscaler"):
        for one in cloud.of_type.get(kind, ()):
            for unit in cloud.units_of(follow(one.values, "target")):
                unit.facts.pop("replicas", None)
                add_facts(
                    unit, one.values,
                    (("replicas.min", "autoscaling_policy.min_replicas", "number"),
                     ("replicas.max", "autoscaling_policy.max_replicas", "positive")),
                )  # fmt: skip
    for one in cloud.of_type.get("google_alloydb_instance", ()):
        for unit in cloud.units_of(follow(one.values, "cluster")):
            if text_at(one.values, "instance_type") == "READ_POOL":
                add_facts(unit, one.values, (("replicas", "read_pool_config.node_count", "positive"),))
