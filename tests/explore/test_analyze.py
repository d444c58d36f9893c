"""`archlint analyze`: the computed numbers, each with what it rests on."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint as library
from archlint.analysis.courses import courses_of
from archlint.analysis.load_latency import load_curves
from archlint.analysis.numbers import Numbers, numbers_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.cli.app import run_app
from archlint.errors import UsageError
from archlint.report.numbers.html import render_html
from archlint.report.numbers.json import numbers_schema, render_json
from archlint.report.numbers.plots import Bar, Curve, alone, bars, curves
from archlint.report.numbers.text import render_text
from tests.conftest import ROOT, Run
from tests.explore.systems import SHOP

QUEUE = """\
archlint: 1
workloads:
  upload: {from: page, rate: 10/s, models: [tagger]}
models:
  tagger: {service_time: 50ms}
components:
  page: {kind: client, publishes: [photos]}
  photos: {kind: queue}
  tagging: {kind: worker, consumes: [photos], serves: [tagger], replicas: 1, workers: 1, mttr: 60s}
"""


def numbers(text: str) -> Numbers:
    return numbers_of(library.load(text))


def value(found: Numbers, subject: str, name: str) -> float:
    number = found.flat()[subject, name]
    assert isinstance(number, Quantity), number
    return number.value


def test_the_load_of_servers() -> None:
    found = numbers(SHOP)
    assert value(found, "components.api", "utilisation") == pytest.approx(60 * 0.02 / 8)
    assert value(found, "components.api", "peak_utilisation") == pytest.approx(90 * 0.02 / 8)
    assert value(found, "components.api", "capacity") == pytest.approx(400)
    (workload,) = found.workloads
    assert [one.component for one in workload.breaking] == ["ranking", "api"]
    assert value(found, "workloads.search", "breaks_at") == pytest.approx(workload.breaking[0].per_s)
    assert value(found, "components.ranking", "memory_used") == pytest.approx(100e6 / 4e9)


def test_what_other_workloads_take_is_not_left_for_one() -> None:
    both = SHOP.replace("workloads:\n", "workloads:\n  feed: {from: page, rate: 200/s, models: [ranker]}\n")
    api = [one for one in numbers(both).workloads[1].breaking if one.component == "api"]
    assert api[0].per_s == pytest.approx((8 - 200 * 0.02) / 0.02)


def test_a_queue_and_its_backlog() -> None:
    found = numbers(QUEUE)
    assert value(found, "components.photos", "arrivals") == 10
    assert value(found, "components.photos", "capacity") == 20
    assert value(found, "components.photos", "drain_time") == pytest.approx(10 * 60 / (20 - 10))
    assert value(found, "workloads.upload", "breaks_at") == pytest.approx(20)
    full = numbers(QUEUE.replace("rate: 10/s", "rate: 20/s")).flat()["components.photos", "drain_time"]
    assert isinstance(full, Missing) and "never drains" in full.because


LATER = QUEUE.replace("rate: 10/s,", "rate: 10/s, waits: false, slo: {latency: {p95: 5min}},")


def test_the_result_of_a_workload_that_does_not_wait_comes_after_the_wait_and_the_work() -> None:
    found = numbers(LATER)
    result = found.flat()["workloads.upload", "result_time"]
    assert isinstance(result, Quantity)
    assert result.value == pytest.approx(0.05 + 0.05 * 0.5 / (2 * (1 - 0.5)))    # M/D/1
    assert [(term.name, term.value) for term in result.terms if term.name == "objective"] == [("objective", 300.0)]
    assert all(one.accepted and one.objective_s is None for one in found.workloads[0].waterfalls)
    assert ("workloads.upload", "result_time") not in numbers(QUEUE.replace("10/s,", "10/s, waits: true,")).flat()


def test_each_time_of_a_workload_that_does_not_wait_says_what_it_ends_with() -> None:
    text = """archlint: 1
workloads: {upload: {from: page, rate: 5/s, peak: 6/s, waits: false, slo: {latency: {p95: 1min}}}}
models: {tagger: {service_time: 100ms}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service, service_time: 5ms, replicas: 1, workers: 4, publishes: [photos]}
  photos: {kind: queue}
  tagging: {kind: worker, consumes: [photos], serves: [tagger], replicas: 1, workers: 1}
