"""The merged picture: components, models and relations, each fact with its place and derivation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.importers.engines import read_engine
from archlint.importers.evidence import FAIR, ORDER, STRONG, WEAK, Evidence, Outside, merged
from archlint.importers.kinds import STORES
from archlint.importers.objects import Fact, Site, Unit
from archlint.importers.outside import external_for
from archlint.model.fields import Field, Rec
from archlint.model.reading import MAX_NAME
from archlint.model.records import COMPONENT_RECORD, RELATION_RECORD
from archlint.model.types import Parsed
from archlint.model.vocabulary import MODEL_RECORD

_NAME: Final = re.compile(r"[\s\x00-\x20\x7f]+")
_KNOWN_BY_IMAGE: Final = STORES | {"model-server"}
_KEEPS: Final = frozenset({"database", "queue", "vector-store", "object-store"})
_WRITERS: Final = frozenset({"service", "worker", "model-server", "scheduler"})
_OF_DATA: Final = frozenset({"reads", "writes"})
_ONE_BY_DEFAULT: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
_SETTINGS: Final = re.compile(
    r"^/etc(/|$)|initdb|^/docker-entrypoint|^/(tmp|run|certs?|scripts?|opt/scripts)(/|$)|\.(conf|cnf|ya?ml|sql|json|sh|xml|ini|pem)$"
)
"""Paths in a container that hold no data."""
_NEGATIVE: Final = re.compile(r"-\d")


class Relation(msgspec.Struct, frozen=True):
    """A relation to write, with what says so; only variables that are given to several parts say a `shared` one."""

    verb: str
    target: str
    strength: str
    derivation: str
    site: Site
    share: str = ""
    when: str = ""
    parallel: str = ""
    more: tuple[tuple[str, str], ...] = ()
    shared: bool = False

    @property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        """What is known of it beyond its target, as far as the format can hold it."""
        found = (("share", self.share), ("when", self.when), ("parallel", self.parallel), *self.more)
        return tuple((key, text) for key, text in found if text and _can_hold(RELATION_RECORD.fields.get(key), text))


class Component(msgspec.Struct):
    """A component to write."""

    name: str
    unit: Unit
    site: Site
    kind: str
    reason: str = ""
    uses: str = ""
    facts: dict[str, Fact] = {}
    serves: list[str] = []
    relations: list[Relation] = []
    weak: list[Relation] = []
    order: list[Relation] = []

class Entrance(msgspec.Struct, frozen=True):
    """A workload to write: its client, the component that its requests go to first if it has several, and facts."""

    client: str
    to: str
    site: Site
    facts: dict[str, Fact] = {}


class Draft(msgspec.Struct):
    """Everything that an import found."""

    components: dict[str, Component]
    models: dict[str, dict[str, Fact]]
    notes: list[str] = []
    workloads: dict[str, Entrance] = {}


def draft(units: Iterable[Unit], found: list[Evidence], outside: Iterable[Outside]) -> Draft:
    """Merge units and evidence."""
    ordered = list(units)
    models: dict[str, dict[str, Fact]] = {}
    filled = {id(one.source) for one in found if one.verb == "loads"}
    for unit in ordered:
        facts = read_engine(unit)
        if unit.kind == "model-server":
            _loading(unit, id(unit) in filled)
        served = {model: _one_word(model) or f"{_one_word(unit.name)}-model" for model in unit.models}
        unit.models = list(dict.fromkeys(served.values()))
        for model, name in served.items():
            said = {**unit.model_facts.get(model, {}), **facts}
            models.setdefault(name, {}).update(stated(said, MODEL_RECORD.fields))
    named = dict(_named(ordered))
    components = {name: _component(name, unit) for name, unit in named.items()}
    names = {id(unit): name for name, unit in named.items()}
    evidence = list(found)
    pairs = merged(evidence)
    strong = {pair for pair, group in pairs.items() if group[0].strength not in {ORDER, WEAK}}
    for group in pairs.values():
        _relate(components, names, group, strong)
    _add_outside(components, names, outside)
    _settle_workers(components)
    return Draft(components, models)


def _settle_workers(components: dict[str, Component]) -> None:
    """Let a worker be a service if nothing says where its work comes from: files need not name its queue."""
    given = {one.target for part in components.values() for one in part.relations if one.verb in {"calls", "triggers"}}
    for name, part in components.items():
        asks = any(
            one.verb == "consumes" or (one.verb == "calls" and components[one.target].kind == "scheduler")
            for one in part.relations
        )
        if part.kind == "worker" and name not in given and not asks:
            part.kind = "service"


def _one_word(name: str) -> str:
    """Return a name of `arch.yaml`: one word."""
    return _NAME.sub("-", name).strip("-")[:MAX_NAME]


def _named(units: list[Unit]) -> Iterator[tuple[str, Unit]]:
    """Give each unit a name of its own: its scope comes first where several have one name."""
    count: dict[str, int] = {}
    for unit in units:
        count[unit.name] = count.get(unit.name, 0) + 1
    taken: set[str] = set()
    for unit in units:
        name = _one_word(unit.name) or "unnamed"
        if count[unit.name] > 1 and unit.scope:
            name = _one_word(f"{unit.scope.rpartition('/')[2]}-{name}")
        number, whole = 2, name
        while whole in taken:
            whole, number = f"{name[:MAX_NAME - 10]}-{number}", number + 1
        taken.add(whole)
        yield whole, unit


def stated(facts: Mapping[str, Fact], fields: Mapping[str, Field[object]]) -> dict[str, Fact]:
    """Return the facts that the format can hold.

    Files write -1 for all, for no limit, or by mistake; and some write half a worker, or a number without end.
    """
    found = {}
    for key, fact in facts.items():
        kind = fields[key].type if key in fields else None
        if fact.inner:
            keys = kind.fields if isinstance(kind, Rec) else {}
            inner = tuple((name, one) for name, one in fact.inner if _can_hold(keys.get(name), one.text))
            if inner:
                found[key] = msgspec.structs.replace(fact, inner=inner)
        elif _can_hold(fields.get(key), fact.text):
            found[key] = fact
    return found


def _can_hold(field: Field[object] | None, text: str) -> bool:
    kind = field.type if field is not None else None
    kind = kind.scalar if isinstance(kind, Rec) else kind
    if _NEGATIVE.match(text) or not isinstance(kind, Parsed):
        return not _NEGATIVE.match(text)
    try:
        return bool(kind.parse(text)) or not kind.zero
    except ValueError:
        return text == "none"


def _component(name: str, unit: Unit) -> Component:
    facts = stated(unit.facts, COMPONENT_RECORD.fields)
    if unit.image is not None and unit.image.text and unit.image.status != "unresolved":
        facts.setdefault("image", Fact(unit.image.text, unit.image.site))
    if unit.kind in _KEEPS and unit.image is not None:
        facts.update(_persistence(unit))
    if unit.role == "container" and unit.what in _ONE_BY_DEFAULT and unit.kind not in {"batch-job", "training-job"}:
        facts.setdefault("replicas", Fact("1", unit.site, f"the default of a {unit.what}"))
    serves = unit.models if unit.kind not in STORES | {"client", "queue"} else []
    return Component(name, unit, unit.site, unit.kind, unit.reason, unit.uses, facts, list(serves))


def _loading(unit: Unit, is_filled: bool) -> None:
    """State how a model server gets its model, where its volumes or its command say so; a model needs a name."""
    mounts = [mount for mount in unit.mounts if not _SETTINGS.search(mount.target)]
    if is_filled and "loads_model" not in unit.facts:
        unit.facts["loads_model"] = Fact("at-start", unit.site, "a job fills its volume")
    elif "loads_model" not in unit.facts and (mounts or unit.models):
        how = f"a volume at {mounts[0].target}" if mounts else "its configuration names the model"
        unit.facts["loads_model"] = Fact("at-start", mounts[0].site if mounts else unit.site, how)
    if not unit.models:
        unit.models.append(f"{unit.name}-model")


def _persistence(unit: Unit) -> Iterator[tuple[str, Fact]]:
    """Yield whether the data of a store survives: it needs a volume that is no configuration."""
    kept = [mount for mount in unit.mounts if mount.kind != "pod" and not _SETTINGS.search(mount.target)]
    if kept:
        yield "persistent", Fact("true", kept[0].site, f"a volume at {kept[0].target}")
    elif not unit.anonymous:
        yield "persistent", Fact("false", unit.site, "no volume for its data")


def _relate(
    components: dict[str, Component], names: dict[int, str], group: list[Evidence], strong: set[tuple[int, int]]
) -> None:
    """Write the relation of one pair of units, or keep it as a comment."""
    best = group[0]
    source, target = components[names[id(best.source)]], names[id(best.target)]
    verb = best.verb or next((one.verb for one in group if one.verb), "") or verb_for(best.source, best.target)
    if verb == "publishes" and not best.verb and best.source.kind == "monitoring":       # it shows what is queued
        source, target, verb = components[target], source.name, "monitored_by"
    if verb == "dead_letter":
        source.facts[verb] = Fact(target, best.site, best.derivation)
        return
    derivation = best.derivation + (" and depends_on" if len(group) > 1 and group[-1].strength == ORDER else "")
    strength = best.strength
    if strength == ORDER and _is_use(best, strong):
        strength, derivation = FAIR, f"{derivation} on a {best.target.kind}"
    more = (*best.more, *((("circuit_breaker", "true"),) if best.target.ejects and verb == "calls" else ()))
    shared = all(one.shared for one in group)
    relation = Relation(
        verb, target, strength, derivation, best.site, best.share, best.when, best.parallel, more, shared
    )
    if strength == ORDER:
        source.order.append(relation)
    elif strength == WEAK:
        source.weak.append(relation)
    else:
        source.relations.append(relation)
        stated = {one.verb for one in group if one.verb}
        if verb == "reads" and best.target.kind == "database" and not stated and best.source.kind in _WRITERS:
            source.relations.append(Relation("writes", target, strength, derivation, best.site, shared=shared))
        elif verb in _OF_DATA and stated >= _OF_DATA:        # rights to read and to write, such as those of a role
            other = next(one for one in group if one.verb in _OF_DATA - {verb})
            source.relations.append(Relation(other.verb, target, other.strength, other.derivation, other.site))


def _is_use(one: Evidence, strong: set[tuple[int, int]]) -> bool:
    """Whether to wait for a unit means to use it: a store or server known by its image, not behind another one."""
    source, target = one.source, one.target
    if (
        source.kind in {"load-balancer", "gateway"}
        and source.image is not None
        and target.kind in {"service", "model-server"}
    ):
        return True
    if _is_notebook(source):
        return False
    if target.kind not in _KNOWN_BY_IMAGE or not target.reason.startswith(("image", "command")):
        return False
    through = {end for start, end in strong if start == id(source)}
    return not any((middle, id(target)) in strong for middle in through)


def _is_notebook(unit: Unit) -> bool:
    return unit.kind == "client" and re.search("notebook|jupyter", unit.reason) is not None


def verb_for(source: Unit, target: Unit) -> str:
    """Return the verb between two kinds, if no field states it."""
    if target.kind == "queue":
        return "consumes" if source.kind in {"worker", "stream-processor"} else "publishes"
    if target.kind == "log-store":
        return "logs_to"
    if target.kind == "model-registry" and source.kind == "model-server":
        return "loads"
    if target.kind in STORES:
        return "writes" if source.kind == "batch-job" else "reads"
    if target.kind == "monitoring" and source.kind != "monitoring" and not _is_page(source):
        return "monitored_by"
    if target.kind in {"batch-job", "training-job"}:
        return "triggers"
    return "calls"


def _is_page(unit: Unit) -> bool:
    return unit.kind in {"client", "load-balancer", "gateway"}


def _add_outside(components: dict[str, Component], names: dict[int, str], outside: Iterable[Outside]) -> None:
    """Add what the addresses outside of the files stand for, where that is known."""
    for one in outside:
        made = external_for(one)
        if made is None or made.name in names.values():
            continue
        if made.name not in components:
            components[made.name] = Component(made.name, made, one.site, made.kind, made.reason, made.uses)
        source = components[names[id(one.source)]]
        if all(relation.target != made.name for relation in source.relations):
            verb = one.verb or verb_for(one.source, made)
            source.relations.append(Relation(verb, made.name, STRONG, one.derivation, one.site))
