"""Resources in a version of an API that Kubernetes no longer serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.checks.deployed._parts import at_thing, hit, parts, things
from archlint.verdicts import Hit, NoParams, Verdict

REMOVED: Final[tuple[tuple[str, str, str, str], ...]] = (
    # version of an API, its kinds (all of them if empty), the release without them, the version to use
    ("extensions/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy", "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "1.16", "apps/v1"),
    ("apps/v1beta1", "", "1.16", "apps/v1"),
    ("apps/v1beta2", "", "1.16", "apps/v1"),
    ("networking.k8s.io/v1beta1", "Ingress IngressClass", "1.22", "networking.k8s.io/v1"),
    ("batch/v1beta1", "", "1.25", "batch/v1"),
    ("autoscaling/v2beta1", "", "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "", "1.26", "autoscaling/v2"),
    ("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", "1.25", "Pod Security Admission"),
    ("rbac.authorization.k8s.io/v1beta1", "", "1.22", "rbac.authorization.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "", "1.22", "apiextensions.k8s.io/v1"),
    (
        "admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("apiregistration.k8s.io/v1beta1", "", "1.22", "apiregistration.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease", "1.22", "coordination.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", "1.22", "storage.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", "", "1.25", "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "", "1.25", "events.k8s.io/v1"),
    ("node.k8s.io/v1beta1", "", "1.25", "node.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "", "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "", "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "", "1.32", "flowcontrol.apiserver.k8s.io/v1"),
)  # fmt: skip
"""By the deprecated API migration guide. Newer kinds use some of these versions, so the removed kinds are named."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each resource whose version is removed: the cluster rejects it.

    Resources of one kind and one version are one decision: their fix is the same.
    """
    said: set[tuple[str, int]] = set()
    for owner, thing in things(system):
        message = _message(thing.kind, thing.name, thing.api)
        if message:
            said.add((thing.site.file, thing.site.span.start))
            yield Hit(at_thing(owner, thing), message, loss=0.9, decision=f"{thing.kind} {thing.api}")
    for name, part in parts(system, "kubernetes"):
        place = part.site.file, part.site.span.start
        message = _message(part.what, name, part.running.api)
        if message and part.what != "container" and place not in said:
            found = hit(name, part.site, "apiVersion", message, loss=0.9)
            yield msgspec.structs.replace(found, decision=f"{part.what} {part.running.api}")


def _message(kind: str, name: str, api: str) -> str:
    for version, kinds, release, other in REMOVED:
        if version == api and (not kinds or kind in kinds.split()):
            return f"{kind} `{name}` uses {api}, which Kubernetes {release} removed: use {other}"
    return ""
