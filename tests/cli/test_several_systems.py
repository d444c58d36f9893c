"""One file with several systems: each YAML document with the key `archlint` is checked, named and drawn by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archlint as library
from archlint.cli.app import run_app
from archlint.errors import UsageError
from tests.cli.systems import FAILING, PASSING
from tests.conftest import Run

STAGING = FAILING.replace("system: shop", "system: staging")
TWO = f"---\n---\n{FAILING}---\n{STAGING}"
"""Both fail; the first document is empty."""
LINE = "  ranker: {artifact: 200MB, service_time: 80ms, version: 1.0.0, registry: store}"
LINES = [number for number, line in enumerate(TWO.splitlines(), start=1) if line == LINE]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "arch.yaml"
    path.write_text(TWO)
    return path


def test_each_system_has_its_own_name_lines_and_findings(two: Path) -> None:
    report = library.check(two)
    assert [file.system for file in report.files] == ["shop", "staging"]
    assert [[f.location.line for f in file.findings if f.rule == "SRV001"] for file in report.files] == [
        LINES[:1], LINES[1:],
    ]  # fmt: skip
    assert len({file.key for file in report.files}) == 2


def test_formats_list_both_systems(archlint: Run, two: Path) -> None:
    data = json.loads(archlint("check", "arch.yaml", "-o", "json").stdout)
    assert [file["system"] for file in data["files"]] == ["shop", "staging"]
    assert {one["system"] for one in data["findings"]} == {"shop", "staging"}
    gitlab = json.loads(archlint("check", "arch.yaml", "-o", "gitlab").stdout)
    prints = [issue["fingerprint"] for issue in gitlab if issue["check_name"].startswith("SRV001")]
    assert len(set(prints)) == len(prints) == 2
    html = archlint("check", "-", "-o", "html", stdin=TWO).stdout
    pictures = html.split('<div class="tall">')[1:]
    assert len(pictures) == len({part.split("</svg>")[0] for part in pictures}) == 2


@pytest.mark.parametrize(("name", "system"), [("staging", "staging"), ("shop", "shop"), ("2", "staging"), ("1", "shop")])
def test_one_system_is_picked_by_name_or_number(archlint: Run, two: Path, name: str, system: str) -> None:
    data = json.loads(archlint("check", ".", "--system", name, "-o", "json").stdout)
    assert [file["system"] for file in data["files"]] == [system]
    assert [file.system for file in library.check(two, system=name).files] == [system]
    changed = two.with_name("new.yaml")
    changed.write_text(TWO.replace("80ms", "70ms"))
    data = json.loads(archlint("diff", "arch.yaml", "new.yaml", "--system", name, "-o", "json").stdout)
    assert [one["system"] for one in data["systems"]] == [system]
    assert [one.system for one in library.diff(two, changed, system=name).systems] == [system]


def test_a_system_that_no_file_has_is_a_wrong_call(archlint: Run, two: Path) -> None:
    two.with_name("new.yaml").write_text(FAILING)
    for words, where in ((["check", "arch.yaml", "new.yaml"], "what is checked"), (["diff", "arch.yaml", "new.yaml"], "what is compared")):
        done = archlint(*words, "--system", "live")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"error: {where} has no system `live`\n  hint: systems: shop, staging\n"
    data = json.loads(archlint("diff", "arch.yaml", "new.yaml", "--system", "staging", "-o", "json").stdout)
    assert [(one["old"], one["new"]) for one in data["systems"]] == [("arch.yaml#staging", "")]


def test_the_baseline_of_the_other_systems_is_left_alone(archlint: Run, two: Path) -> None:
    archlint("baseline")
    two.write_text(TWO.replace("system: shop", "system: shop\nowner: {team: search}", 1))
    data = json.loads(archlint("check", "--system", "staging", "--baseline-strict", "-o", "json").stdout)
    assert (data["findings"], data["spent"], len(data["files"])) == ([], [], 1)
    assert archlint("check", "--system", "staging", "--baseline-strict").returncode == 0


def test_a_comment_accepts_in_its_own_document_only() -> None:
    comment = "# archlint: accept SRV001 -- a pilot\n"
    text = f"{FAILING.replace(LINE, comment + LINE)}---\n{STAGING}"
    shop, staging = library.check(text).files
    assert ([a.finding.rule for a in shop.accepted], staging.accepted) == (["SRV001"], ())
    assert "SRV001" in {finding.rule for finding in staging.findings}
    assert not any(finding.rule == "DOC017" for file in (shop, staging) for finding in file.findings)


def test_anchors_and_names_are_valid_in_their_document_only() -> None:
    first = "archlint: 1\nx-base: &base {kind: service}\ncomponents: {a: {<<: *base}}\n"
    second = "---\narchlint: 1\ncomponents: {b: {kind: service, calls: [a]}}\n"
    (one, two) = library.check(first + second).files
    assert [f.message for f in two.findings if f.rule == "DOC001"] == ["unknown component `a`"]
    assert one.findings == library.check(first).files[0].findings
    (error,) = library.check(first + second + "---\narchlint: 1\ncomponents: {c: {<<: *base}}\n").errors
    assert "<stdin>:9:22: the alias *base has no anchor before it" in error.message


def test_a_document_without_the_key_is_a_finding() -> None:
    report = library.check("kind: Service\n---\n" + PASSING + "---\nnotes: later\n")
    (file,) = report.files
    places = [(f.location.line, f.message) for f in file.findings if f.rule == "DOC011"]
    last = PASSING.count("\n") + 3
    message = "this document has no key `archlint`, so it is not checked"
    assert places == [(1, message), (last, message)]


@pytest.mark.parametrize("empty", ["---\n---\n", "---\n# nothing\n---\n", "---\nnull\n---\n", "---\n...\n---\n"])
def test_an_empty_document_changes_nothing(empty: str) -> None:
    (file,) = library.check(empty + FAILING).files
    (alone,) = library.check(FAILING).files
    assert [f.fingerprint for f in file.findings] == [f.fingerprint for f in alone.findings]
    more = empty.count("\n")
    assert [f.location.line - more for f in file.findings] == [f.location.line for f in alone.findings]
    assert len(library.check(FAILING + empty).files) == 1


def test_a_baseline_keeps_the_findings_of_each_system_apart(archlint: Run, two: Path) -> None:
    two.write_text(f"{PASSING}---\n{STAGING}")
    assert archlint("baseline", "arch.yaml").returncode == 0
    frozen = (two.parent / "archlint-baseline.jsonl").read_text()
    assert '"file": "arch.yaml#staging"' in frozen
    assert archlint("check", "arch.yaml").returncode == 0
    two.write_text(TWO)                              # the first system now fails too: that is new
    done = archlint("check", "arch.yaml")
    assert (done.returncode, f"arch.yaml:{LINES[0]}:" in done.stdout, f"arch.yaml:{LINES[1]}:" in done.stdout) == (
        1, True, False,
    )  # fmt: skip
    two.write_text(PASSING)                          # the second system was removed: its entries are not needed
    done = archlint("check", "arch.yaml", "--baseline-strict")
    assert (done.returncode, "strict" in done.stdout) == (1, True)
    assert archlint("baseline", "arch.yaml").returncode == 0
    assert "staging" not in (two.parent / "archlint-baseline.jsonl").read_text()


def test_a_diff_compares_each_system_with_its_own_past(archlint: Run, two: Path) -> None:
    (two.parent / "old.yaml").write_text(f"{FAILING}---\n{STAGING.replace('replicas: 2', 'replicas: 3')}")
    done = archlint("diff", "old.yaml", "arch.yaml", "-o", "json")
    (system,) = json.loads(done.stdout)["systems"]
    assert (system["system"], system["old"], system["new"]) == ("staging", "old.yaml#staging", "arch.yaml#staging")


def test_render_draws_the_first_and_says_how_to_choose(archlint: Run, two: Path) -> None:
    first = archlint("render", "arch.yaml", "-f", "mmd")
    assert "note: arch.yaml describes 2 systems, and this is shop; choose another with --system: staging" in first.stderr
    two.write_text(TWO.replace("  log: {kind: log-store}\n", "", 1))
    chosen, numbered = (archlint("render", "arch.yaml", "-f", "mmd", "--system", name) for name in ("staging", "2"))
    assert chosen.stdout == numbered.stdout != archlint("render", "arch.yaml", "-f", "mmd", "--system", "shop").stdout
    assert "note:" not in chosen.stderr
    wrong = archlint("render", "arch.yaml", "-f", "mmd", "--system", "stging")
    assert (wrong.returncode, "has no system `stging`" in wrong.stderr, "systems: shop, staging" in wrong.stderr) == (
        2, True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    ["analyze", "whatif --set components.server.replicas=3", "sensitivity --only models.ranker.artifact",
     "sweep --set components.server.replicas=3", "simulate --requests 100", "drift", "render -f dot"],
)  # fmt: skip
def test_a_command_for_one_system_takes_the_first_and_says_so(
    two: Path, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (two.parent / "compose.yaml").write_text("services: {server: {image: acme/server}}\n")
    monkeypatch.chdir(two.parent)
    said = "note: arch.yaml describes 2 systems, and this is shop; choose another with --system: staging"
    run_app(words.split())
    assert said in capsys.readouterr().err
    run_app([*words.split(), "--system", "1"])
    assert said not in capsys.readouterr().err


def test_the_library_reads_the_system_that_is_named(two: Path) -> None:
    assert library.load(two).architecture.name == "shop"
    assert library.load(two, system="staging").architecture.name == "staging"
    with pytest.raises(UsageError):
        library.load(two, system="production")


def test_systems_without_a_name_of_their_own_have_numbers() -> None:
    bare = "archlint: 1\ncomponents: {a: {kind: service}}\n"
    report = library.check("---\n".join([bare, bare, "system: x\n" + bare, "system: x\n" + bare, "system: a/b\n" + bare]))
    assert [file.part for file in report.files] == ["", "2", "3", "4", "5"]


def test_what_all_systems_of_a_file_include_is_bound(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("models: {m: }\n#" + "x" * 9_000_000 + "\n")
    (tmp_path / "arch.yaml").write_text("---\narchlint: 1\ninclude: parts.yaml\ncomponents: {a: {kind: client}}\n" * 5)
    (error,) = library.check(tmp_path / "arch.yaml").errors
    assert "its systems include more than 32 MiB in all" in error.message


def test_an_include_takes_the_first_system_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("archlint: 1\nmodels: {m: }\n---\narchlint: 1\nmodels: {n: }\n")
    (tmp_path / "arch.yaml").write_text("archlint: 1\ninclude: parts.yaml\ncomponents: {a: {kind: client}}\n")
    (file,) = library.check(tmp_path / "arch.yaml").files
    (finding,) = (f for f in file.findings if f.rule == "DOC011")
    assert (finding.location.line, finding.message) == (2, "parts.yaml describes 2 systems; only the first is included")