"""
    shown = render_text("a.yaml", library.analyze(text), verbose=True)
    times = [line for line in shown.splitlines() if re.match(r"  \S.*\bp\d\d\b", line)]
    assert len(times) > 6
    assert all("until accepted" in row or "until the re" in row for row in times), times
    assert [row for row in times if "SLO" in row] == [row for row in times if "until the result, p95" in row]
    assert "p95 of the time until the request is accepted" in shown and "of the answer" not in shown
    waiting = render_text("a.yaml", library.analyze(text.replace("waits: false", "waits: true")))
    assert "until accepted" not in waiting


def test_a_workload_without_numbers_says_so() -> None:
    text = "archlint: 1\nworkloads: {w: {from: page}}\ncomponents: {page: {kind: client, calls: [a]}, a: {kind: service}}\n"
    shown = render_text("a.yaml", library.analyze(text))
    assert "Workload w: no numbers: see Unknown below\n\n" in shown and "\nUnknown:\n" in shown


def test_a_result_behind_two_queues_waits_in_both() -> None:
    second = "consumes: [photos], publishes: [ready], service_time: 20ms"
    chain = LATER.replace("consumes: [photos], serves: [tagger]", second)
    chain += "  ready: {kind: queue}\n"
    chain += "  tags: {kind: worker, consumes: [ready], serves: [tagger], replicas: 2, workers: 1}\n"
    result = numbers(chain).flat()["workloads.upload", "result_time"]
    assert isinstance(result, Quantity)
    in_two = 0.25**2 / (1 - 0.25**2) / 2 * 0.05                                  # M/M/2 at 0.25, half as constant times
    assert result.value == pytest.approx(0.02 + 0.02 * 0.2 / (2 * (1 - 0.2)) + 0.05 + in_two)


@pytest.mark.parametrize(
    ("change", "needs", "because"),
    [
        ({"rate: 10/s": "rate: 20/s"}, (), "it grows"),
        ({"rate: 10/s, ": ""}, ("workloads.upload.rate",), ""),
        ({"service_time: 50ms": "version: 1.0.0"}, ("models.tagger.service_time",), ""),
    ],
)
def test_a_result_that_is_unknown_says_why(change: dict[str, str], needs: tuple[str, ...], because: str) -> None:
    text = LATER
    for old, new in change.items():
        text = text.replace(old, new)
    result = numbers(text).flat()["workloads.upload", "result_time"]
    assert isinstance(result, Missing)
    assert tuple(place.at for place in result.needs) == needs
    assert because in result.because


def test_a_waterfall_adds_up_to_its_total() -> None:
    for path in sorted((ROOT / "examples" / "passing").glob("*.yaml")):
        for workload in numbers_of(library.load(path)).workloads:
            for one in workload.waterfalls:
                assert math.isclose(sum(step.time_s for step in one.steps), one.total.value, rel_tol=1e-9, abs_tol=1e-12)


GENERATED = """
archlint: 1
workloads:
  chat: {from: app, rate: 1/s, stream: true, models: [llm], tokens: {in: 500, out: 200}, slo: {latency: {p95: 20s}}}
models:
  llm: {artifact: 16GB, family: transformer, parameters: 8B, active_parameters: 8B, precision: fp16, kv_per_token: 128KiB}
components:
  app: {kind: client, calls: [{to: server, timeout: 30s}]}
  server: {kind: model-server, serves: [llm], replicas: 2, hardware: {gpu: l4}}
