"""OPS004: what identifies a model, and which registry can roll it back."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "models.net"


def text(model: str, server: str = "kind: model-server", more: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app}}}}
models: {{net: {{{model}}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{serves: [net], {server}}}
  store: {{kind: model-registry}}
{more}
"""

VERSIONED = "`net` has the version `1.10`, but "


@pytest.mark.parametrize(
    ("model", "server"),
    [
        ("version: 1.10, registry: store", "kind: model-server"),
        ("version: 1.10", "kind: model-server, loads: [store]"),
        ("version: 1.10", "kind: model-server, loads_model: in-image, image: shop/ranker:7"),
        ("version: 1.10", 'kind: model-server, loads_model: in-image, image: "shop/ranker@sha256:0a1b"'),
        ("version: 1.10", "kind: external"),
    ],
)
def test_a_version_and_a_place_to_come_from(model: str, server: str) -> None:
    assert lint("OPS004", text(model, server)).places == set()


@pytest.mark.parametrize(
    ("model", "server", "message"),
    [
        ("artifact: 1GB", "kind: model-server",
         "`net` has no version and no registry: you cannot tell which version answered, or roll back"),
        ("registry: store", "kind: model-server", "`net` has no version: you cannot tell which version answered"),
        ("version: 1.10", "kind: model-server",
         f"{VERSIONED}no registry: you cannot roll back"),
        ("version: 1.10", "kind: model-server, loads_model: in-image, image: shop/ranker:latest",
         f"{VERSIONED}no registry"),
        ("version: 1.10", "kind: model-server, loads_model: in-image, image: shop/ranker", f"{VERSIONED}no registry"),
        ("artifact: 1GB", "kind: external", "`net` has no version: you cannot tell which version answered"),
    ],
)  # fmt: skip
def test_what_is_missing(model: str, server: str, message: str) -> None:
    finding = lint("OPS004", text(model, server)).findings[AT]
    assert finding.message.startswith(message)
    assert finding.severity == "info"


@pytest.mark.parametrize("version", ["latest", "Latest", "production", "main"])
def test_a_version_that_moves_is_reported(version: str) -> None:
    found = lint("OPS004", text(f"version: {version}, registry: store"))
    assert found.findings["models.net.version"].message == (
        f"`net` has the version `{version}`, which changes with every release"
    )


def test_all_servers_have_to_get_it_from_somewhere() -> None:
    server = "kind: model-server, loads: [store]"
    other = "  other: {kind: batch-job, serves: [net]}"
    assert lint("OPS004", text("version: 1.10", server)).places == set()
    assert lint("OPS004", text("version: 1.10", server, other)).places == {AT}


def test_a_model_that_nothing_serves_is_left_to_another_rule() -> None:
    assert lint("OPS004", text("artifact: 1GB").replace("serves: [net]", "uses: triton, serves: []")).places == set()


def test_a_version_that_cannot_be_read_is_no_absence() -> None:
    found = lint("OPS004", text("version: [1], registry: store"))
    assert (found.places, found.undecided) == (set(), {AT: ("models.net.version",)})
