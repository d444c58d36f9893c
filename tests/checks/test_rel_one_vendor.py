"""REL014: which providers an availability objective rests on."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.vendor"


def text(vendor: str, calls: str = "{to: vendor}", slo: str = "availability: 99.9%", more: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app, rate: 1/s, models: [llm], slo: {{{slo}}}}}}}
models: {{llm: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{calls}]}}
  vendor: {{kind: external, serves: [llm]{vendor}}}
{more}
"""


@pytest.mark.parametrize(
    ("vendor", "place", "severity", "certainty"),
    [
        (", availability: 99%", f"{AT}.availability", "error", "proven"),
        (", availability: 99.89%", f"{AT}.availability", "error", "proven"),
        (", region: eu", AT, "warning", "hint"),
        ("", AT, "warning", "hint"),
    ],
)
def test_one_provider_below_the_objective_or_unknown(vendor: str, place: str, severity: str, certainty: str) -> None:
    finding = lint("REL014", text(vendor)).findings[place]
    assert (finding.severity, finding.certainty) == (severity, certainty.replace("hint", "heuristic"))


def test_the_message_counts_the_time_of_a_month() -> None:
    finding = lint("REL014", text(", availability: 99%")).findings[f"{AT}.availability"]
    assert "up 99 % of the time (7.2 h a month down; the objective allows 43.2 min)" in finding.message


@pytest.mark.parametrize(
    ("vendor", "calls", "slo", "more"),
    [
        (", availability: 99.9%", "{to: vendor}", "availability: 99.9%", ""),
        (", availability: 99%, replicas: 2", "{to: vendor}", "availability: 99.9%", ""),
        ("", "{to: vendor}", "latency: 1s", ""),
        ("", "{to: vendor, optional: true}", "availability: 99.9%", ""),
        ("", "{to: vendor, fallback: an earlier answer}", "availability: 99.9%", ""),
        (", availability: 99%", "{to: vendor, either: llm}, {to: other, either: llm}", "availability: 99.9%",
         "  other: {kind: external, serves: [llm], availability: 99%}"),
    ],
)  # fmt: skip
def test_what_does_not_rest_on_one_provider(vendor: str, calls: str, slo: str, more: str) -> None:
    assert lint("REL014", text(vendor, calls, slo, more)).places == set()


def test_each_provider_that_is_needed_is_reported_once_for_all_workloads() -> None:
    twice = text("").replace("workloads: {", "workloads: {look: {from: app, models: [llm], slo: {availability: 99%}}, ")
    finding = lint("REL014", twice).findings[AT]
    assert [related.at for related in finding.related] == ["workloads.look.slo.availability", "workloads.ask.slo.availability"]
    assert "`ask` (and 1 more) requires 99.9 % availability" in finding.message


@pytest.mark.parametrize(("hits", "found"), [("95%", False), ("80%", True)])
def test_a_cache_of_predictions_answers_its_share(hits: str, found: bool) -> None:
    cached = text(", availability: 99%").replace("calls: [{to: vendor}]", f"reads: [{{to: c, hit_ratio: {hits}}}], calls: [vendor]")
    said = lint("REL014", f"{cached}  c: {{kind: cache}}\n")
    assert said.places == ({f"{AT}.availability"} if found else set())
    if found:
        assert "20 % of its requests need `vendor`, which is up 99 % of the time (for all requests together, like 1.44 h a month" in (
            said.findings[f"{AT}.availability"].message
        )
        assert said.term(f"{AT}.availability", "share") == pytest.approx(0.2)


BOTH = "{to: vendor, fallback: other}"
OTHER = "  other: {kind: external, serves: [llm], uses: bedrock, region: %s}"


@pytest.mark.parametrize("calls", [BOTH, "{to: vendor, either: x}, {to: other, either: x}"])
@pytest.mark.parametrize("stated", ["", ", availability: 99%"])
def test_a_fallback_at_the_same_provider_in_the_same_region_fails_with_it(calls: str, stated: str) -> None:
    vendor = f", uses: bedrock, region: us{stated}"
    said = lint("REL014", text(vendor, calls, more=OTHER % "us"))
    (finding,) = said.findings.values()
    assert (finding.severity, finding.certainty) == ("warning", "heuristic")
    assert "`other` and `vendor`, which replace each other, are one provider (`bedrock`) in `us`" in finding.message
    for more in (OTHER % "eu", OTHER.replace("bedrock", "openai") % "us"):
        assert lint("REL014", text(vendor, calls, more=more)).places == set()
    third = OTHER % "us" + "\n  third: {kind: external, serves: [llm], uses: openai}"
    assert lint("REL014", text(vendor, calls.replace("fallback: other", "fallback: third"), more=third)).places == (
        set() if "fallback" in calls else {"components.vendor.uses"}
    )


def test_a_fallback_behind_a_gateway_is_followed() -> None:
    more = "  again: {kind: gateway, calls: [other]}\n" + OTHER % "us"
    vendor = ", uses: bedrock, region: us"
    assert lint("REL014", text(vendor, "{to: vendor, fallback: again}", more=more)).places == {"components.vendor.uses"}


def test_a_provider_that_keeps_the_objective_alone_needs_no_other() -> None:
    more = OTHER % "us, availability: 99.99%"
    vendor = ", uses: bedrock, region: us, availability: 99.99%"
    assert lint("REL014", text(vendor, BOTH, more=more)).places == set()