"""


def test_a_missing_time_is_0_or_a_minimum_and_never_said_to_be_both() -> None:
    (computed,) = numbers(GENERATED).workloads[0].waterfalls
    assert [place.at for place in computed.bounded] == ["models.llm.ttft"]
    assert [place.at for place in computed.unknown] == ["models.llm.tpot"]
    text = render_text("arch.yaml", numbers(GENERATED))
    assert "minimum of the hardware counts: `models.llm.ttft`\n" in text
    assert "not stated, so counted as 0: `models.llm.tpot`\n" in text
    page = render_html("arch.yaml", library.load(GENERATED), numbers(GENERATED))
    assert "minimum of the hardware counts: <code>models.llm.ttft</code>" in page and "`" not in page
    behind = GENERATED.replace("calls: [{to: server", "calls: [{to: api").replace(
        "  server:", "  api: {kind: service, calls: [server]}\n  server:"
    )
    text = render_text("arch.yaml", numbers(behind))
    assert "counted as 0: `components.api.service_time`, `models.llm.tpot`" in text and "minimum of the hardware" in text


def test_a_bound_of_which_nothing_is_known_is_unknown() -> None:
    text = "archlint: 1\nworkloads: {w: {from: page, rate: 1/s}}\n"
    text += "components: {page: {kind: client, calls: [api]}, api: {kind: service}}"
    least = numbers(text).flat()["workloads.w", "least_p99"]
    assert isinstance(least, Missing) and [place.at for place in least.needs] == ["components.api.service_time"]
    assert ">= 0 s" not in render_text("arch.yaml", numbers(text))


def test_what_is_missing_says_why() -> None:
    for path in sorted((ROOT / "examples" / "passing").glob("*.yaml")):
        silent = [key for key, one in numbers_of(library.load(path)).flat().items()
                  if isinstance(one, Missing) and not one.needs and not one.because]  # fmt: skip
        assert silent == [], path


def test_what_is_missing_names_its_keys() -> None:
    found = numbers(SHOP.replace("replicas: 2\n    workers: 4", "replicas: 2")).flat()["components.api", "utilisation"]
    assert isinstance(found, Missing) and [place.at for place in found.needs] == ["components.api.workers"]


TIMES = st.sampled_from(["0s", "1ns", "20ms", "1e9h", "{p50: 90ms, p99: 1ms}", "{p50: 1ms, p99: 1000000h}"])
RATES = st.sampled_from(["0/s", "1/day", "1000000000000/s"])
COUNTS = st.sampled_from(["0", "1", "1000000"])


@settings(max_examples=10)
@given(TIMES, RATES, RATES, COUNTS, COUNTS)
def test_nonsense_gives_bounded_numbers_or_none(time: str, rate: str, peak: str, replicas: str, workers: str) -> None:
    text = SHOP.replace("20ms", time).replace("60/s", rate).replace("90/s", peak)
    text = text.replace("replicas: 4", f"replicas: {replicas}").replace("workers: 4", f"workers: {workers}")
    found = numbers(text)
    for number in found.flat().values():
        assert isinstance(number, Missing) or all(map(math.isfinite, (number.value, *(number.band or ())))), number
    assert "inf" not in render_text("a.yaml", found).replace("info", "") and "NaN" not in render_json("a.yaml", found)
    assert "nan" not in render_html("a.yaml", library.load(text), found).split("<tbody>")[0].split("<main>")[1]


def test_the_contract_of_json() -> None:
    for path in sorted((ROOT / "examples" / "passing").glob("*.yaml"))[::5]:
        system = library.load(path)
        data = json.loads(render_json(path.name, numbers_of(system)))
        jsonschema.validate(data, numbers_schema())
        assert [one["name"] for one in data["components"]] == list(system.components)


def test_text_shows_what_each_number_rests_on() -> None:
    text = render_text("a.yaml", numbers(SHOP), verbose=True)
    for part in ("breaks at: ~ 376/s, ~ 6.27 x its rate (ranking is overloaded from there on)", "utilisation: >= 15 %", "= rate x time / (replicas x workers)",
                 "rate of search: 60/s  [workloads.search.rate]", "p99 under load: "):  # fmt: skip
        assert part in text


def test_the_page_loads_nothing_and_its_plots_are_well_formed() -> None:
    text = SHOP.replace("ranking", "rank<ing")
    page = render_html("a.yaml", library.load(text), numbers(text))
    assert "<script" not in page and re.findall(r"""(?:src|href)=["'](?!data:)""", page) == []
    assert "rank<ing" not in page and "rank&lt;ing" in page
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) >= 4
    for plot in plots:
        read = ElementTree.fromstring(plot)
        assert read.get("aria-label") and read.findtext("{*}desc")


