"""Pictures for everyone: contrast, signs that differ without colour, and a description of what is wrong."""

from __future__ import annotations

import re

import pytest

from archlint.diagram import Plan, draw, svg
from archlint.diagram.icons import MARKS
from archlint.diagram.themes import DARK, FONT, LIGHT, PALETTES, stylesheet
from archlint.diagram.wording import demand
from tests.conftest import ROOT
from tests.diagram.samples import of_file, of_text
from tests.diagram.test_rows import SYSTEMS, TRAVEL

LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text below 18 points."""


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_text_contrasts_with_every_ground_that_it_can_be_on(theme: str) -> None:
    palette = PALETTES[theme]
    fills = [fill for fill, _ in palette.cards.values()]
    grounds = [palette.paper, palette.band, *fills]
    on_any = [palette.ink, palette.soft, palette.accent, palette.dim]
    on_any += [palette.soft if family == "observing" else colour for family, colour in palette.lines.items()]
    dimmed = [mixed(fill, ground, 0.5) for fill in fills for ground in (palette.paper, palette.band)]
    pairs = [(text, ground) for text in on_any for ground in grounds]
    pairs += [(palette.dim, ground) for ground in dimmed]
    pairs += [(ink, fill) for fill, ink in palette.chips.values()]
    low = {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < LEAST_CONTRAST}
    assert not low


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_severities_differ_in_shape_outline_and_in_grey(theme: str) -> None:
    assert len(set(MARKS.values())) == 3
    sheet = stylesheet(theme)
    widths = [re.search(rf"\.{severity}-card \.card {{stroke-width:([\d.]+)}}", sheet) for severity in MARKS]
    found = [float(width[1]) for width in widths if width is not None]
    assert len(found) == 3 and found == sorted(found, reverse=True) and len(set(found)) == 3
    greys = sorted(luminance(fill) for fill, _ in PALETTES[theme].chips.values())
    assert all(other - one > 0.015 for one, other in zip(greys, greys[1:], strict=False)), greys


def test_the_text_of_a_dimmed_part_is_not_transparent() -> None:
    sheet = stylesheet(LIGHT)
    assert ".archlint-picture .dim text {fill:#5a6673}" in sheet
    assert not re.search(r"\.archlint-picture \.dim \{[^}]*opacity", sheet)


def test_the_description_says_what_is_wrong() -> None:
    picture = draw(*of_file(TRAVEL))
    found = re.search("<desc>(.*?)</desc>", svg(picture))
    assert found is not None
    assert found[1].startswith("travel-offers: 41 components, ")
    assert all(mark.rule in found[1] for mark in picture.all_marks[:1])
    nothing = svg(draw(of_file(TRAVEL)[0]))
    assert "41 components, no findings." in nothing


def test_korean_has_sans_serif_families_and_bold_names() -> None:
    markup = svg(draw(*of_file(SYSTEMS / "ko.yaml")))
    assert FONT in markup and "Noto Sans KR" in FONT and FONT.endswith("sans-serif")
    assert ".archlint-picture .name {font-size:13px;font-weight:bold}" in markup
    assert '<text class="name"' in markup and "임베딩서버</text>" in markup


def test_paper_is_light() -> None:
    assert "@media screen and (prefers-color-scheme: dark)" in stylesheet("auto")


def test_a_client_says_what_its_workloads_ask_for() -> None:
    picture = draw(*of_file(TRAVEL))
    facts = {node.name: node.facts for node in picture.nodes if node.kind == "client"}
    assert facts["phone-app"] == ("offers · 700/s · p99 ≤ 240 ms",)
    assert ">offers · 700/s · p99 ≤ 240 ms<" in svg(picture)
    many = "".join(f"  w{n}: {{from: page, rate: {n}/s}}\n" for n in range(1, 8))
    parts = "  page: {kind: client, calls: [api]}\n  api: {kind: service}\n"
    system, _ = of_text(f"archlint: 1\nworkloads:\n{many}components:\n{parts}")
    page = draw(system).nodes[0]
    assert page.facts == ("w1 · 1/s", "w2 · 2/s", "w3 · 3/s", "4 more workloads")
    assert demand(system.workloads["w3"]) == "w3 · 3/s"


BUDGET = """
archlint: 1
workloads: {ask: {from: page, rate: 1/s, waits: true, slo: {latency: {p95: LIMIT}}}}
models: {m: {service_time: {p50: 200ms, p95: 600ms}}}
components:
  page: {kind: client, calls: [{to: api, network: 100ms}]}
  api: {kind: service, service_time: 300ms, calls: [server]}
  server: {kind: model-server, serves: [m]}
