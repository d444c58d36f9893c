"""What reads the metrics of pods: annotations, and resources of monitors whose servers the files need not define."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.kubernetes.cluster import Cluster, Resource, texts_of
from archlint.importers.objects import Table, Unit

_OF_SERVICES: Final = ("ServiceMonitor", "VMServiceScrape")
_OF_PODS: Final = ("PodMonitor", "PodMonitoring", "ClusterPodMonitoring", "VMPodScrape")
_SCRAPED: Final = ("prometheus.io/scrape", "serving.kserve.io/enable-prometheus-scraping")


def add_watching(cluster: Cluster) -> None:
    """Mark each workload whose metrics are read: by an annotation, or by a monitor that selects it or its Service."""
    services = list(cluster.of("Service"))
    for one in services:
        if is_scraped(one.table.table("metadata", "annotations")):
            _mark(_behind(cluster, one))
    for one in cluster.of("InferenceService"):
        if is_scraped(one.table.table("metadata", "annotations")):
            _mark(unit for unit in cluster.units if unit.site is one.site or unit.name == one.name)
    for monitor in cluster.of(*_OF_PODS):
        _mark(cluster.selected(_selector(monitor), _namespace(monitor)))
    for monitor in cluster.of(*_OF_SERVICES):
        wanted = _selector(monitor)
        for one in services:
            labels = texts_of(one.table.table("metadata", "labels"))
            if wanted and all(labels.get(key) == text for key, text in wanted.items()):
                _mark(_behind(cluster, one))


def is_scraped(annotations: Table) -> bool:
    """Whether annotations ask a Prometheus to read metrics."""
    return any(annotations.text(name) == "true" for name in _SCRAPED)


def _mark(units: Iterator[Unit] | list[Unit]) -> None:
    for unit in units:
        unit.running.watched = True


def _behind(cluster: Cluster, service: Resource) -> list[Unit]:
    return cluster.selected(texts_of(service.table.table("spec", "selector")), service.namespace)


def _selector(monitor: Resource) -> dict[str, str]:
    return texts_of(monitor.table.table("spec", "selector", "matchLabels"))


def _namespace(monitor: Resource) -> str:
    """Return the namespace that a monitor looks at; empty if it names others than its own."""
    return "" if monitor.table.get("spec", "namespaceSelector") is not None else monitor.namespace
