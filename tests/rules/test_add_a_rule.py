"""To add a rule, add a folder: archlint itself does not change, and there is no list of rules."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

import archlint
from archlint.config import Config
from archlint.errors import PackError
from archlint.linter import Linter, Options
from archlint.packs import PackSource
from tests.rules.examples import Example, fired, lint, marks

UNPRICED = {
    "rule.yaml": """
        title: An accelerator whose price nobody states
        check: ./check.py
        severity: warning
        summary: A component runs on an accelerator and says no price.
        what: Violated by a component with at least `gpus` accelerators and no `price`.
        why: Accelerators are most of our bill.
        place: At the hardware.
        fix: State the price of one replica.
        params: {gpus: {value: 1, unit: count, reason: half an accelerator is not billed}}
        terms: {gpus: accelerators of one replica}
        cures:
          - {pattern: smaller-model, text: It may not need one at all., when: the model is small}
        sources:
          - {title: "The bill of May", url: "https://wiki.acme.example/bill"}
        """,
    "check.py": '''
        """An accelerator whose price nobody states."""

        from collections.abc import Iterator

        import msgspec

        from archlint.analysis.system import System
        from archlint.verdicts import Hit, Origin, Term


        class Params(msgspec.Struct, frozen=True):
            """gpus: how many accelerators a replica has at least, a count."""

            gpus: float = 1


        def check(system: System, params: Params) -> Iterator[Hit]:
            """Yield a hit for each component with accelerators and no price, at its hardware."""
            for component in system.components.values():
                hardware = component.hardware
                if hardware is None or hardware.gpu is None or component.price is not None:
                    continue
                gpus = hardware.gpus or 1.0
                if gpus >= params.gpus:
                    at = component.place("hardware")
                    term = Term("gpus", f"accelerators of {component.name}", gpus, "count", Origin.STATED, at)
                    message = f"`{component.name}` runs on {gpus:g} x {hardware.gpu}, but says no price"
                    yield Hit(at, message, (term,), absent=(component.place("price"),))
        ''',
    "bad-unpriced.yaml": """
        # The price was forgotten.
        archlint: 1
        components:
          server:
            kind: external
            hardware: {gpu: l4, gpus: 2}  # expect: ACME001
        """,
    "good-priced.yaml": """
        # Near miss: an accelerator, with its price.
        archlint: 1
        components:
          server: {kind: external, hardware: {gpu: l4, gpus: 2}, price: 0.81 USD per h}
        """,
}
BLOCKED = {
    "rule.yaml": """
        title: A caller that is blocked for longer than our pages may take
        check: waiting_on_slow_model
        severity: error
        summary: Somebody waits for a prediction that takes longer than 100 ms, and need not.
        what: Violated as SRV005 is, with a limit of 100 ms.
        why: Our pages are drawn in 100 ms.
        place: At the call.
        params:
          slow: {value: 100ms, unit: s, reason: the limit of our pages}
        """
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with two custom rules: one with a check in its folder, one with a check of archlint."""
    for name, files in (("ACME001-unpriced-accelerator", UNPRICED), ("ACME002-blocked-page", BLOCKED)):
        folder = tmp_path / "house" / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(dedent(text).lstrip(), encoding="utf-8")
    return tmp_path / "house"


def linter(house: Path) -> Linter:
    return Linter(Config(house.parent, packs=(PackSource("house", house.parent),)), Options(allow_code=True))


SYSTEM = """
    archlint: 1
    workloads:
      caption: {from: page, rate: 1/s, waits: false, stream: false, inputs: on-request}
    models:
      captions: {service_time: 400ms, version: 1.0.0, registry: store}
    components:
      page: {kind: client, calls: [{to: server, timeout: 2s}]}
      server: {kind: model-server, serves: [captions], replicas: 1, hardware: {gpu: t4}}
      store: {kind: model-registry}
    """


def test_a_folder_is_all_that_a_rule_takes(house: Path) -> None:
    (house.parent / "archlint.toml").write_text('packs = ["house"]\n')
    file = house.parent / "arch.yaml"
    file.write_text(dedent(SYSTEM).lstrip())
    findings = {f.rule: f for f in archlint.check(file, allow_code=True).findings}

    priced = findings["ACME001"]
    assert (priced.name, priced.severity, priced.at, priced.location.line) == (
        "unpriced-accelerator", "warning", "components.server.hardware", 8,
    )  # fmt: skip
    assert priced.message == "`server` runs on 1 x t4, but says no price"
    assert [(term.name, term.text) for term in priced.terms] == [("gpus", "1")]
    assert [cure.title for cure in priced.cures] == ["Smaller model"]

    blocked = findings["ACME002"]
    assert (blocked.severity, blocked.at) == ("error", "components.page.calls[0]")
    assert "SRV005" not in findings, "the shipped rule keeps its own limit of a second"
    assert "REL001" in findings, "the shipped rules run as before"


def test_the_folder_holds_data_and_at_most_one_module(house: Path) -> None:
    files = {path.relative_to(house).as_posix() for path in house.rglob("*") if path.is_file()}
    assert {name for name in files if name.endswith(".py")} == {"ACME001-unpriced-accelerator/check.py"}
    assert "ACME002-blocked-page/rule.yaml" in files


def test_its_examples_are_tested_like_the_shipped_ones(house: Path) -> None:
    mine = linter(house)
    pack = next(pack for pack in mine.packs if pack.id == "ACME001")
    for kind in ("bad", "good"):
        for path in pack.examples(kind):
            report = lint(Example(pack, kind, path), linter=mine)
            assert {triple for triple in fired(report) if triple[2] == "ACME001"} == marks(report)
    assert len(pack.examples("bad")) == len(pack.examples("good")) == 1


def test_what_cannot_be_read_is_no_absence_for_it_either(house: Path) -> None:
    path = house / "ACME001-unpriced-accelerator" / "bad-unpriced.yaml"
    text = path.read_text().replace("kind: external", "kind: external\n    price: cheap")
    pack = next(pack for pack in linter(house).packs if pack.id == "ACME001")
    report = lint(Example(pack, "bad", path), text, linter(house))
    assert "ACME001" not in {finding.rule for finding in report.findings}
    assert [q.unread for q in report.undecided if q.rule == "ACME001"] == [("components.server.price",)]


def test_it_says_as_much_of_itself_as_a_shipped_one(house: Path) -> None:
    pack = next(pack for pack in linter(house).packs if pack.id == "ACME001")
    assert (pack.family, pack.title) == ("ACME", "An accelerator whose price nobody states")
    assert pack.docs.endswith("ACME001-unpriced-accelerator.md")
    assert [cure.pattern for cure in pack.cures] == ["smaller-model"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("check: ./check.py", "check: ./chekc.py", "chekc.py"),
        ("gpus: {value: 1, unit", "gpu: {value: 1, unit", "no parameter `gpu`"),
        ("severity: warning", "severity: grave", "`grave` is no severity"),
    ],
)
def test_a_mistake_in_it_is_reported_with_its_place(house: Path, before: str, after: str, words: str) -> None:
    file = house / "ACME001-unpriced-accelerator" / "rule.yaml"
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(PackError) as error:
        linter(house).rules(Path("arch.yaml"))
    assert words in str(error.value)
    assert "ACME001-unpriced-accelerator" in str(error.value)


def test_an_id_that_is_taken_is_refused(house: Path) -> None:
    (house / "ACME001-unpriced-accelerator").rename(house / "REL001-unpriced-accelerator")
    with pytest.raises(PackError, match="REL001 is taken"):
        linter(house)
