"""What the files of an import state of its parts, by the names of the components: what rules about deployments read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final

from archlint.importers.draft import Draft
from archlint.importers.nested import place_in
from archlint.importers.objects import Fact, Site, Unit, Value
from archlint.importers.secrets import is_stated, masked, secrets_in
from archlint.model.deployment import Dangling, Deployment, Exposed, Split
from archlint.source.nodes import Span

_CODE: Final = (".py", ".js", ".mjs", ".ts", ".sh", ".bash", ".lua", ".go", ".java", ".sql", ".html", ".md", ".ipynb")
"""Endings of programs, whose expressions look like values."""
_SETTINGS: Final = frozenset({"litellm", "torchserve", "mlserver"})
"""Formats whose files are settings of one part."""
_MOST_READ: Final = 200_000
_PREDICTS: Final = re.compile(r"\bmap_batches\b|\.predict\(|\bpipeline\(|\.generate\(")
"""Calls in a mounted program that predict."""

_TARGETS: Final = re.compile(r"(?m)\A(GET|POST) https?://|\bHttpUser\b|from ['\"]k6/http['\"]")
"""Targets of vegeta, and programs of Locust and k6."""


def deployment_of(draft: Draft) -> Deployment:
    """Return the deployment of a draft."""
    parts = {name: component.unit for name, component in draft.components.items()}
    found = Deployment(cover=masked)
    for unit in parts.values():
        words = {posixpath.normpath(word) for word in unit.words}
        unit.running.scripts += (value for path, value in unit.texts if posixpath.normpath(path) in words)
        unit.running.aims = any(_TARGETS.search(value.text[:10_000]) for _, value in unit.texts)
        unit.running.exposed += _exposed(unit)
        if unit.role == "job":
            unit.running.predicts = any(_PREDICTS.search(value.text[:100_000]) for _, value in unit.texts)
    found.parts.update({name: unit for name, unit in parts.items() if unit.what != "address"})
    known = {(unit.scope, word): name for name, unit in parts.items() for word in (*unit.names, unit.name)}
    for name, unit in parts.items():
        names = (known.get((unit.scope, value.text)) for value in unit.after)
        found.order[name] = tuple(one for one in names if one is not None and one != name)
        found.shared.update((name, one.target) for one in draft.components[name].relations if one.shared)
    found.sites.update(_elsewhere(draft))
    found.dangling = list(_dangling(draft))
    found.splits = list(_splits(draft))
    return found


def _exposed(unit: Unit) -> Iterator[Exposed]:
    """Yield the secrets in the files of settings that a part mounts, or that it is read from."""
    own = unit.format in _SETTINGS and unit.site.document.text
    texts = [("", Value(own, Site(unit.site.document, Span(0, len(own)))))] if own else []
    for path, value in (*unit.texts, *texts):
        if path.endswith(_CODE):
            continue
        place = place_in(value)
        is_whole = value.text == value.site.document.text
        for one in sorted(secrets_in(value.text[:_MOST_READ])):
            text = value.text[one.start : one.end]
            word = text.partition(":")[2] if one.key == "an address" else text
            if word and is_stated(word):
                span = Span(one.start, one.end)
                yield Exposed(one.key, Site(value.site.document, span) if is_whole else place(span))


def _elsewhere(draft: Draft) -> Iterator[tuple[tuple[str, ...], Site]]:
    """Yield the facts that another file than that of their component sets, such as a patch or a file of values."""
    models = dict(draft.models)
    for name, one in draft.components.items():
        at = ("components", name)
        if one.unit.image is not None and one.unit.image.site.file != one.site.file:
            yield (*at, "uses"), one.unit.image.site
        yield from _of_facts(at, one.facts.items(), one.site.file)
        for relation in one.relations:
            if relation.site.file != one.site.file:
                yield (*at, relation.verb, relation.target), relation.site
        for model in one.serves:
            yield from _of_facts(("models", model), models.pop(model, {}).items(), one.site.file)


def _of_facts(
    at: tuple[str, ...], facts: Iterable[tuple[str, Fact]], home: str
) -> Iterator[tuple[tuple[str, ...], Site]]:
    for key, fact in facts:
        if fact.site.file != home:
            yield (*at, key), fact.site
        yield from _of_facts((*at, key), fact.inner, home)


def _dangling(draft: Draft) -> Iterator[Dangling]:
    """Yield each address for which no file has a part, and which is no service of a vendor."""
    for name, component in draft.components.items():
        for relation in component.relations:
            target = draft.components.get(relation.target)
            if target is not None and target.unit.what == "address" and not target.uses:
                yield Dangling(name, relation.target, relation.site)


def _splits(draft: Draft) -> Iterator[Split]:
    """Yield how parts split their traffic: by shares, by conditions, or with a copy of it."""
    for name, component in draft.components.items():
        shared = [one for one in component.relations if one.share]
        copied = [one for one in component.relations if one.verb == "mirrors"]
        called = [one for one in component.relations if one.verb == "calls"]
        chosen = [one for one in called if one.when]
        if shared or copied:
            arms = tuple(dict.fromkeys(one.target for one in (*(shared or called), *copied)))
            if len(arms) > 1:
                yield Split(name, arms, "mirror" if copied and not shared else "share", (shared or copied)[0].site)
        if len(chosen) > 1:
            yield Split(name, tuple(dict.fromkeys(one.target for one in chosen)), "when", chosen[0].site)