SURGE = """\
archlint: 1
workloads: {search: {from: page, rate: 60/s, peak: 150/s, slo: {latency: {p99: 400ms}}}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: {p50: 18ms, p99: 60ms}, autoscale: {min: 2, max: 6}, workers: 1, start_time: 45s,
        limit: 900}
"""


def test_the_course_of_a_surge_is_that_of_the_finding() -> None:
    system = library.load(SURGE)
    (course,) = courses_of(system, numbers_of(system))
    (surge,) = course.surges
    (finding,) = [one for one in library.check(SURGE).findings if one.rule == "CAP005"]
    terms = {term.name: term.value for term in finding.terms}
    usual = next(each for each in surge.courses if each.noticed_s == terms["notices"])
    assert max(usual.points, key=lambda point: point[1]) == pytest.approx((terms["delay"], terms["backlog"]))
    assert (surge.arriving_per_s, surge.handled_per_s) == pytest.approx((terms["arriving"], terms["handled"]))
    gone_s = usual.points[2][0]
    assert surge.handled_after_per_s is not None
    assert (surge.handled_after_per_s - 150) * (gone_s - 60) == pytest.approx(terms["backlog"])


def test_a_distribution_has_the_percentiles_of_the_numbers() -> None:
    for text in (SURGE, SHOP):
        system = library.load(text)
        found = numbers_of(system)
        (course,) = courses_of(system, found)
        shares = dict(course.distributions[0].points)
        for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
            number = found.workloads[0].get(name)
            assert isinstance(number, Quantity) and shares[share] == pytest.approx(number.value)
        assert list(shares.values()) == sorted(shares.values())


def test_page_and_json_have_the_same_courses() -> None:
    system = library.load(SURGE)
    found = numbers_of(system)
    courses = courses_of(system, found)
    page, data = render_html("a.yaml", system, found, courses), json.loads(render_json("a.yaml", found, courses))
    jsonschema.validate(data, numbers_schema())
    (shown,) = data["courses"]
    for title in ("Latency of search against its rate", "Distribution of the latency of search", "The start of a peak of search at api"):
        assert f'aria-label="{title}"' in page
    tables = re.findall(r"<summary>the values</summary>.*?</table>", page, re.DOTALL)
    points = [shown["against_rate"], shown["distributions"], shown["surges"][0]["courses"]]
    assert [table.count("<tr>") - 1 for table in tables] == [sum(len(line["points"]) for line in lines) for lines in points]
    assert all(len(lines) > 1 for lines in points)


def test_plots_of_nothing_and_of_extremes() -> None:
    for plot in (
        bars("none", []), bars("zero", [Bar("a", 0.0, "0")], 1.0, "limit"), alone(bars("large", [Bar("a", 1e300, "x")])),
        curves("one", [Curve("a", ((1.0, 1e300), (2.0, 0.0)))], "x", "y", str, str, limit=3.0, front=(0, 1)),
    ):  # fmt: skip
        ElementTree.fromstring(plot)
        assert "nan" not in plot and "inf" not in plot.replace("info", "")


def test_the_command(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SHOP)
    done = archlint("analyze", "-o", "text", "-o", "json:numbers.json", "-o", "html:numbers.html")
    assert (done.returncode, done.stderr) == (0, "") and "Workload search:" in done.stdout
    assert json.loads((tmp_path / "numbers.json").read_text())["system"] == "shop"
    assert (tmp_path / "numbers.html").read_text().startswith("<!DOCTYPE html>")


def test_one_workload_and_changed_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP.replace("workloads:\n", "workloads:\n  other: {from: tablet, rate: 1/s}\n") + "  tablet: {kind: client, calls: [log]}\n")
    run_app(["analyze", str(path), "--workload", "search", "--set", "components.api.replicas=4", "-o", "json"])
    data = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in data["workloads"]] == ["search"] and "tablet" not in {one["name"] for one in data["components"]}
    api = next(one for one in data["components"] if one["name"] == "api")
    assert next(number for number in api["numbers"] if number["name"] == "utilisation")["value"] == pytest.approx(0.075)
    with pytest.raises(UsageError, match="no workload `serach`"):
        run_app(["analyze", str(path), "--workload", "serach"])


