"""The outline of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from archlint.lsp.positions import Ruler
from archlint.lsp.symbols import outline
from archlint.source.parser import parse
from tests.cli.systems import FAILING
from tests.conftest import ROOT


def of(text: str) -> list[types.DocumentSymbol]:
    document = parse("arch.yaml", text)
    return outline(document, Ruler(document))


def all_of(symbols: Iterable[types.DocumentSymbol]) -> Iterator[types.DocumentSymbol]:
    for symbol in symbols:
        yield symbol
        yield from all_of(symbol.children or ())


def test_an_outline_names_sections_parts_and_facts_in_their_order() -> None:
    found = of(FAILING)
    assert [symbol.name for symbol in found] == ["archlint", "system", "owner", "workloads", "models", "components"]
    parts = found[-1].children or []
    assert [(symbol.name, symbol.detail) for symbol in parts][:3] == [
        ("page", "client"), ("lb", "load-balancer, nginx"), ("server", "model-server"),
    ]  # fmt: skip
    assert [(one.name, one.detail) for one in parts[2].children or []][1] == ("serves", "ranker")


def test_several_systems_of_a_file_are_apart() -> None:
    found = of(f"{FAILING}---\n{FAILING.replace('system: shop', 'system: 쇼핑 🛒')}")
    assert [symbol.name for symbol in found] == ["shop", "쇼핑 🛒"]
    assert found[1].range.start.line > found[0].range.end.line - 1


def test_the_name_of_every_symbol_lies_inside_its_range() -> None:
    """Editors reject an outline otherwise; with merges and aliases too, whose values are elsewhere."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").glob("*/*.yaml"))]
    texts.append("archlint: 1\nx-a: &a {kind: client}\ncomponents:\n  b: *a\n  c: {<<: *a, zones: 2}\n  ? d\n  e:\n")
    for text in texts:
        for symbol in all_of(of(text)):
            whole, head = symbol.range, symbol.selection_range
            assert whole.start <= head.start <= head.end <= whole.end
            assert symbol.name
