"""Random systems that generate answers, for Hypothesis: retrieval, vendors, checks, cascades, stages, in any mixture."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.examples.stripping import Tree

Facts = dict[str, Tree]
SUGGESTIVE = (
    "rag", "embedder", "vector-index", "generator", "gateway", "litellm", "openai", "anthropic", "guardrail", "moderation",
    "prefill", "decode", "router", "small", "large", "cascade", "stream", "cache", "prefix-cache", "semantic-cache", "batch",
    "shadow", "canary", "edge", "llm", "gpt-5", "worker", "queue", "fallback", "web-single", "ensemble", "scorer",
)  # fmt: skip
"""Names that sound like the parts of patterns."""


@st.composite
def answering_systems(draw: st.DrawFn) -> Tree:
    """A client, an application, and behind it some of the parts; each relation and fact is present or missing at random."""
    models: dict[str, Tree] = {"m0": _size(draw, "8B"), "m1": _size(draw, "70B"), "m2": {}, "m3": {}}
    components: dict[str, Tree] = {}
    behind: list[str] = []
    for number in range(draw(st.integers(1, 3))):
        facts: Facts = {"kind": draw(st.sampled_from(["model-server", "external", "model-server"])), "serves": [f"m{number % draw(st.sampled_from([1, 2, 2]))}"]}
        stage = draw(st.sampled_from([None, None, "prefill", "decode"]))
        if stage is not None and facts["kind"] == "model-server":
            facts["stage"] = stage
        if draw(st.integers(0, 3)) == 0:
            facts["uses"] = "vllm"
        components[f"server-{number}"] = facts
        behind.append(f"server-{number}")
    application: Facts = {"kind": "service"}
    direct = list(behind)
    if draw(st.booleans()):
        front: Facts = {"kind": draw(st.sampled_from(["gateway", "load-balancer", "service"])), "calls": _calls(draw, behind)}
        components["front"] = front
        direct = ["front"]
    if draw(st.booleans()):
        components["check"] = {"kind": "guardrail", **_some(draw, {"serves": ["m2"]})}
        direct.insert(draw(st.integers(0, len(direct))), "check")
    if draw(st.booleans()):
        components["vectors"] = {"kind": "model-server", "serves": ["m3"]}
        components["found"] = {"kind": "vector-store", **_some(draw, {"index_of": "m3"})}
        components["filler"] = {"kind": "batch-job", "schedule": "1d", "serves": ["m3"], "writes": ["found"]}
        direct.insert(0, "vectors")
        looked_up: Tree = {"to": "found", "hit_ratio": "30%"}
        application["reads"] = [draw(st.sampled_from(["found", looked_up]))]
    application["calls"] = _calls(draw, direct)
    components = {"client": {"kind": "client", "calls": ["application"]}, "application": application, **components}
    said = _some(draw, {"tokens": {"out": "300"}}) | _some(draw, {"stream": "true"})
    if draw(st.integers(0, 4)) == 0:
        application["buffers"] = "true"
    return {"archlint": "1", "workloads": {"w": {"from": "client", **said}}, "models": models, "components": components}


def _some(draw: st.DrawFn, facts: Facts) -> Facts:
    """The facts, or none of them."""
    return facts if draw(st.booleans()) else {}


def _size(draw: st.DrawFn, parameters: str) -> Tree:
    return {"parameters": parameters} if draw(st.integers(0, 3)) else {}


def _calls(draw: st.DrawFn, targets: list[str]) -> list[Tree]:
    """Calls in sequence, in parallel, as alternatives, or in part."""
    form = draw(st.sampled_from(["plain", "plain", "fallback", "either", "share", "when", "parallel", "last", "last"]))
    calls: list[Tree] = []
    for number, target in enumerate(targets):
        facts: Facts = {"to": target}
        if form in {"either", "parallel"}:
            facts[form] = "one"
        elif form == "share":
            facts["share"] = f"{100 // len(targets)}%"
        elif form == "when" or (form == "last" and number and number == len(targets) - 1):
            facts["when"] = "one"
        elif form == "fallback" and number + 1 < len(targets):
            facts["fallback"] = targets[number + 1]
        calls.append(facts)
    return calls