"""


@pytest.mark.parametrize(("limit", "overrun"), [("2s", 0.0), ("800ms", 0.2), ("400ms", 0.6)])
def test_a_budget_is_drawn_to_scale_and_its_overrun_is_marked(limit: str, overrun: float) -> None:
    picture = draw(of_text(BUDGET.replace("LIMIT", limit))[0], None, Plan(path="ask"))
    budget = picture.budget
    assert budget is not None
    assert sum(seconds for _, seconds in budget.parts) == pytest.approx(1.0)
    markup = svg(picture)
    block = markup[markup.index('<g class="path-budget"') :]
    bars = re.findall(r'<rect class="(spent|over)[^"]*" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', block)
    late = sum(float(width) for kind, _, width in bars if kind == "over")
    total = sum(float(width) for _, _, width in bars)
    assert late / total == pytest.approx(overrun, abs=0.01)
    aim = re.search(r'class="aim" d="M([\d.]+)', block)
    assert aim is not None and float(aim[1]) == pytest.approx(total * budget.objective_s, rel=0.01)
    assert ("over</text>" in block) == (overrun > 0)


def test_without_an_objective_or_a_known_time_there_is_no_budget() -> None:
    text = BUDGET.replace(", slo: {latency: {p95: LIMIT}}", "")
    assert draw(of_text(text)[0], None, Plan(path="ask")).budget is None


def test_the_legend_explains_the_signs_that_are_drawn() -> None:
    markup = svg(draw(*of_file(TRAVEL)))
    for meaning in ("timeout", "share of the requests", "answered by the cache", "replicas", "monitored by: 14 parts → metrics"):
        assert f">{meaning}<" in markup, meaning
    for path in (*sorted((ROOT / "examples" / "failing").glob("*.yaml"))[::6], TRAVEL):
        markup = svg(draw(*of_file(path)))
        for mark, meaning in {"error-card": "error on this part", "warning-card": "warning on this part",
                              "info-card": "info on this part", "external": "run by others"}.items():  # fmt: skip
            assert bool(re.search(rf'class="node[^"]*\b{mark}\b', markup)) == (f">{meaning}<" in markup), (path, mark)
    bare = svg(draw(of_text("archlint: 1\ncomponents: {a: {kind: service, calls: [b]}, b: {kind: service}}\n")[0]))
    chosen = svg(draw(of_text(BUDGET)[0], None, Plan(path="ask")))
    assert ">on the chosen path<" in chosen and ">on the chosen path<" not in bare
    assert ">timeout<" not in bare and ">replicas<" not in bare


def test_a_store_that_is_read_and_written_alike_has_one_line() -> None:
    picture = draw(*of_file(SYSTEMS / "claims.yaml"))
    labels = [edge.label for edge in picture.edges if edge.target == "drafts"]
    assert labels == ["reads, writes ≤ 40 ms"]


DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
"""How linear RGB looks without the green-sensitive cones, as linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0
(https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html)."""
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)


def simulated(colour: str) -> tuple[float, float, float]:
    """A colour as CIELAB, as a deuteranope sees it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    seen = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in DEUTERANOPIA]
    ratios = [sum(a * b for a, b in zip(row, seen, strict=True)) / white for row, white in zip(XYZ, WHITE, strict=True)]
    x, y, z = (ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116 for ratio in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_severities_differ_without_green_sensitive_cones(theme: str) -> None:
    """The chips differ by at least 10 in CIELAB; about 2.3 is just noticeable (Mahy, Van Eycken and Oosterlinck 1994)."""
    fills = {severity: simulated(fill) for severity, (fill, _) in PALETTES[theme].chips.items()}
    names = sorted(fills)
    far = {
        (one, other): round(sum((a - b) ** 2 for a, b in zip(fills[one], fills[other], strict=True)) ** 0.5, 1)
        for index, one in enumerate(names) for other in names[index + 1 :]
    }
    assert min(far.values()) >= 10, far
