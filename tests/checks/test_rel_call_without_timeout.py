"""REL003: which calls need a timeout, and how they are reported."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint


def calls(text: str, workload: str = "{from: page}") -> Said:
    return lint(
        "REL003",
        f"""
        workloads: {{search: {workload}}}
        models: {{m: {{}}}}
        components:
          {text}
        """,
    )


def test_every_waiting_relation_on_the_path_is_asked() -> None:
    said = calls("""
          page: {kind: client, calls: [api]}
          api: {kind: service, reads: [facts], writes: [notes], loads: [store], loads_model: on-request}
          facts: {kind: database}
          notes: {kind: database}
          store: {kind: object-store}
        """)
    of_api = {"components.api.reads[0]", "components.api.writes[0]", "components.api.loads[0]"}
    assert said.places == {"components.page.calls[0]", *of_api}
    finding = said.findings["components.api.writes[0]"]
    assert finding.message == "`api` waits for `notes` without a timeout: if it hangs, `api` hangs too"
    assert {said.term(at, "calls") for at in of_api} == {3}


def test_a_call_inside_one_device_needs_none() -> None:
    said = calls("""
          page: {kind: client, calls: [model-on-phone]}
          model-on-phone: {kind: edge-device, serves: [m], calls: [api]}
          api: {kind: service}
        """)
    assert said.places == {"components.model-on-phone.calls[0]"}


def test_a_call_inside_one_process_needs_none() -> None:
    said = calls("""
          page: {kind: client, calls: [{to: api, timeout: 1s}]}
          api: {kind: service, calls: [{to: model, in_process: true}]}
          model: {kind: model-server, serves: [m]}
        """)
    assert not said.findings


def test_who_does_not_wait_needs_none() -> None:
    said = calls("""
          page: {kind: client, calls: [{to: api, timeout: 1s}]}
          api:
            kind: service
            publishes: [jobs]
            writes: [{to: notes, wait: false}]
            mirrors: [shadow]
            logs_to: [notes]
            loads: [store]
            loads_model: at-start
          jobs: {kind: queue}
          worker: {kind: worker, consumes: [jobs], serves: [m], writes: [notes], calls: [shadow]}
          shadow: {kind: model-server, reads: [notes]}
          notes: {kind: database}
          store: {kind: object-store}
          report: {kind: service, reads: [notes]}
        """)
    assert not said.findings


def test_a_default_of_the_callers_technology_is_a_timeout() -> None:
    assert calls("""
          page: {kind: client, calls: [edge]}
          edge: {kind: load-balancer, uses: nginx, calls: [api]}
          api: {kind: service}
        """).places == {"components.page.calls[0]"}


def test_optional_calls_and_calls_with_a_fallback_hang_as_well() -> None:
    said = calls("""
          page: {kind: client, calls: [{to: api, fallback: an empty page}], reads: [{to: notes, optional: true}]}
          api: {kind: service}
          notes: {kind: cache}
        """)
    assert said.term("components.page.calls[0]", "calls") == 2


def test_the_tightest_objective_is_named() -> None:
    said = lint(
        "REL003",
        """
        workloads:
          slow: {from: page, slo: {latency: {p95: 2s}}}
          fast: {from: page, slo: {latency: {p50: 10ms, p99: 80ms}}}
          other: {from: kiosk, slo: {latency: 5ms}}
        components:
          page: {kind: client, calls: [api]}
          kiosk: {kind: client, calls: [{to: list, timeout: 1s}]}
          api: {kind: service}
          list: {kind: service}
        """,
    )
    assert said.places == {"components.page.calls[0]"}
    assert said.findings["components.page.calls[0]"].message.endswith(", but `fast` needs p99 <= 80 ms")
    assert said.term("components.page.calls[0]", "objective") == 0.08


def test_a_relation_that_the_workload_does_not_take_is_not_asked() -> None:
    said = calls(
        """
          page: {kind: client, calls: [{to: api, timeout: 1s}, admin]}
          api: {kind: service}
          admin: {kind: service}
        """,
        "{from: {client: page, to: api}}",
    )
    assert not said.findings


def test_an_unread_timeout_is_not_taken_for_none() -> None:
    text = """
          page: {kind: client, calls: [{to: api, timeout: 300}]}
          api: {kind: service}
        """
    said = calls(text)
    assert not said.findings
    assert said.undecided == {"components.page.calls[0]": ("components.page.calls[0].timeout",)}
    assert calls(
        text.replace("timeout: 300}]", "timeout: 300}, list]").replace(
            "api: {kind", "list: {kind: service}\n          api: {kind"
        )
    ).places == {"components.page.calls[1]"}


@pytest.mark.parametrize(("limit", "reported"), [("", True), (", idle_timeout: 30s", False), (", timeout: 30s", False)])
def test_a_limit_on_the_silence_of_a_stream_ends_a_call_that_hangs(limit: str, reported: bool) -> None:
    text = f"""
described: timeouts
workloads: {{ask: {{from: page, waits: true, stream: true}}}}
models: {{writer: {{}}}}
components:
  page: {{kind: client, calls: [{{to: server{limit}}}]}}
  server: {{kind: model-server, serves: [writer]}}
"""
    assert lint("REL003", text).places == ({"components.page.calls[0]"} if reported else set())


@pytest.mark.parametrize(("uses", "waits"), [("route-53", False), ("azure-traffic-manager", False), ("haproxy", True)])
def test_a_balancer_that_only_gives_addresses_waits_for_nothing(uses: str, waits: bool) -> None:
    found = lint("REL003", f"""
workloads: {{search: {{from: page, models: [m]}}}}
models: {{m: {{}}}}
components:
  page: {{kind: client, calls: [{{to: front, timeout: 1s}}]}}
  front: {{kind: load-balancer, uses: {uses}, calls: [{{to: eu, share: 40%}}, {{to: us, share: 60%}}]}}
  eu: {{kind: model-server, serves: [m]}}
  us: {{kind: model-server, serves: [m]}}
""")  # fmt: skip
    assert bool(found.findings) == waits and not found.undecided
