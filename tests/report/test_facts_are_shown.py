"""Whatever a finding rests on is shown with it, in every format; a comparison and the numbers show each fact as well."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml

from archlint.compare.difference import Difference
from archlint.compare.json import render_json
from archlint.compare.markdown import render_markdown
from archlint.compare.text import render_text
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.verdicts import Finding, Report
from tests.compare.versions import difference
from tests.examples.stripping import Path as Keys
from tests.examples.stripping import Tree, dump, parse, spelt, without, without_all
from tests.model.test_generative import ASSISTANT
from tests.rules.test_proven_unless import PACKS, check

from .reading import Page, rendered

TODAYS = frozenset({
    "tokens", "stream", "ttft", "tpot", "mean", "family", "adapter_of", "layers", "kv_heads", "head_dim", "kv_per_token",
    "context", "embedding_parameters", "active_parameters", "quantised_from", "embedding_space", "index_of", "stage",
    "gpu_share", "max_sequences", "tensor_parallel", "pipeline_parallel", "rate_limit", "price", "region", "regions",
    "shards", "quorum", "freshness", "in_process", "fails", "jurisdiction",
})  # fmt: skip
"""The keys that describe generated answers, vendors, places, shards and freshness."""
LOAD = {("CAP009", "p50")}
"""Facts without which the load is unknown, though the arithmetic of the finding does not need them."""
EXAMPLES = [
    (pack.id, path) for pack in PACKS for path in pack.examples("bad")
    if TODAYS & set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
]  # fmt: skip


def leaves(node: Tree, path: Keys = ()) -> Iterator[Keys]:
    """The paths of the stated values: lists of names are one value."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path


def lines(text: str, path: Keys) -> set[int]:
    """The lines of a value and of the key that holds it, up to the name of its part."""
    node, found = yaml.compose(text, Loader=yaml.CSafeLoader), set()
    for depth, step in enumerate(path):
        if isinstance(node, yaml.MappingNode):
            key, node = next((key, value) for key, value in node.value if key.value == step)
            if depth > 1 and isinstance(step, str):
                found.add(key.start_mark.line + 1)
        elif isinstance(node, yaml.SequenceNode):
            node = node.value[step]
    return found


def shows(finding: Finding, path: Keys, text: str) -> bool:
    """Whether a finding points to a fact, or names its key in its arithmetic."""
    places = [finding.location, *(term.location for term in finding.terms), *(r.location for r in finding.all_related)]
    words = " ".join((finding.message, *(f"{term.label} {term.note}" for term in finding.terms)))
    return str(path[-1]) in words or not lines(text, path).isdisjoint(place.line for place in places if place)


@pytest.mark.parametrize(("rule", "path"), EXAMPLES, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_a_finding_shows_each_fact_without_which_it_is_gone(rule: str, path: Path) -> None:
    tree = parse(path.read_text(encoding="utf-8"))
    text, report = dump(tree), check(tree, path)
    found = {finding.at: finding for finding in report.findings if finding.rule == rule}
    for keys in leaves(tree):
        hidden = [at for at, finding in found.items() if not shows(finding, keys, text)]
        if hidden and keys[0] in {"workloads", "models", "components"} and not TODAYS.isdisjoint(map(str, keys)):
            if (rule, keys[-1]) in LOAD:
                continue
            rest = {finding.at for finding in check(without(tree, keys), path).findings if finding.rule == rule}
            assert rest.issuperset(hidden), f"{rule} rests on {spelt(keys)}, and does not show it"
    for name in ("json", "sarif", "markdown", "html"):
        said = shown(name, Report((msgspec.structs.replace(report, findings=tuple(found.values()), undecided=()),), ()))
        for term in (term for finding in found.values() for term in finding.terms):
            assert squeezed(term.text) in said, f"{name}: {term.label}"


def squeezed(text: str) -> str:
    return re.sub(r"[\s`]+", "", text)


def shown(name: str, report: Report) -> str:
    """What a reader of a format sees, without its marks."""
    text = FORMATS[name](report, ReportOptions())
    if name == "markdown":
        text = rendered(text).text
    elif name == "html":
        text = Page(text).text
    elif name in {"json", "sarif", "gitlab"}:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return squeezed(html.unescape(text))


@cache
def stated() -> Tree:
    return parse(ASSISTANT)


def rounds() -> list[list[Keys]]:
    """The facts of the assistant in groups, none of which the rest of the file needs: of a model, one in each."""
    fixed = {"archlint", "system", "from", "to", "serves", "consumes"}
    found: list[list[Keys]] = []
    for path in leaves(stated()):
        if path[-1] in fixed or (path[-1] == "kind" and "reads" not in path) or path == ("models", "embedder", "owner"):
            continue
        alike = {path[-1], path[:2] if path[0] == "models" else ""}
        free = (one for one in found if len(one) < 12)           # text shows so many changes in full
        group = next((one for one in free if all(alike.isdisjoint({other[-1], other[:2]}) for other in one)), None)
        if group is None:
            found.append(group := [])
        group.append(path)
    return found


@pytest.mark.parametrize("paths", rounds(), ids=lambda paths: spelt(paths[0]))
def test_a_comparison_shows_each_fact_that_one_version_leaves_out(paths: list[Keys]) -> None:
    found = Difference("old", "new", (difference(ASSISTANT, dump(without_all(stated(), paths))),))
    texts = render_text(found), render_json(found), rendered(render_markdown(found)).text
    for path in paths:
        assert all(str(path[-1]) in text for text in texts), spelt(path)
