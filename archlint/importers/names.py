"""Which unit a host name stands for: a table for each project of Compose, and one for the namespaces of a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from archlint.importers.addresses import Address
from archlint.importers.objects import Unit

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "[::]", "host.docker.internal"})
_BROKER: Final = re.compile(
    r"^(?:kafka-)?broker-ingress\.knative-eventing\b[\w.-]*/(?P<namespace>[\w-]+)/(?P<name>[\w.-]+)$"
)
"""https://knative.dev/docs/eventing/brokers/ : the address of a broker."""
_POD: Final = re.compile(r"-\d+$")
_NETWORKS: Final = ("compose", "kubernetes")
"""Formats that state networks; in others, a scope has names of its own."""
_ADDRESS: Final = re.compile(r"^\d+\.\d+\.\d+\.\d+$")


def is_local(host: str) -> bool:
    """Whether a host is the container, its pod or its machine itself."""
    return host.lower() in _LOCAL


def is_address(host: str) -> bool:
    """Whether a host is a number and no name."""
    return _ADDRESS.match(host) is not None


class Names:
    """The name tables of an import; `places` are units whose place another one takes."""

    def __init__(self, units: Iterable[Unit], places: Iterable[tuple[Unit, Unit]] = ()) -> None:
        self.tables: dict[tuple[str, str], dict[str, Unit]] = {}
        self.everywhere: dict[tuple[str, str], list[Unit]] = {}
        self.own: dict[str, dict[str, Unit]] = {}
        ordered = list(units)
        self.keys = {unit.key: unit for unit in ordered if unit.key}
        for unit in ordered:  # the name of a service wins over names that others give themselves
            self._add(unit, unit.name)
        for unit in ordered:
            for name in unit.names:
                self._add(unit, name)
        for gone, unit in places:
            self.tables.setdefault((gone.format, gone.scope), {}).setdefault(gone.name.lower(), unit)
            self.own.setdefault(gone.scope, {}).setdefault(gone.name.lower(), unit)

    def _add(self, unit: Unit, name: str) -> None:
        self.tables.setdefault((unit.format, unit.scope), {}).setdefault(name.lower(), unit)
        found = self.everywhere.setdefault((unit.format, name.lower()), [])
        if unit not in found:
            found.append(unit)
        if unit.format not in _NETWORKS:
            self.own.setdefault(unit.scope, {}).setdefault(name.lower(), unit)

    def find(self, host: str, source: Unit, scope: str | None = None) -> Unit | None:
        """Return the unit that a host name stands for, as seen by another unit; None if there is none."""
        if host in self.keys:
            return self.keys[host]
        host = host.lower().rstrip(".")
        scope = source.scope if scope is None else scope
        own = self.own.get(scope, {}).get(host)
        if own is not None and (scope != source.scope or source.format not in _NETWORKS):
            return own
        if source.format not in _NETWORKS:
            return self._anywhere(host)
        if source.format == "compose":
            found = self.tables.get(("compose", scope), {}).get(host)
            others = self.everywhere.get(("compose", host), [])      # projects may share an external network
            return found or (others[0] if len(others) == 1 else None)
        return self._in_cluster(host, scope)

    def at(self, address: Address, source: Unit, scope: str | None = None) -> Unit | None:
        """Return the unit at an address; the entrance of Knative's brokers names the broker in its path."""
        broker = _BROKER.match(f"{address.host}{address.path}")
        if broker is not None:
            return self.find(broker["name"], source, broker["namespace"])
        return self.find(address.host, source, scope)

    def _anywhere(self, host: str) -> Unit | None:
        """Look a name up in all networks, for a unit that belongs to none; it must stand for one unit."""
        found = [unit for name in _NETWORKS for unit in self.everywhere.get((name, host), ())]
        if not found and "." in host:
            return self._in_cluster(host, "")
        return found[0] if len(found) == 1 else None

    def _in_cluster(self, host: str, scope: str) -> Unit | None:
        found = self._of_namespace(host, scope)
        labels = host.split(".")
        if found is not None or len(labels) == 1:
            return found
        service, rest = labels[0], labels[1:]
        is_service = len(rest) == 1 or rest[1] == "svc"
        if is_service:
            found = self._of_namespace(service, rest[0])
        if found is None and _POD.search(service):  # pod-0.service.namespace
            found = self._in_cluster(".".join(rest), scope)
        return found

    def _of_namespace(self, name: str, scope: str) -> Unit | None:
        """Look a name up in a namespace; one that is not stated may be any."""
        for key in (scope, ""):
            found = self.tables.get(("kubernetes", key), {}).get(name)
            if found is not None:
                return found
        candidates = self.everywhere.get(("kubernetes", name), [])
        return candidates[0] if len(candidates) == 1 and (not scope or not candidates[0].scope) else None
