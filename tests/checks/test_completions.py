"""What is proven holds for every completion of a file: each fact that it leaves unknown, in all ways of a small domain.

A brute force decides each completion by itself, with no code of archlint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import lint

Facts = Mapping[str, str | None]


def completions(stated: Facts, domain: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every way to state the facts that are None."""
    choices = [[value] if (value := stated[key]) is not None else list(domain[key]) for key in domain]
    for chosen in product(*choices):
        yield dict(zip(domain, chosen, strict=True))


def some(domain: Mapping[str, Sequence[str]]) -> st.SearchStrategy[Facts]:
    return st.fixed_dictionaries({key: st.sampled_from([None, *values]) for key, values in domain.items()})


def said(stated: Facts, *keys: tuple[str, str]) -> str:
    """The stated facts of a record, each after a comma."""
    return "".join(f", {key}: {stated[name]}" for name, key in keys if stated[name] is not None)


def proves(rule: str, text: str) -> list[str]:
    """What a rule proves."""
    return [at for at, finding in lint(rule, text).findings.items() if finding.certainty == "proven"]


# REL001: does losing one replica, or one zone, of a server lose requests?

POOLS = {
    "api.replicas": ["1", "2", "3"], "api.zones": ["[a]", "[a, b]"], "db.replicas": ["1", "2"], "db.zones": ["[a]", "[a, b]"],
    "other.replicas": ["1", "2"], "waits": ["true", "false"],
}  # fmt: skip


def pools(stated: Facts, either: bool, optional: bool) -> str:
    group = ", either: x" if either else ", optional: true" if optional else ""
    other = f", {{to: other{group}}}" if either else ""
    zones = "zones: [a, b], balancing: random"
    return f"""
workloads: {{w: {{from: page{said(stated, ("waits", "waits"))}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{{to: db{group}}}{other}]{said(stated, ("api.replicas", "replicas"), ("api.zones", "zones"))}}}
  db: {{kind: service{said(stated, ("db.replicas", "replicas"), ("db.zones", "zones"))}}}
  other: {{kind: service, {zones}{said(stated, ("other.replicas", "replicas"))}}}
"""


def is_single(replicas: str, zones: str) -> bool:
    """Whether one failure takes all of a server: its only replica, or its only zone."""
    return replicas == "1" or zones == "[a]"


def single(facts: Mapping[str, str], either: bool, optional: bool) -> set[str]:
    """The servers whose replicas or zone lose requests when they fail, found by failing each."""
    spared = either or optional
    lost = {"api": is_single(facts["api.replicas"], facts["api.zones"])}
    lost["db"] = not spared and is_single(facts["db.replicas"], facts["db.zones"])
    return {name for name, bad in lost.items() if bad}


@settings(max_examples=40)
@given(some(POOLS), st.booleans(), st.booleans())
def test_a_proven_single_point_of_failure_is_one_in_every_completion(stated: Facts, either: bool, optional: bool) -> None:
    for at in proves("REL001", pools(stated, either, optional)):
        name = at.split(".")[1]
        if name in {"api", "db"}:
            assert all(name in single(facts, either, optional) for facts in completions(stated, POOLS)), (at, stated)


# REL014: is a provider that every request needs less available than the objective?

VENDORS = {"first": ["99%", "99.9%", "99.99%"], "second": ["99%", "99.99%"], "objective": ["99%", "99.9%"], "replicas": ["1", "2"]}
WAYS = ["first", "first, second", "{to: first, either: x}, {to: second, either: x}", "{to: first, fallback: second}", "{to: first, optional: true}"]


def vendors(stated: Facts, way: str) -> str:
    objective = "" if stated["objective"] is None else f"slo: {{availability: {stated['objective']}}}"
    return f"""
workloads: {{w: {{from: page, models: [m], {objective}}}}}
models: {{m: {{}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{way}]}}
  first: {{kind: external, serves: [m]{said(stated, ("first", "availability"), ("replicas", "replicas"))}}}
  second: {{kind: external, serves: [m]{said(stated, ("second", "availability"))}}}
"""


