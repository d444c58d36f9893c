"""The server shows what `check` reports: on examples, and on a sample of the edits of the benchmark."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from archlint.linter import Options
from archlint.lsp.diagnostics import Maker
from archlint.lsp.positions import Ruler
from archlint.lsp.systems import Systems, check_main
from archlint.source.files import real_path
from benchmarks.lsp_agreement import check_reports, difference, edited, server_shows, texts
from tests.cli.systems import FAILING

EDITS = 20


def test_the_server_and_check_agree_on_examples_and_on_edits() -> None:
    random = Random()
    paths = texts()
    for path in paths[::40]:
        assert not difference(path, path.read_bytes().decode())
    for _ in range(EDITS):
        path = random.choice(paths)
        text = edited(path.read_bytes().decode(), random)
        assert not difference(path, text), text


@pytest.mark.parametrize(
    "text",
    [
        "", "\ufeff" + FAILING, FAILING.replace("\n", "\r\n"), FAILING.replace("shop", "\ud800"), "archlint: 1\n\x00", "a: b: c",
        f"{FAILING}---\n{FAILING.replace('shop', 'other')}---\nno: system\n", FAILING.replace("80ms", "80ms  # archlint: accept ALL -- x"),
    ],
)  # fmt: skip
def test_texts_of_every_kind_are_shown_alike(tmp_path: Path, text: str) -> None:
    assert server_shows(tmp_path / "arch.yaml", text) == check_reports(tmp_path / "arch.yaml", text)


def test_a_configuration_applies_and_its_mistake_is_shown_with_its_place(tmp_path: Path) -> None:
    path, config = tmp_path / "arch.yaml", tmp_path / "archlint.toml"
    before = server_shows(path, FAILING)
    rule = before[0][1]
    config.write_text(f'ignore = ["{rule}"]\n')
    after = server_shows(path, FAILING)
    assert after == check_reports(path, FAILING) == [one for one in before if one[1] != rule]
    config.write_text("\nselct = []\n")
    found = Maker(path, FAILING, lambda name: Path(name).name, Ruler).diagnostics(
        check_main(path, {real_path(path): FAILING.encode()}, Options())
    )[str(path)]
    assert [one.code for one in found] == ["input-not-read"]
    related = found[0].related_information
    assert related is not None
    assert (related[0].location.uri, related[0].location.range.start.line) == ("archlint.toml", 1)


def test_an_included_text_that_is_not_saved_counts(tmp_path: Path) -> None:
    main, part = tmp_path.resolve() / "arch.yaml", tmp_path.resolve() / "models.yaml"
    models = "models:\n  ranker: {artifact: 200MB, service_time: 80ms, version: 1.0.0, registry: store}\n"
    head, tail = FAILING.split("models:\n")[0], FAILING[FAILING.index("components:") :]
    main.write_text(f"{head}include: models.yaml\n{tail}")
    part.write_text(models)
    unsaved = models.replace("80ms", "8ms").encode()
    assert check_main(main, {}, Options()).findings
    assert not check_main(main, {part: unsaved}, Options()).findings
    systems = Systems(Options(), [tmp_path])
    assert systems.mains_of(part, {}) == (main,)
    assert systems.mains_of(main, {}) == (main,)
    without = main.read_text().replace("include: models.yaml\n", "").encode()
    assert systems.mains_of(part, {main: without}) == ()


def test_a_file_that_an_included_one_comes_to_include_is_known_after_a_check(tmp_path: Path) -> None:
    main, part, third = (tmp_path.resolve() / name for name in ("arch.yaml", "part.yaml", "third.yaml"))
    main.write_text("archlint: 1\ninclude: part.yaml\ncomponents: {a: {kind: client, calls: [b]}}\n")
    part.write_text("models: {}\n")
    third.write_text("components: {b: {kind: database}}\n")
    systems = Systems(Options(), [tmp_path])
    texts = {part: b"include: third.yaml\n"}
    assert systems.mains_of(third, {}) == ()
    systems.learn(main, check_main(main, texts, Options()))
    assert systems.mains_of(third, texts) == (main,)
