"""`archlint render`, as a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

FAILING = str(ROOT / "examples" / "failing" / "single-balancer.yaml")
SMALL = "archlint: 1\nsystem: small\ncomponents:\n  api: {kind: service, calls: [db]}\n  db: {kind: database}\n"


@pytest.mark.parametrize(("name", "start"), [
    ("a.svg", b"<svg "), ("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.html", b"<!doctype html>"), ("a.htm", b"<!doctype"),
    ("a.mmd", b"---"), ("a.mermaid", b"---"), ("a.d2", b"direction"), ("a.dot", b"digraph"), ("a.dsl", b"workspace"), ("a.c4", b"specification"), ("a.drawio", b"<mxfile"), ("a.calm.json", b"{\n"), ("a.gv", b"digraph"),
    ("UPPER.SVG", b"<svg "), ("a.graphml", b"<graphml "), ("a.b.Graph.JSON", b'{\n "directed": true,'),
])  # fmt: skip
def test_the_extension_names_the_format(archlint: Run, tmp_path: Path, name: str, start: bytes) -> None:
    done = archlint("render", FAILING, "-o", name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"wrote {name} (12 components, 1 finding)\n"
    assert done.stdout == ""
    assert (tmp_path / name).read_bytes().startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name], "nothing else is left behind"


def test_a_named_output_file_is_overwritten(archlint: Run, tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    target.write_text("old")
    target.chmod(0o640)
    assert archlint("render", FAILING, "-o", "a.svg").returncode == 0
    assert target.read_text().startswith("<svg ")
    assert os.name == "nt" or target.stat().st_mode & 0o777 == 0o640


def test_standard_output_and_input(archlint: Run) -> None:
    done = archlint("render", "-", "--format", "mmd", stdin=SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('---\ntitle: "small"\n---\nflowchart LR\n')
    assert done.stderr == ""
    assert archlint("render", "-", "-o", "-", "-f", "mmd", stdin=SMALL).stdout == done.stdout


def test_arch_yaml_is_drawn_where_nothing_is_named(archlint: Run, tmp_path: Path) -> None:
    assert archlint("init").returncode == 0
    assert archlint("render", "-o", "a.svg").returncode == 0
    assert "review-stars" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(("words", "message"), [
    (("-o", "a.swg"), "error: a.swg: unknown format `swg`\n  hint: did you mean `svg`?\n"),
    (("-o", "a"), "error: a has no extension, so the format is unknown\n  hint: give it an extension, or add --format; formats: svg, png, pdf, html, mmd, d2, dot, dsl, c4, drawio, calm.json, graphml, graph.json\n"),
    ((), "error: neither a file nor a format is named\n  hint: name a file: -o arch.svg, or add a format: --format svg\n"),
    (("-o", "-"), "error: -o -: standard output has no extension\n  hint: add a format: --format svg\n"),
    (("-o", "a.svg", "-f", "png"), "error: a.svg has the extension of svg, but --format is png\n  hint: leave out --format\n"),
    (("-o", "a.svg", "--focus", "clasifier"), "error: the system has no component `clasifier`\n"
     "  hint: did you mean `classifier`?\n"),
    (("-o", "a.svg", "--path", "inspect"), "error: the system has no workload `inspect`\n"
     "  hint: did you mean `inspect-return`?\n"),
    (("-o", "no/such/a.svg"), "error: no/such/a.svg: cannot be written: No such file or directory\n"
     "  hint: name a file in a folder that exists\n"),
    (("-o", "a.svg", "--hops", "1"), "error: --hops needs --focus\n"
     "  hint: add --focus NAME\n"),
    (("-o", "a.svg", "--scale", "2"), "error: --scale is for PNG, not for svg\n"
     "  hint: leave it out, or draw a PNG: -o arch.png\n"),
    (("-o", "a.svg", "--fonts", "."), "error: --fonts is for PNG and PDF, not for svg\n"
     "  hint: leave it out, or draw a PNG: -o arch.png\n"),
    (("-o", "a.graphml", "--focus", "api"), "error: --focus is for pictures, not for graphml\n"
     "  hint: leave it out: a graph holds the whole system\n"),
    (("-o", "a.json"), "error: a.json: unknown format `json`\n  hint: did you mean `graph.json`?\n"),
    (("-o", "."), "error: . has no extension, so the format is unknown\n  hint: give it an extension, or add --format; formats: svg, png, pdf, html, mmd, d2, dot, dsl, c4, drawio, calm.json, graphml, graph.json\n"),
])  # fmt: skip
def test_a_wrong_call_says_what_to_do(archlint: Run, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    done = archlint("render", FAILING, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
    assert list(tmp_path.iterdir()) == []


def test_other_wrong_calls(archlint: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = archlint("render", "-o", "a.svg", cwd=empty)
    said = "the current folder: no architecture file and no deployment files" in done.stderr
    assert (done.returncode, said) == (2, True), done.stderr
    assert "did you mean `svg`?" in archlint("render", FAILING, "-f", "sgv").stderr
    assert "no deployment files" in archlint("render", str(empty), "-o", "a.svg").stderr
    (tmp_path / "other.yaml").write_text("kind: Pod\n")
    done = archlint("render", "other.yaml", "-o", "a.svg")
    assert done.returncode == 2 and "not an architecture file" in done.stderr


def test_the_input_is_never_overwritten(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "part.svg").write_text("archlint: 1\ncomponents: {db: {kind: database}}\n")
    (tmp_path / "arch.dot").write_text("archlint: 1\ninclude: [part.svg]\ncomponents: {api: {kind: service}}\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for target in ("arch.dot", "part.svg"):
        done = archlint("render", "arch.dot", "-o", target)
        assert done.returncode == 2
        assert "is an input file: not overwritten" in done.stderr
    (tmp_path / "notes.txt").write_text("mine")
    done = archlint("render", "arch.dot", "-o", "notes.txt", "-f", "svg")
    assert done.returncode == 2 and "not overwritten" in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_named_like_a_picture_is_reported(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "d.svg").mkdir()
    for words in (("-o", "d.svg"), ("-o", "d.svg", "-f", "svg")):
        done = archlint("render", FAILING, *words)
        inside = Path("d.svg") / "arch.svg"
        assert (done.returncode, done.stderr) == (2, f"error: d.svg is a folder\n  hint: name a file in it: -o {inside}\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only some users make symbolic links, and has no /dev/null")
def test_a_link_is_judged_by_where_it_leads(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine")
    (tmp_path / "v3.svg").write_text("old")
    for name, end in (("bad.svg", "other.txt"), ("good.svg", "v3.svg"), ("new.svg", "v4.svg")):
        (tmp_path / name).symlink_to(end)
    done = archlint("render", FAILING, "-o", "bad.svg")
    assert done.returncode == 2 and "bad.svg links to" in done.stderr and "not overwritten" in done.stderr
    assert (tmp_path / "other.txt").read_text() == "mine"
    for name, end in (("good.svg", "v3.svg"), ("new.svg", "v4.svg")):
        assert archlint("render", FAILING, "-o", name).returncode == 0
        assert (tmp_path / name).is_symlink() and (tmp_path / end).read_text().startswith("<svg ")
    done = archlint("render", FAILING, "-o", "/dev/null", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "wrote /dev/null (12 components, 1 finding)\n")


def test_a_file_with_mistakes_is_drawn_as_far_as_it_was_read(archlint: Run, tmp_path: Path) -> None:
    text = SMALL.replace("calls: [db]", "calls: [db, gone], replcias: 2").replace("kind: database", "kind: databse")
    (tmp_path / "arch.yaml").write_text(text)
    done = archlint("render", "-o", "a.svg")
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "a.svg").read_text()
    for word in (">api<", ">DOC001<", ">DOC002<", "DOC007 "):
        assert word in drawn
    done = archlint("render", "-o", "a.svg", "--no-findings")
    assert "0 findings" in done.stderr
    assert "DOC00" not in (tmp_path / "a.svg").read_text()


def test_without_findings_no_rule_is_loaded(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SMALL)
    (tmp_path / "archlint.toml").write_text('packs = ["rules"]\nignore = ["house-rule"]\n')
    (tmp_path / "rules" / "HR001-house-rule").mkdir(parents=True)
    (tmp_path / "rules" / "HR001-house-rule" / "rule.yaml").write_text("id: [\n")
    refused = archlint("render", "-o", "a.svg")
    assert refused.returncode == 2 and refused.stderr.endswith("draw without findings: --no-findings\n"), refused.stderr
    done = archlint("render", "-o", "a.svg", "--no-findings")
    assert (done.returncode, done.stderr) == (0, "wrote a.svg (2 components, 0 findings)\n")
    assert ">api<" in (tmp_path / "a.svg").read_text()


def test_a_system_without_components_is_drawn(archlint: Run, tmp_path: Path) -> None:
    for extension in ("svg", "png", "html", "mmd", "d2", "dot", "graphml", "graph.json"):
        done = archlint("render", "-", "-f", extension, "-o", f"a.{extension}", stdin="archlint: 1\nsystem: empty\n")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"a.{extension}").stat().st_size > 20


def test_what_mermaid_refuses_is_said(archlint: Run) -> None:
    parts = "".join(f"  a-{n}: {{kind: service, calls: [b-{n % 97}]}}\n" for n in range(499))
    stores = "".join(f"  b-{n}: {{kind: service, calls: [a-{n}]}}\n" for n in range(97))
    text = f"archlint: 1\nsystem: wide\ncomponents:\n{parts}{stores}"
    done = archlint("render", "-", "-f", "mmd", "--collapse", "none", "--no-findings", stdin=text)
    assert done.returncode == 0
    assert done.stderr.startswith("note: Mermaid's default settings refuse more than 50000 characters or 500 lines")
    assert archlint("render", "-", "-f", "mmd", "--collapse", "kind", "--no-findings", stdin=text).stderr == ""


@pytest.mark.parametrize("extension", ["png", "pdf"])
def test_characters_that_no_font_has_are_named(archlint: Run, tmp_path: Path, extension: str) -> None:
    (tmp_path / "none").mkdir()
    text = SMALL.replace("system: small", 'system: "small \U0010fffd"').replace("kind: database", "kind: database, uses: 한국")
    done = archlint("render", "-", "-o", f"a.{extension}", "--fonts", "none", stdin=text)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[1] == (
        "note: no font has these characters, so they are drawn as boxes: 국한\U0010fffd; install a font that has them "
        "(such as Noto Sans CJK or Noto Emoji), or write an SVG."
    )
    assert archlint("render", "-", "-o", "a.svg", stdin=text).stderr.count("note: ") == 0
    assert archlint("render", "-", "-o", f"a.{extension}", "--fonts", "none", stdin=SMALL).stderr.count("note: ") == 0


def test_a_png_without_any_font_of_the_system_is_the_same(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    for name, words in (("a.png", ()), ("b.png", ("--fonts", "none"))):
        assert archlint("render", FAILING, "-o", name, *words).returncode == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "0", "-1", "1e9", "8.01"])
def test_a_scale_that_is_no_usable_number_is_refused(archlint: Run, tmp_path: Path, value: str) -> None:
    done = archlint("render", FAILING, "-o", "a.png", "--scale", value)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{float(value):g} is not a number from 0.1 to 8" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_check_loads_no_pictures() -> None:
    import subprocess

    code = "import sys, archlint.api, archlint.cli.checking; print([m for m in sys.modules if 'diagram' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