def test_what_an_availability_loses_to_each_part() -> None:
    text = SHOP.replace("{p99: 200ms}}", "{p99: 200ms}, availability: 99.9%}").replace("replicas: 2\n", "replicas: 2\n    availability: 99%\n")
    found = numbers(text)
    (workload,) = found.workloads
    assert value(found, "workloads.search", "availability") == pytest.approx(1 - 0.01**2)
    assert [(part.name, round(part.lost_s)) for part in workload.contributions] == [("api", round(1e-4 * 30 * 86400))]
    assert "lost a month because of: api 4.32 min" in render_text("a.yaml", found)
    assert ("workloads.search", "availability") not in numbers(SHOP).flat()


def test_the_library_takes_a_file_a_text_or_a_system(tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP)
    assert library.analyze(path).flat() == library.analyze(SHOP).flat() == library.analyze(library.load(SHOP)).flat()
    with pytest.raises(UsageError, match="no workload `none`"):
        library.analyze(SHOP, workload="none")


def test_costs_are_those_of_the_stated_prices() -> None:
    text = SHOP.replace("replicas: 2\n", "replicas: 2\n    price: 0.50 USD per h\n")
    found = numbers(text)
    month = 2 * 0.5 * 720
    assert value(found, "workloads.search", "cost_per_month") == value(found, "system", "cost_per_month") == pytest.approx(month)
    assert value(found, "workloads.search", "cost_per_1000") == pytest.approx(1000 * month / (60 * 30 * 86400))
    assert "cost of a month: >= 720 USD" in render_text("a.yaml", found)
    assert not [key for key in numbers(SHOP).flat() if key[1].startswith("cost")]


def test_the_latency_under_load_and_where_the_time_goes() -> None:
    found = numbers(SHOP)
    (workload,) = found.workloads
    p50, p99 = value(found, "workloads.search", "p50"), value(found, "workloads.search", "p99")
    assert 0.06 <= p50 < p99 and value(found, "workloads.search", "least_p99") <= p99 < value(found, "workloads.search", "peak_p99")
    (waterfall,) = workload.waterfalls
    assert waterfall.total.value == p99 and sum(step.time_s for step in waterfall.steps) == pytest.approx(p99)
    assert {step.label for step in waterfall.steps} >= {"work of api", "work of ranking"}
    low, high = waterfall.total.band or (0.0, 0.0)
    assert low <= p99 <= high and "p99 under load: " in render_text("a.yaml", found)


def test_the_rate_at_which_held_workers_run_out() -> None:
    found = numbers(SHOP)
    ranking_s = value(found, "components.ranking", "peak_utilisation") * 16 / 90
    assert value(found, "workloads.search", "saturates_at") == pytest.approx(8 / (0.02 + ranking_s), rel=0.05)
    assert value(found, "workloads.search", "saturates_at") < value(found, "workloads.search", "breaks_at")
    overloaded = numbers(SHOP.replace("rate: 60/s, peak: 90/s", "rate: 500/s")).flat()["workloads.search", "p99"]
    assert isinstance(overloaded, Missing) and "overloaded" in overloaded.because


def test_the_latency_rises_with_the_load_up_to_that_rate() -> None:
    system = library.load(SHOP)
    for curve in load_curves(system, system.workloads["search"], 376.0):
        rates, times = zip(*curve.points, strict=True)
        assert len(rates) > 20 and rates[-1] < 130 and list(times) == sorted(times)
    assert "Latency of search against its rate" in render_html("a.yaml", system, numbers_of(system), courses_of(system, numbers_of(system)))


def test_many_workloads_have_no_latency_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archlint.analysis.numbers.MOST_LOADED", 0)
    found = numbers(SHOP).flat()["workloads.search", "p99"]
    assert isinstance(found, Missing) and "--workload" in found.because
