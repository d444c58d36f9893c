"""Random small systems with many features that matter to REL001: siblings, shares, hosts, cycles, missing facts.

Systems that make sense as a whole come from `tests.strategies`.
"""

from __future__ import annotations

import json

from hypothesis import strategies as st

from archlint.analysis.system import System
from archlint.catalog.technologies import shipped_technologies
from archlint.model.read import no_includes, read
from archlint.source.parser import parse

Facts = dict[str, object]
File = dict[str, dict[str, Facts]]
CALLED = ("service", "model-server", "load-balancer")
READ = ("database", "cache")
TECHNOLOGIES = shipped_technologies()


def facts_of_replicas() -> st.SearchStrategy[Facts]:
    """Replicas of a component: number, range, zones and host, each stated or not."""
    ranges = st.fixed_dictionaries({"min": st.integers(0, 3)}, optional={"max": st.integers(3, 5)})
    return st.fixed_dictionaries(
        {},
        optional={
            "replicas": st.one_of(st.integers(1, 3), ranges),
            "zones": st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True),
            "host": st.sampled_from(["rack-1", "rack-2"]),
        },
    )


def relations_to(targets: list[str]) -> st.SearchStrategy[list[Facts]]:
    """Relations, some of which are optional or one of several."""
    one = st.fixed_dictionaries(
        {"to": st.sampled_from(targets)},
        optional={
            "optional": st.booleans(),
            "fallback": st.just("an older answer"),
            "either": st.sampled_from(["x", "y"]),
            "share": st.sampled_from([0.25, 0.5, 0.75]),
            "timeout": st.just("1s"),
            "max_attempts": st.integers(1, 9),
        },
    )
    return st.lists(one, max_size=3, unique_by=lambda relation: str(relation["to"]))


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file with one to three workloads, up to six components that are called, stores, a queue and its workers."""
    called = [f"c{number}" for number in range(draw(st.integers(1, 6)))]
    read = [f"d{number}" for number in range(draw(st.integers(1, 3)))]
    workers = [f"w{number}" for number in range(draw(st.integers(0, 2)))]
    components: dict[str, Facts] = {"page": {"kind": "client", "calls": draw(relations_to(called))}}
    for name in called:
        components[name] = draw(facts_of_replicas()) | {
            "kind": draw(st.sampled_from(CALLED)),
            "calls": draw(relations_to([other for other in called if other != name] or called)),
            "reads": draw(relations_to(read)),
        }
        if draw(st.booleans()):
            components[name]["publishes"] = ["jobs"]
    for name in read:
        components[name] = draw(facts_of_replicas()) | {"kind": draw(st.sampled_from(READ))}
    components["jobs"] = draw(facts_of_replicas()) | {"kind": "queue"}
    for name in workers:
        components[name] = draw(facts_of_replicas()) | {
            "kind": "worker", "consumes": ["jobs"], "serves": ["m"], "writes": draw(relations_to(read)),
        }  # fmt: skip
    workloads: dict[str, Facts] = {}
    for number in range(draw(st.integers(1, 3))):
        workloads[f"load{number}"] = {"from": draw(st.sampled_from(["page", "page", called[0]])), "rate": "5/s"}
    return {"workloads": workloads, "models": {"m": {}}, "components": components}


def system_of(file: File) -> System:
    """The system that such a file describes."""
    return system_of_text(json.dumps({"archlint": 1, **file}))


def system_of_text(text: str) -> System:
    """The system that a text describes."""
    return System(read(parse("arch.yaml", text), no_includes), TECHNOLOGIES)
