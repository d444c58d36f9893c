"""SRV013: whether the vectors of an index and of its queries come from one model."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint


def text(index: str, models: str = "models: [query-net], ", writers: str = "", more: str = "") -> str:
    return f"""
workloads: {{find: {{from: app, {models}rate: 1/s}}}}
models: {{query-net: {{embedding_space: new}}, old-net: {{embedding_space: old}}, small-net: {{quantised_from: old-net}}, llm: {{tpot: 20ms}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [server], reads: [index]}}
  server: {{kind: model-server, uses: fastapi, serves: [query-net]}}
  index: {{kind: vector-store{index}}}
{writers}
{more}
"""


def test_another_model_is_proven_where_both_sides_are_stated() -> None:
    finding = lint("SRV013", text(", index_of: old-net")).findings["components.index.index_of"]
    assert (finding.severity, finding.certainty) == ("error", "proven")


@pytest.mark.parametrize(("old", "new"), [
    ("", "embedding_space: s"), ("embedding_space: s", ""), ("", ""),
])  # fmt: skip
def test_two_towers_or_adapters_whose_space_is_unsaid_are_no_proof(old: str, new: str) -> None:
    said = text(", index_of: old-net").replace("embedding_space: old", old).replace("embedding_space: new", new)
    finding = lint("SRV013", said).findings["components.index.index_of"]
    assert (finding.severity, finding.certainty) == ("warning", "heuristic")


@pytest.mark.parametrize(("uses", "alone"), [("", "heuristic"), ("uses: fastapi, ", "proven"), ("uses: vllm, ", "heuristic")])
def test_a_technology_for_generators_makes_no_generator_beside_a_stated_one(uses: str, alone: str) -> None:
    both = text(", index_of: old-net", "models: [query-net, llm], ", more="  writer: {kind: external, serves: [llm]}")
    both = both.replace("calls: [server]", "calls: [server, writer]").replace("uses: fastapi, ", uses)
    assert [f.certainty for f in lint("SRV013", both).findings.values()] == ["proven"]
    unsure = lint("SRV013", both.replace("tpot: 20ms", "embedding_space: third"))
    assert [f.certainty for f in unsure.findings.values()] == [alone]


def test_another_model_is_a_hint_where_a_side_is_not_stated() -> None:
    by_reach = lint("SRV013", text(", index_of: old-net", models="")).findings["components.index.index_of"]
    writer = "  job: {kind: batch-job, serves: [old-net], writes: [index]}"
    by_writer = lint("SRV013", text("", writers=writer)).findings["components.index"]
    by_sort = lint("SRV013", text(", index_of: old-net").replace("uses: fastapi, ", "")).findings["components.index.index_of"]
    for finding in (by_reach, by_writer, by_sort):
        assert (finding.severity, finding.certainty) == ("warning", "heuristic")


@pytest.mark.parametrize(
    ("index", "writers"),
    [
        (", index_of: query-net", ""),
        ("", "  job: {kind: batch-job, serves: [query-net], writes: [index]}"),
        ("", "  job: {kind: batch-job, calls: [server], writes: [index]}"),
        ("", "  job: {kind: batch-job, serves: [old-net, query-net], writes: [index]}"),
    ],
)
def test_the_same_model(index: str, writers: str) -> None:
    said = lint("SRV013", text(index, writers=writers))
    assert (said.places, said.undecided) == (set(), {})


def test_a_quantised_model_has_the_space_of_its_origin() -> None:
    quantised = text(", index_of: old-net").replace("query-net", "small-net")
    assert lint("SRV013", quantised.replace("small-net: {}, ", "")).places == set()


@pytest.mark.parametrize(("here", "there", "found"), [
    ("clip", "clip", False), ("clip", "siglip", True), ("clip", None, True), (None, None, True),
])  # fmt: skip
def test_two_towers_share_one_space_of_vectors(here: str | None, there: str | None, found: bool) -> None:
    towers = text(", index_of: old-net", writers="  job: {kind: batch-job, serves: [old-net], writes: [index]}")
    for stated, space in (("new", here), ("old", there)):
        towers = towers.replace(f"embedding_space: {stated}", f"embedding_space: {space}" if space else "")
    assert bool(lint("SRV013", towers).places) == found


def test_a_quantised_tower_has_the_space_of_its_origin() -> None:
    models = "{query-net: {embedding_space: clip}, old-net: {embedding_space: clip}, small-net: {quantised_from: query-net}}"
    towers = text(", index_of: old-net", "models: [small-net], ").replace("serves: [query-net]", "serves: [small-net]")
    start, end = towers.index("models: {query-net"), towers.index("\ncomponents")
    assert lint("SRV013", towers[:start] + f"models: {models}" + towers[end:]).places == set()


def test_an_index_that_others_write_than_it_says() -> None:
    writer = "  job: {kind: batch-job, serves: [old-net], writes: [index]}"
    assert lint("SRV013", text(", index_of: query-net", writers=writer)).places == {"components.index.index_of"}


def test_each_writer_of_another_model_is_named_once() -> None:
    writers = """  job: {kind: batch-job, serves: [old-net], writes: [index, index]}
  stream: {kind: worker, serves: [old-net], writes: [index]}"""
    finding = lint("SRV013", text(", index_of: query-net", writers=writers)).findings["components.index.index_of"]
    assert "but `job` and `stream` write vectors of `old-net`" in finding.message


@pytest.mark.parametrize("family", ["gbdt", "linear"])
def test_a_ranker_of_trees_makes_no_vectors(family: str) -> None:
    rank = "  rank: {kind: model-server, serves: [ranker]}"
    both = text(", index_of: old-net", "models: [query-net, ranker], ", more=rank)
    both = both.replace("llm: {", f"ranker: {{family: {family}}}, llm: {{").replace("calls: [server]", "calls: [server, rank]")
    assert "get theirs from `query-net`:" in lint("SRV013", both).findings["components.index.index_of"].message
    alone = text(", index_of: old-net", "models: [ranker], ").replace("serves: [query-net]", "serves: [ranker]")
    asked = lint("SRV013", alone.replace("llm: {", f"ranker: {{family: {family}}}, llm: {{")).undecided
    assert asked == {"components.api.reads[0]": ("workloads.find.models",)}


RETRIEVAL = """
workloads: {find: {from: app, models: [MODELS], rate: 1/s, stream: true}}
models: {embedder: {}, reranker: {parameters: 560M}, llm: {tpot: 20ms}, other: {}}
components:
  app: {kind: client, calls: [api]}
  api: {kind: service, calls: [{to: embed}, {to: index}, {to: rank}, {to: llm-server}]}
  embed: {kind: model-server, serves: [EMBEDS]}
  index: {kind: vector-store, index_of: embedder}
  rank: {kind: model-server, serves: [reranker]}
  llm-server: {kind: model-server, serves: [llm]}
"""


@pytest.mark.parametrize("models", ["reranker, llm", "llm", "reranker"])
def test_a_ranker_asked_after_the_search_makes_no_vectors_of_queries(models: str) -> None:
    found = lint("SRV013", RETRIEVAL.replace("MODELS", models).replace("EMBEDS", "embedder"))
    assert not found.findings
    assert found.undecided == {"components.api.calls[1]": ("workloads.find.models",)}


def test_another_model_asked_before_the_search_does() -> None:
    found = lint("SRV013", RETRIEVAL.replace("MODELS", "other, reranker, llm").replace("EMBEDS", "other"))
    assert "get theirs from `other`:" in found.findings["components.index.index_of"].message


def test_a_finding_names_the_queries_and_the_writer_if_there_are_three_models() -> None:
    writer = "  job: {kind: batch-job, serves: [llm], writes: [index]}"
    finding = lint("SRV013", text(", index_of: old-net", writers=writer)).findings["components.index.index_of"]
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert "holds vectors of `old-net`, but queries of `find` get theirs from `query-net`" in finding.message
    assert finding.message.endswith("; and `job` writes vectors of `llm`")
    same = writer.replace("llm", "query-net")
    finding = lint("SRV013", text(", index_of: old-net", writers=same)).findings["components.index.index_of"]
    assert (finding.severity, finding.certainty) == ("warning", "heuristic")


def test_what_is_unknown_is_asked_for() -> None:
    assert lint("SRV013", text("")).undecided == {"components.index": ("components.index.index_of",)}
    only_llm = text(", index_of: old-net", "models: [llm], ").replace("serves: [query-net]", "serves: [llm]")
    assert lint("SRV013", only_llm).undecided == {"components.api.reads[0]": ("workloads.find.models",)}
