"""No fact whose absence means "unknown" overturns a proof: each is added to the examples, and the proof stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random

import pytest
import yaml

from archlint.catalog.technologies import shipped_technologies
from archlint.model.fields import Field
from archlint.model.vocabulary import COMPONENT_FIELDS, MODEL_RECORD, RELATION_FIELDS, WORKLOAD
from archlint.model.words import VERBS
from archlint.verdicts import FileReport
from tests.conftest import ROOT
from tests.examples.stripping import Tree, parse
from tests.rules.test_proven_unless import PACKS, before, check, relations

EXAMPLES = sorted({path for pack in PACKS for path in pack.examples("bad")} | {*(ROOT / "examples/failing").glob("*.yaml")})
TRIES = 5
"""Facts that are added to each example, drawn by its name; all of them take a minute."""
ALWAYS = "tokens"
"""The fact that is added to each example beside these: it changes what an objective for latency may mean."""
VALUES = {
    "rate": ["1/s", "1000/s"], "peak": ["2000/s"], "waits": ["true", "false"], "inputs": ["on-request", "known"],
    "distinct": ["10", "100M"], "repeats": ["0%", "100%"], "artifact": ["1MB", "100GB"], "parameters": ["1M", "100B"],
    "precision": ["fp16"], "service_time": ["1us", "1h"], "stream": ["true", "false"], "family": ["transformer", "gbdt"],
    "tokens": ["{in: 1k, out: 300}"], "ttft": ["1ms"], "tpot": ["1ms"], "embedding_parameters": ["1M"],
    "context": ["8k"], "ttl": ["1s", "30d"], "payload": ["1MB"], "network": ["1ms"], "replicas": ["1", "3"],
    "zones": ["[a]", "[a, b]"], "loads_model": ["at-start", "in-image"], "start_time": ["1s"], "retry": ["all"],
    "schedule": ["1min", "90d"], "records": ["1", "100M"], "run_time": ["1s", "90d"], "persistent": ["true", "false"],
    "max_length": ["1", "100M"], "availability": ["99%"], "exposed": ["public"], "hardware": ["{gpu: h100}"],
    "uses": ["vllm"], "framework": ["xgboost"], "mtbf": ["1d"], "mttr": ["1h"], "workers": ["1", "100"], "shards": ["3"], "max_sequences": ["1"],
    "rate_limit": ["{requests: 1/min}", "{tokens: 1/min}", "{concurrent: 1}"],
}  # fmt: skip
"""Values of the facts that rules judge by."""
NAMED = {
    ("SRV001", "service_time"),      # a time below what the hardware allows contradicts it
    ("CAP008", "service_time"),      # a time below that of the first token and those after it contradicts them
    ("SRV008", "schedule"),          # a job with a second schedule starts more often
}
"""Facts that do overturn a proof, so that the rule's page names them or they contradict the file."""
INSTEAD = {"SRV008": "SRV003"}
"""The rule that reports the same fault once more is known of it."""


def unsaid(tree: Tree) -> Iterator[tuple[dict[str, Tree], str]]:
    """Yield each record of a file with each key that it leaves unknown."""
    assert isinstance(tree, dict)
    components = {field.key: field for field in COMPONENT_FIELDS}
    for section, fields in (("workloads", WORKLOAD.fields), ("models", MODEL_RECORD.fields), ("components", components)):
        records = tree.get(section, {})
        assert isinstance(records, dict)
        for record in records.values():
            if isinstance(record, dict):
                yield from _unknown(record, fields)
                for verb in VERBS if section == "components" else ():
                    for relation in relations(record, verb):
                        yield from _unknown(relation, {field.key: field for field in RELATION_FIELDS})


def _unknown(record: dict[str, Tree], fields: Mapping[str, Field[object]]) -> Iterator[tuple[dict[str, Tree], str]]:
    for key, field in fields.items():
        if key not in record and key in VALUES and field.absent.startswith("unknown"):
            yield record, key


@cache
def defaults_of(kind: str) -> list[str]:
    """One technology for each set of defaults among those that fit a kind of component."""
    found: dict[tuple[tuple[str, object], ...], str] = {}
    for technology in shipped_technologies().entries.values():
        if technology.assumed and technology.fits(kind):
            known = tuple(sorted((key, fact.value) for key, fact in technology.assumed.items()))
            found.setdefault(known, technology.name)
    return list(found.values())


def proofs(report: FileReport) -> set[tuple[str, str]]:
    return {(f.rule, f.at) for f in report.findings if f.certainty == "proven" and not f.rule.startswith("DOC")}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name[:6]}-{path.stem}")
def test_no_further_fact_overturns_a_proof(path: Path) -> None:
    tree = parse(path.read_text(encoding="utf-8"))
    held = proofs(before(path))
    keys = [key for _, key in unsaid(deepcopy(tree))]
    lot = Random(path.stem)
    drawn = lot.sample(range(len(keys)), min(TRIES, len(keys)))
    always = [number for number, key in enumerate(keys) if key == ALWAYS]
    for number in dict.fromkeys([*drawn, *always]) if held else ():
        more = deepcopy(tree)
        record, key = list(unsaid(more))[number]
        record[key] = yaml.load(lot.choice(VALUES[key]), yaml.BaseLoader)
        report = check(more, path)
        if any(finding.rule.startswith("DOC0") for finding in report.findings):
            continue                     # it contradicts the file
        rules = {finding.rule for finding in report.findings}
        for rule, at in held:
            stays = any(finding.rule == rule for finding in report.findings) or INSTEAD.get(rule) in rules
            assert stays or (rule, key) in NAMED, f"{rule} at {at}: {key}: {record[key]}"


def test_no_technology_that_is_left_out_overturns_a_proof_about_its_component() -> None:
    tried: set[tuple[object, ...]] = set()
    for path in EXAMPLES:
        tree = parse(path.read_text(encoding="utf-8"))
        assert isinstance(tree, dict)
        components = tree["components"]
        assert isinstance(components, dict)
        of_component: dict[str, list[tuple[str, str]]] = {}
        for rule, at in proofs(before(path)):
            if at.startswith("components."):
                of_component.setdefault(at.split(".")[1], []).append((rule, at))
        for name, held in of_component.items():
            record = components[name]
            assert isinstance(record, dict)
            for technology in defaults_of(str(record["kind"])) if "uses" not in record else ():
                cases = {(rule, *at.split(".")[2:], record["kind"], technology) for rule, at in held}
                if cases <= tried:
                    continue
                tried |= cases
                more: Tree = {**tree, "components": {**components, name: {**record, "uses": technology}}}
                found = {(finding.rule, finding.at) for finding in check(more, path).findings}
                assert found.issuperset(held), f"{technology} on {name}: {set(held) - found}"