def share(text: str) -> float:
    return float(text.removesuffix("%")) / 100


def worst(facts: Mapping[str, str], way: str) -> float:
    """How often a request succeeds at most, each provider failing by itself: a table of both states of each."""
    up = {"first": share(facts["first"]), "second": share(facts["second"])}
    if facts["replicas"] == "2":
        up["first"] = 1 - (1 - up["first"]) ** 2
    needs_all = way == "first, second"
    total = 0.0
    for first, second in product([True, False], repeat=2):
        works = first and second if needs_all else first if way == "first" else first or second or "optional" in way
        chance = (up["first"] if first else 1 - up["first"]) * (up["second"] if second else 1 - up["second"])
        total += chance if works else 0.0
    return total


@settings(max_examples=60)
@given(some(VENDORS), st.sampled_from(WAYS))
def test_a_provider_below_the_objective_is_below_it_in_every_completion(stated: Facts, way: str) -> None:
    if proves("REL014", vendors(stated, way)):
        for facts in completions(stated, VENDORS):
            # An objective that the file does not state is not asked.
            assert stated["objective"] is not None
            if stated["replicas"] is None and facts["replicas"] == "2":
                continue                 # the stated availability is that of the provider as a whole
            assert worst(facts, way) < share(facts["objective"]) - 1e-12, (facts, way)


# SRV001: is the answer later than the objective, whatever the hops and the model take?

TIMES = {
    "model": ["10ms", "900ms"], "api": ["5ms", "700ms"], "hop": ["1ms", "300ms"], "stream": ["true", "false"], "waits": ["true", "false"],
    "family": ["gbdt", "transformer"],
}  # fmt: skip
SHAPES = ["", ", optional: true", ", fallback: an empty page"]


def timed(stated: Facts, shape: str, objective_ms: int, generates: bool) -> str:
    tokens = ", tokens: {out: 300}" if generates else ""
    return f"""
workloads: {{w: {{from: page, models: [m], slo: {{latency: {{p50: {objective_ms}ms}}}}{tokens}{said(stated, ("stream", "stream"), ("waits", "waits"))}}}}}
models: {{m: {{version: 1{said(stated, ("model", "service_time"), ("family", "family"))}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{{to: server{shape}{said(stated, ("hop", "network"))}}}]{said(stated, ("api", "service_time"))}}}
  server: {{kind: model-server, serves: [m]}}
"""


def milliseconds(text: str) -> int:
    return int(text.removesuffix("ms"))


def median_ms(facts: Mapping[str, str]) -> int:
    """The median of the whole answer: one waits for an optional part and for one with a fallback too."""
    return sum(milliseconds(facts[name]) for name in ("api", "hop", "model"))


@settings(max_examples=60)
@given(some(TIMES), st.sampled_from(SHAPES), st.sampled_from([8, 100, 800, 2000]), st.booleans())
def test_a_model_too_slow_for_the_objective_is_so_in_every_completion(
    stated: Facts, shape: str, objective_ms: int, generates: bool
) -> None:
    if proves("SRV001", timed(stated, shape, objective_ms, generates)):
        # If nobody says whether the answer is streamed, the objective may be for its first token, which may come at once.
        # A file that states no tokens may only have left them out: that is a completion too.
        assert stated["stream"] is not None or stated["family"] == "gbdt"
        assert all(median_ms(facts) > objective_ms for facts in completions(stated, TIMES))


def test_each_law_meets_proofs() -> None:
    """The laws above are about something: proofs are made in their domains."""
    nothing = dict.fromkeys(POOLS)
    assert proves("REL001", pools({**nothing, "api.replicas": "1"}, False, False)) == ["components.api.replicas"]
    assert proves("REL014", vendors({**dict.fromkeys(VENDORS), "first": "99%", "objective": "99.9%"}, "first"))
    slow = {**dict.fromkeys(TIMES), "model": "900ms"}
    assert proves("SRV001", timed({**slow, "family": "gbdt"}, "", 800, False))
    assert proves("SRV001", timed({**slow, "stream": "false"}, "", 800, False))
    assert not proves("SRV001", timed(slow, "", 800, True))
