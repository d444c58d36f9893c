"""OPS003: the required facts of an owner, and their inheritance."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

FULL = '{team: data, contact: "#data", runbook: run.md}'


def text(owner: str = "", server: str = "", second: str = "") -> str:
    return f"""
system: shop
{f"owner: {owner}" if owner else ""}
workloads: {{ask: {{from: app}}}}
models: {{net: {{}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [net], {server}}}
{f"  second: {{kind: model-server, serves: [net], {second}}}" if second else ""}
"""


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("", "system `shop` names no team, contact or runbook: nobody knows whom to call when it fails"),
        ("data", "system `shop` names no contact or runbook: nobody knows whom to call when it fails"),
        ('{team: data, contact: "#data"}',
         "system `shop` names no runbook: the engineer on call has no instructions for a failure"),
        ('{contact: "#data", runbook: run.md}', "system `shop` names no team: no team is responsible when it fails"),
    ],
)  # fmt: skip
def test_what_the_system_leaves_out(owner: str, message: str) -> None:
    found = lint("OPS003", text(owner))
    at = "owner" if owner else "system"
    assert {place: finding.message for place, finding in found.findings.items()} == {at: message}


def test_an_owner_that_says_all() -> None:
    assert lint("OPS003", text(FULL)).places == set()


def test_a_component_inherits_what_it_leaves_out() -> None:
    assert lint("OPS003", text(FULL, "owner: {team: vision}")).places == set()
    assert lint("OPS003", text("", f"owner: {FULL}")).places == set()


def test_where_every_server_names_its_own_each_is_judged() -> None:
    found = lint("OPS003", text("{runbook: run.md}", f"owner: {FULL}", "owner: {team: vision}"))
    assert found.findings["components.second.owner"].message == (
        "`second` names no contact: nobody knows whom to call when it fails"
    )
    assert found.places == {"components.second.owner"}


def test_what_the_system_leaves_out_is_one_finding() -> None:
    assert lint("OPS003", text("{team: data}", "", "owner: {team: vision}")).places == {"owner"}


def test_a_system_whose_models_are_a_vendor_s_needs_an_owner() -> None:
    assert lint("OPS003", text().replace("model-server", "external")).places == {"system"}


def test_a_vendor_beside_servers_with_owners_needs_none() -> None:
    own = "owner: {team: search, contact: a, runbook: b}"
    both = text("", own, own).replace("components:", "components:\n  vendor: {kind: external, serves: [net]}")
    assert lint("OPS003", both).places == set()


def test_an_owner_that_cannot_be_read_is_no_absence() -> None:
    found = lint("OPS003", text("[data]"))
    assert (found.places, found.undecided) == (set(), {"system": ("owner",)})
