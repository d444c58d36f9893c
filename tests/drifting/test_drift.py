"""Drift: imported files have none, and each change of a deployment shows as exactly one difference with both places."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint import Drift, Drifted, UsageError, drift
from archlint.importers.importing import import_files
from archlint.importers.writing import write
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from tests.conftest import ROOT
from tests.drifting.systems import COMPOSE, KUBERNETES, SYSTEMS

ARCH = """
archlint: 1
workloads: {search: {from: page, rate: 5/s}}
components:
  page: {kind: client, calls: [web]}
  web: {kind: service, calls: [api]}
  api: {kind: service, replicas: 2, image: acme/api:1.0, reads: [cache], calls: [llm]}
  cache: {kind: cache, uses: redis}
  llm: {kind: model-server, uses: vllm, serves: [acme/chat-7b], tensor_parallel: 2}
models: {acme/chat-7b: {}}
"""
IMPLEMENTATIONS = ROOT / "reference_impls"
REFERENCES = sorted(path.parent.name for path in IMPLEMENTATIONS.glob("*/compose.yaml"))
JUSTIFIED = {
    "microservice_horizontal": "training", "microservice_vertical": "training", "prediction_circuit_break": "training",
    "prep_pred": "release", "smaller_model": "release",
}  # fmt: skip
"""Jobs that fill the store of models once, when the demonstration starts: the descriptions have the store."""


def deployed(folder: Path, text: str, name: str = "deploy.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def described(path: Path) -> str:
    found = import_files([path], path.parent, explicit=True)
    return write(found.draft, "shop", found.sources)


def summary(found: Drifted) -> list[tuple[str, str, str]]:
    return [(one.what, one.part, one.state) for one in found.found]


def only(found: Drifted) -> Drift:
    (one,) = found.found
    return one


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_import_is_read_again_as_it_was_found_and_has_no_drift(name: str, tmp_path: Path) -> None:
    path = deployed(tmp_path, SYSTEMS[name][0])
    text = described(path)
    first = read(parse("arch.yaml", text), no_includes)
    assert not first.problems
    found = import_files([path], tmp_path, explicit=True)
    assert list(first.components) == list(found.draft.components)
    assert list(first.models) == list(found.draft.models)
    assert write(found.draft, "shop", found.sources) == text
    same = drift(text, path)
    assert (same.found, same.is_empty) == ((), True)
    assert same.compared > 1


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_changed_number_of_replicas_shows_as_exactly_that(name: str, count: int, tmp_path: Path) -> None:
    text, stated, component = SYSTEMS[name]
    path = deployed(tmp_path, text)
    arch = described(path)
    now = text.replace(f" {stated}", f" {stated[:-1]}{count}", 1) if " " + stated in text else ""
    now = now or text.replace(stated, f"{stated[:-1]}{count}", 1)
    path.write_text(now)
    one = only(drift(arch, path))
    assert (one.what, one.part, one.state) == ("fact", f"{component} replicas", "differs")
    assert str(count) in one.deployed
    assert "2" in one.described
    assert arch.splitlines()[one.here.line - 1].strip().startswith("replicas:")
    assert one.there is not None
    assert stated[:-1] in now.splitlines()[one.there.line - 1]


@pytest.mark.parametrize(("old", "new", "expected", "line"), [
    ("    image: redis:7.2\n", "    image: redis:7.2\n  extra:\n    image: acme/extra\n",
     ("component", "extra", "not-described"), "extra:"),
    ("  cache:\n    image: redis:7.2\n", "", ("component", "cache", "not-deployed"), ""),
    (', LLM_URL: "http://llm:8000/v1"', "", ("relation", "api -> llm", "not-deployed"), "api:"),
    ('API_URL: "http://api:8000"', 'API_URL: "http://api:8000", CACHE_URL: "redis://cache"',
     ("relation", "web -> cache", "not-described"), "CACHE_URL"),
    ("REDIS_URL:", "WEB_URL: 'http://web:80', REDIS_URL:", ("relation", "api -> web", "not-described"), "WEB_URL"),
    ("acme/api:1.0", "acme/api:1.1", ("fact", "api image", "differs"), "acme/api:1.1"),
    ("size 2", "size 4", ("fact", "llm tensor_parallel", "differs"), "size 4"),
    ("redis:7.2", "memcached:1.6", ("fact", "cache uses", "differs"), "memcached"),
    ("acme/chat-7b", "acme/chat-8b", ("model", "llm serves acme/chat-8b", "not-described"), "llm:"),
])  # fmt: skip
def test_what_changed_in_the_deployment(
    old: str, new: str, expected: tuple[str, str, str], line: str, tmp_path: Path
) -> None:
    before = drift(ARCH, deployed(tmp_path, COMPOSE))
    assert before.is_empty, before
    assert old in COMPOSE
    text = COMPOSE.replace(old, new)
    found = drift(ARCH, deployed(tmp_path, text))
    assert summary(found)[0] == expected
    assert len(found.found) == 1 + (expected[0] == "model")
    place = found.found[0].here if expected[2] == "not-described" else found.found[0].there
    if line:
        assert place is not None
        assert line in text.splitlines()[place.line - 1]
    else:
        assert place is None


def test_what_deployment_files_cannot_state_is_no_drift(tmp_path: Path) -> None:
    more = ARCH.replace("rate: 5/s", "rate: 5/s, slo: {latency: {p99: 1s}}").replace(
        "  cache:", "  logs: {kind: log-store}\n  bank: {kind: external}\n  cache:"
    )
    more = more.replace("calls: [llm]}", "calls: [llm, bank], logs_to: [logs], service_time: 5ms}")
    found = drift(more, deployed(tmp_path, COMPOSE))
    assert found.is_empty
    assert found.unseen == ("page", "logs", "bank")


def test_names_are_matched_without_case_and_by_the_other_names_of_a_container(tmp_path: Path) -> None:
    path = deployed(tmp_path, COMPOSE)
    renamed = ARCH.replace("  api:", "  Shop-API:").replace("[api]", "[Shop-API]").replace("web:", "WEB:").replace("[web]", "[WEB]")
    assert drift(renamed, path).is_empty
    service = "archlint: 1\ncomponents:\n  front: {kind: service, calls: [ranker_svc]}\n  ranker_svc: {kind: model-server}\n"
    assert drift(service, deployed(tmp_path, KUBERNETES)).is_empty


def test_deployed_as_names_what_a_component_is(tmp_path: Path) -> None:
    two = COMPOSE.replace("  cache:", "  api-2:\n    image: acme/api:1.0\n    environment: {R: 'redis://cache'}\n  cache:")
    path = deployed(tmp_path, two.replace("    deploy: {replicas: 2}\n", ""))
    missing = only(drift(ARCH, path))
    assert (missing.part, missing.state) == ("api-2", "not-described")
    both = ARCH.replace("image: acme/api:1.0,", "image: acme/api:1.0, deployed_as: [api, api-2],")
    assert drift(both, path).is_empty
    three = drift(both.replace("replicas: 2", "replicas: 3"), path)
    assert [(one.part, one.described, one.deployed) for one in three.found] == [("api replicas", "3", "2")]
    wrong = drift(both.replace("api-2]", "api-3]"), path)
    assert ("component", "api", "not-deployed") in summary(wrong)


TWICE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      initContainers: [{name: prepare, image: "acme/api:1.0", command: [fill], volumeMounts: [{name: data, mountPath: /data}]}]
      containers: [{name: api, image: "acme/api:1.0", volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  minReplicas: 2
  maxReplicas: 6
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
"""


