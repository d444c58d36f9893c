"""Whether the reader and the JSON Schema agree on random files: `python -m benchmarks.agreement --documents 10000`.

A document is a random valid system with up to three mistakes, each at a random place: another value, a misspelt key, a
missing key or one too many. They agree if the schema refuses a file exactly when the reader does not understand all of
it. Contradictions and names that do not exist are left out, because a schema cannot see them.
Exit status: 0 if they agree on all documents; 1 otherwise, with the smallest document that Hypothesis finds.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from math import ceil

import click
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archlint.model.read import no_includes, read
from archlint.model.schema import architecture_schema
from archlint.source.keys import has_top_key
from archlint.source.parser import parse
from tests.model.core_yaml import load_core_all
from tests.model.help import said
from tests.model.strategies import systems, to_yaml

BATCH = 500
BEYOND_A_SCHEMA = {"contradiction", "dangling-reference"}
VALIDATOR = Draft202012Validator(architecture_schema())
TEXTS = ("", "x", "none", "5s", "50%", "1 GB", "40/s", "2k", "p95", "1.5", "0 3 * * *", "1 USD", "2 USD per 1M tokens")
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 900_000), st.sampled_from([-1.0, 0.0, 0.25, 1.0, 1.5, 99.9, 120.0]),
    st.sampled_from(TEXTS), st.lists(st.sampled_from(["a", "5s", 3]), max_size=2),
    st.dictionaries(st.sampled_from(["to", "mean", "p50", "a"]), st.sampled_from(["5s", 2, "a"]), max_size=2),
)  # fmt: skip
"""Values that some keys take, and others do not."""
KEYS = st.sampled_from(
    ["to", "kind", "mean", "p95", "timeout", "replicas", "tokens", "slo", "in", "hardware", "x-own", "zonse"]
)


def mappings(value: object) -> Iterator[dict[str, object]]:
    """Every non-empty mapping of a document, the outer ones first."""
    if isinstance(value, dict):
        if value:
            yield value
        for item in value.values():
            yield from mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from mappings(item)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A file with up to three mistakes, as YAML."""
    system = deepcopy(draw(systems()))             # parts of it are shared between draws
    for _ in range(draw(st.integers(0, 3))):
        places = list(mappings(system))
        place = places[draw(st.integers(0, len(places) - 1))]
        key = draw(st.sampled_from(sorted(place)))
        how = draw(st.sampled_from(["value", "value", "value", "missing", "misspelt", "added"]))
        if how == "value":
            place[key] = draw(ODD)
        elif how == "added":
            place[draw(KEYS)] = draw(ODD)
        elif len(place) > 1 or place is not system:
            value = place.pop(key)
            if how == "misspelt":
                place[key[:1] + key] = value
    return to_yaml(system)


def refused_by_reader(text: str) -> list[str]:
    """What the reader does not understand in a file, each with its line."""
    if not has_top_key(text, "archlint"):
        return ["it has no key `archlint`"]
    found = [said(problem) for problem in read(parse("arch.yaml", text), no_includes).problems]
    return [f"line {each.line}: {each.message}" for each in found if each.kind not in BEYOND_A_SCHEMA]


def refused_by_schema(text: str) -> list[str]:
    """The errors of the schema, each with the path of the value."""
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for value in load_core_all(text) for error in VALIDATOR.iter_errors(value)]  # fmt: skip


def check(count: int, first: int = 0) -> Counter[bool]:
    """Compare both on `count` documents: how many were refused by both (True), and by neither (False).

    `first` is the number of the first batch: a batch is always the same documents. Hypothesis keeps all that it drew in
    one run, so a batch is small. Raises `AssertionError` for the smallest document on which they differ.
    """
    seen: Counter[bool] = Counter()
    random = [Phase.generate, Phase.shrink]
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    for number in range(first, first + ceil(count / BATCH)):
        most = min(BATCH, count - (number - first) * BATCH)

        @seed(number)
        @settings(max_examples=most, deadline=None, database=None, suppress_health_check=quiet, phases=random)
        @given(documents())
        def agree(text: str) -> None:
            reader, schema = refused_by_reader(text), refused_by_schema(text)
            said = f"reader: {reader or 'accepts it'}\nschema: {schema or 'accepts it'}"
            assert bool(reader) is bool(schema), f"{text}\n{said}"
            seen[bool(reader)] += 1

        agree()
    return seen


@click.command(help=__doc__)
@click.option("--documents", "count", type=click.IntRange(1), default=10_000, show_default=True, help="How many files.")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help=f"The first batch of {BATCH}.")
def main(count: int, first: int) -> None:
    """Compare, and print what was seen."""
    try:
        seen = check(count, first)
    except AssertionError as difference:
        click.echo(f"They differ:\n{difference}", err=True)
        sys.exit(1)
    click.echo(f"They agree on {sum(seen.values()):,} documents: {seen[True]:,} are refused, {seen[False]:,} accepted.")


if __name__ == "__main__":
    main()
