"""Resources in a version of an API that Kubernetes no longer serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import Params, at_thing, hit, parts, things
from archlint.verdicts import Hit, Verdict

REMOVED: Final[dict[str, tuple[str, str]]] = {
    # version of an API: the release without it, the version to use
    "extensions/v1beta1": ("1.22", "apps/v1 or networking.k8s.io/v1"),
    "apps/v1beta1": ("1.16", "apps/v1"),
    "apps/v1beta2": ("1.16", "apps/v1"),
    "networking.k8s.io/v1beta1": ("1.22", "networking.k8s.io/v1"),
    "batch/v1beta1": ("1.25", "batch/v1"),

    "autoscaling/v2beta1": ("1.25", "autoscaling/v2"),
    "autoscaling/v2beta2": ("1.26", "autoscaling/v2"),
    "policy/v1beta1": ("1.25", "policy/v1"),
    "rbac.authorization.k8s.io/v1beta1": ("1.22", "rbac.authorization.k8s.io/v1"),
    "apiextensions.k8s.io/v1beta1": ("1.22", "apiextensions.k8s.io/v1"),
    "admissionregistration.k8s.io/v1beta1": ("1.22", "admissionregistration.k8s.io/v1"),
    "apiregistration.k8s.io/v1beta1": ("1.22", "apiregistration.k8s.io/v1"),
    "certificates.k8s.io/v1beta1": ("1.22", "certificates.k8s.io/v1"),
    "coordination.k8s.io/v1beta1": ("1.22", "coordination.k8s.io/v1"),
    "scheduling.k8s.io/v1beta1": ("1.22", "scheduling.k8s.io/v1"),
    "discovery.k8s.io/v1beta1": ("1.25", "discovery.k8s.io/v1"),
    "events.k8s.io/v1beta1": ("1.25", "events.k8s.io/v1"),
    "node.k8s.io/v1beta1": ("1.25", "node.k8s.io/v1"),
    "flowcontrol.apiserver.k8s.io/v1beta1": ("1.26", "flowcontrol.apiserver.k8s.io/v1"),
    "flowcontrol.apiserver.k8s.io/v1beta2": ("1.29", "flowcontrol.apiserver.k8s.io/v1"),
}
"""The deprecated API migration guide of Kubernetes."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each resource whose version is removed: the cluster rejects it."""
    said: set[tuple[str, int]] = set()
    for owner, thing in things(system):
        if thing.api in REMOVED:
            said.add((thing.site.file, thing.site.span.start))
            yield Hit(at_thing(owner, thing), _message(thing.kind, thing.name, thing.api), loss=0.9)
    for name, part in parts(system, "kubernetes"):
        place = part.site.file, part.site.span.start
        if part.running.api in REMOVED and part.what != "container" and place not in said:
            yield hit(name, part.site, "apiVersion", _message(part.what, name, part.running.api), loss=0.9)


def _message(kind: str, name: str, api: str) -> str:
    release, other = REMOVED[api]
    return f"{kind} `{name}` uses {api}, which Kubernetes {release} removed: use {other}"