def test_a_system_may_be_deployed_in_two_ways(tmp_path: Path) -> None:
    one = "archlint: 1\ncomponents:\n  api: {kind: service, deployed_as: [api-1, api-2], replicas: {min: 2, max: 6}}\n"
    numbered = "services:\n  api-1: {image: acme/api:1.0}\n  api-2: {image: acme/api:1.0}\n"
    (tmp_path / "kubernetes").mkdir()
    assert drift(one, deployed(tmp_path, numbered, "compose.yaml")).is_empty
    manifests = deployed(tmp_path / "kubernetes", TWICE)
    assert drift(one, manifests).is_empty                             # its own name, and the step before its start
    assert only(drift(one.replace("max: 6", "max: 4"), manifests)).part == "api replicas"
    assert {found.part for found in drift(one.replace("api:", "web:"), manifests).found} == {"web", "api"}


@pytest.mark.parametrize(("number", "drifts"), [(1, True), (2, False), (6, False), (7, True)])
def test_compose_states_no_range_and_a_number_within_it_is_no_drift(number: int, drifts: bool, tmp_path: Path) -> None:
    text = f"services:\n  api: {{image: acme/api:1.0, deploy: {{replicas: {number}}}}}\n"
    one = "archlint: 1\ncomponents:\n  api: {kind: service, replicas: {min: 2, max: 6}}\n"
    assert bool(drift(one, deployed(tmp_path, text)).found) is drifts


def test_several_components_may_be_deployed_as_one_and_others_elsewhere(tmp_path: Path) -> None:
    path = deployed(tmp_path, COMPOSE)
    split = ARCH.replace(
        "  cache: {kind: cache, uses: redis}",
        "  cache: {kind: cache, uses: redis, replicas: 3}\n  keys: {kind: cache, uses: redis, deployed_as: cache}\n"
        "  balancer: {kind: load-balancer, calls: [web], deployed_as: none}",
    )
    assert drift(split, path).is_empty
    one = only(drift(split.replace(", deployed_as: none", ""), path))
    assert (one.part, one.state) == ("balancer", "not-deployed")
    assert "deployed_as: none" in one.hint


def test_a_renamed_component_is_suggested(tmp_path: Path) -> None:
    found = drift(ARCH.replace("llm", "chat"), deployed(tmp_path, COMPOSE))
    assert {one.part: one.state for one in found.found} == {"chat": "not-deployed", "llm": "not-described"}
    assert "add `deployed_as: llm`" in found.found[0].hint


def test_a_variable_without_a_value_and_start_order_are_no_missing_relation(tmp_path: Path) -> None:
    text = COMPOSE.replace('{API_URL: "http://api:8000"}', "{MODE: prod}\n    depends_on: [api]")
    assert drift(ARCH, deployed(tmp_path, text)).is_empty


def test_what_is_not_compared_is_an_error(tmp_path: Path) -> None:
    path = deployed(tmp_path, COMPOSE)
    with pytest.raises(UsageError, match="not an architecture file"):
        drift(path, path)
    with pytest.raises(UsageError, match="no deployment files are named"):
        drift(ARCH, [])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: no deployment files to compare with"):
        drift(ARCH, tmp_path / "empty")


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_implementations_are_deployed_as_they_are_described(name: str) -> None:
    folder = IMPLEMENTATIONS / name
    found = drift(folder / "arch.yaml", folder / "compose.yaml")
    jobs = [JUSTIFIED[name]] if name in JUSTIFIED else []
    assert [(one.part, one.state) for one in found.found] == [(job, "not-described") for job in jobs]
    assert found.compared
