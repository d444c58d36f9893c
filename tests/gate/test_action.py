"""The action's steps, run as a runner runs them: in real repositories, against a server that keeps the comments."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compare.old_repository import commit, git, old_system
from tests.conftest import ROOT
from tests.packs.help import RULE, rule

from .comments import Comments, serving
from .jobs import Job, Runs, changed, line_of, named, without_code
from .runner import Runner, Step, environment, steps

pytestmark = pytest.mark.xdist_group("gate")

OWN = RULE.replace("nobody_knows", "./check.py")
MARKER = "<!-- archlint comment: archlint -->\n"


def tool(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def test_it_fits_the_schema_of_github() -> None:
    words = [tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml")]
    subprocess.run(words, check=True, timeout=120)


def test_no_value_is_part_of_a_command() -> None:
    """An expression in a script is replaced before the shell reads it, so its value could run as a command."""
    assert [step.name for step in steps() if "${{" in step.run] == []


@pytest.mark.parametrize("step", [step for step in steps() if step.run], ids=lambda step: step.name)
def test_shellcheck_finds_nothing(step: Step) -> None:
    words = [tool("shellcheck"), "--shell=bash", "--exclude=SC2153", "-"]   # names in capitals come from `env`
    done = subprocess.run(words, input=step.run, text=True, capture_output=True, check=False, timeout=60)
    assert done.stdout == ""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The installation by the action's own step, from this checkout."""
    temp = tmp_path_factory.mktemp("runner")
    runner = Runner(temp, temp / "temp", {}, {})
    [step] = [step for step in steps() if step.id == "install"]
    ran = runner._ran(step, environment())
    assert ran.status == 0, ran.output
    return {name: runner.context[f"steps.install.outputs.{name}"] for name in ("bin", "reports")}


@pytest.fixture
def server() -> Iterator[Comments]:
    with serving() as comments:
        yield comments


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, installed: dict[str, str]) -> Path:
    """A repository with forty old findings in its baseline, for each test to copy."""
    folder = tmp_path_factory.mktemp("old") / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "arch.yaml").write_text(old_system())
    subprocess.run([f"{installed['bin']}/archlint", "baseline"], cwd=folder, check=True, timeout=60)
    assert len((folder / "archlint-baseline.jsonl").read_text().splitlines()) == 41
    commit(folder, "what there is")
    git(folder, "switch", "-q", "-c", "change")
    return folder


@pytest.fixture
def repository(tmp_path: Path, old: Path) -> Path:
    """A copy of that repository."""
    return Path(shutil.copytree(old, tmp_path / "shop", symlinks=True))


@pytest.fixture
def action(tmp_path: Path, server: Comments, installed: dict[str, str]) -> Runs:
    return Runs(tmp_path, server, installed)


def test_a_second_model_on_a_server_shows_what_it_causes_at_its_line_and_fails(
    repository: Path, action: Runs, server: Comments
) -> None:
    changed(repository, old_system("recommender"))
    job = action(repository)
    expected = [("SRV002", line_of(repository, "serves: [model-3, recommender]"))]
    assert job.status == 1
    assert job.annotations == expected
    [body] = server.bodies.values()
    assert body.startswith(MARKER)
    assert named(body) == expected
    assert "1 system changed; **1 new finding**, 0 resolved, 11 unchanged." in body
    assert "| changed | component server-3 (model-server) | serves: model-3 -&gt; model-3, recommender |" in body
    assert "serves model-3 → model-3, recommender" in body and "  class server_3 changed\n" in body
    assert "SRV002 all-in-one" in job.summary
    upload = job.ran["Upload to code scanning"].given
    assert upload == {"sarif_file": str(job.reports / "alerts.sarif"), "category": "archlint"}
    results = json.loads((job.reports / "archlint.sarif").read_text())["runs"][0]["results"]
    states = [result["baselineState"] for result in results if "baselineState" in result]
    assert (states.count("new"), states.count("unchanged")) == (1, 40)
    assert {result.get("kind") for result in results} == {None, "open"}
    alerts = json.loads((job.reports / "alerts.sarif").read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in alerts] == ["SRV002"]
    assert "data:image/svg+xml" in (job.reports / "archlint.html").read_text()


def test_the_comment_is_replaced_and_stays_the_only_one(repository: Path, action: Runs, server: Comments) -> None:
    server.bodies |= {number: f"comment {number}" for number in range(1, 151)}
    changed(repository, old_system("recommender"))
    assert action(repository).ran["Write the comment"].output == "wrote a comment\n"
    changed(repository, old_system())
    job = action(repository)
    assert job.status == 0
    assert job.ran["Write the comment"].output == "updated the comment\n"
    assert server.calls == ["GET", "GET", "POST", "GET", "GET", "PATCH"]
    assert len(server.bodies) == 151
    assert named(server.bodies[151]) == []
    assert "No difference." in server.bodies[151]


@pytest.mark.parametrize(("deployed", "status"), [("server-1", 0), ("other", 1)])
def test_a_deployment_that_differs_from_its_description_fails(
    repository: Path, action: Runs, deployed: str, status: int
) -> None:
    system = "archlint: 1\ncomponents:\n  server-1: {kind: service, description: asks nothing}\n"
    (repository / "small").mkdir()
    (repository / "small/arch.yaml").write_text(system)
    (repository / "small/compose.yaml").write_text(f"services: {{{deployed}: {{image: shop/server}}}}\n")
    job = action(repository, {"drift": "small/arch.yaml\nsmall/compose.yaml\n", "paths": "arch.yaml"}, pull_request=False)
    found = json.loads((job.reports / "drift.json").read_text())
    assert (job.status, bool(found["drift"])) == (status, bool(status))
    output = job.ran["Compare with the deployment"].output
    assert ("::error file=small/arch.yaml,line=3," in output) is bool(status)
    assert ("the deployment differs" in job.summary) is bool(status)


def test_another_name_and_moved_lines_show_nothing_new(repository: Path, action: Runs, server: Comments) -> None:
    text = old_system().replace("server-5", "ranking")
    head, components = text.split("components:\n")
    changed(repository, f"# moved\n# down\n{head}components:\n\n{components}")
    job = action(repository)
    assert job.status == 0, job.ran["Check"].output
    assert job.annotations == []
    assert json.loads((job.reports / "alerts.sarif").read_text())["runs"][0]["results"] == []
    [body] = server.bodies.values()
    assert "**0 new findings**, 0 resolved, 11 unchanged." in body
    assert "was server-5" in body
    assert named(body) == []


@pytest.mark.parametrize(("inputs", "said"), [
    ({"select": "NOPE"}, "error: --select: there is no rule `NOPE`"),
    ({"fail-on": "100%"}, "100%"),
    ({"paths": "nowhere.yaml"}, "no such file"),
    ({"baseline": "lost.jsonl"}, "lost.jsonl"),
])  # fmt: skip
def test_a_check_that_is_not_complete_says_why_and_closes_no_alert(
    inputs: dict[str, str], said: str, repository: Path, action: Runs, server: Comments
) -> None:
    changed(repository, old_system("recommender"))
    job = action(repository, inputs)
    assert job.status == 2
    assert "Upload to code scanning" not in job.ran
    errors = [line for line in job.ran["Check"].output.splitlines() if line.startswith("::error")]
    assert said.replace("%", "%25") in "".join(errors)
    said = without_code(said)
    assert said in without_code(job.summary)
    before, found, _ = without_code(*server.bodies.values()).partition(said)
    assert found
    assert "## archlint" in before, "it comes before the difference"
    assert "Difference" not in before


def test_a_strict_baseline_does_not_grow_in_a_pull_request(
    repository: Path, action: Runs, server: Comments, installed: dict[str, str]
) -> None:
    changed(repository, old_system("recommender"))
    subprocess.run([f"{installed['bin']}/archlint", "baseline"], cwd=repository, check=True, timeout=60)
    commit(repository, "hide it")
    assert action(repository).status == 0
    job = action(repository, {"baseline-strict": "true"})
    assert job.status == 1
    assert "::error title=archlint::the baseline holds more findings" in job.ran["Compare with the base"].output
    [body] = server.bodies.values()
    assert "    archlint-baseline.jsonl: 1 finding more than at " in body
    assert "      error[SRV002] all-in-one, arch.yaml:" in body


def test_a_repository_without_an_architecture_gets_a_comment_that_says_so(repository: Path, action: Runs, server: Comments) -> None:
    git(repository, "rm", "-q", "arch.yaml", "archlint-baseline.jsonl")
    commit(repository)
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    job = action(repository)
    assert job.status == 2
    assert "::error title=archlint could not check::error: nothing to check" in job.ran["Check"].output
    [body] = server.bodies.values()
    assert "    error: nothing to check in the current folder" in body and "init` writes one" in body


def test_what_changes_no_architecture_is_not_commented(repository: Path, action: Runs, server: Comments) -> None:
    (repository / "README.md").write_text("hello")
    changed(repository, f"# moved\n{old_system()}")
    job = action(repository)
    assert job.status == 0
    assert server.calls == ["GET"]
    assert "No difference." in job.summary


def test_a_push_is_checked_without_a_comment(repository: Path, action: Runs, server: Comments) -> None:
    changed(repository, old_system("recommender"))
    job = action(repository, {"sarif": "false"}, pull_request=False)
    assert job.status == 1
    assert set(job.ran) == {
        "Decide whether code of the repository may run", "Check", "Write the summary", "Fail where the check does",
    }  # fmt: skip
    assert server.calls == []


def test_a_token_that_may_only_read_leaves_the_verdict_to_the_check(
    repository: Path, action: Runs, server: Comments
) -> None:
    server.refuses = 403
    changed(repository, old_system("recommender"))
    job = action(repository)
    assert job.ran["Write the comment"].status == 0
    assert job.ran["Write the comment"].output.startswith("::warning title=archlint::the comment could not be written")
    assert "secret-of-the-run" not in "".join(ran.output for ran in job.ran.values())
    assert job.status == 1


def test_a_shallow_checkout_fetches_the_base(tmp_path: Path, repository: Path, action: Runs, server: Comments) -> None:
    changed(repository, old_system("recommender"))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", f"file://{repository}", str(clone))
    base = git(repository, "rev-parse", "main").strip()
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    job = action(clone, {"base": base})
    assert job.ran["Compare with the base"].output == ""
    [body] = server.bodies.values()
    assert [rule for rule, _ in named(body)] == ["SRV002"]


def compared(job: Job) -> set[tuple[str, str]]:
    """The result of the comparison: the components that were added, removed or changed."""
    systems = json.loads((job.reports / "diff.json").read_text())["systems"]
    return {(part["state"], part["name"]) for one in systems for part in one["parts"] if part["section"] == "components"}


def with_cache(name: str) -> str:
    return old_system() + f"  {name}: {{kind: cache, uses: redis}}\n"


@pytest.mark.parametrize(("base", "depth"), [
    *((base, "shallow") for base in ("HEAD~1", "v1", "short", "commit", "main", "refs/heads/main")), ("commit", "full"),
])
def test_the_base_is_what_was_asked_for(base: str, depth: str, tmp_path: Path, repository: Path, action: Runs) -> None:
    git(repository, "tag", "v1", "main")
    changed(repository, with_cache("one"))
    if base == "HEAD~1":
        git(repository, "tag", "asked")
        changed(repository, with_cache("one") + "  two: {kind: cache, uses: redis}\n")
    first = git(repository, "rev-parse", "main").strip()
    asked = {"short": first[:9], "commit": first}.get(base, base)
    clone = tmp_path / "clone"
    words = ["--depth=1"] if depth == "shallow" else []
    git(tmp_path, "clone", "-q", *words, "--branch=change", "--single-branch", f"file://{repository}", str(clone))
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    git(clone, "tag", "-d", *git(clone, "tag").split())
    before = git(clone, "rev-list", "--count", "HEAD").strip()
    job = action(clone, {"base": asked}, pull_request=False)
    assert compared(job) == {("added", "two" if base == "HEAD~1" else "one")}, job.ran["Compare with the base"].output
    shallow = git(clone, "rev-parse", "--is-shallow-repository").strip()
    assert depth == "shallow" or (shallow, git(clone, "rev-list", "--count", "HEAD").strip()) == ("false", before)


@pytest.mark.parametrize("base", ["HEAD~40", "v9", "abcdef123", "0" * 40, "no such branch", "*", "-x"])
def test_a_base_that_does_not_exist_fails_and_nothing_is_compared(
    base: str, tmp_path: Path, repository: Path, action: Runs
) -> None:
    changed(repository, f"# moved\n{old_system()}")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", f"file://{repository}", str(clone))
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    job = action(clone, {"base": base}, pull_request=False)
    assert job.status == 2
    assert f"cannot compare with `{base}`" in job.summary
    assert "::error title=archlint::the base" in job.ran["Compare with the base"].output
    assert not (job.reports / "diff.json").exists()


def moved_by_name(folder: Path) -> None:
    (folder / "archlint-baseline.jsonl").rename(folder / "other.jsonl")
    (folder / "archlint.toml").write_text('baseline = "other.jsonl"\n')


def moved_to_a_folder(folder: Path) -> None:
    (folder / "kept").mkdir()
    (folder / "archlint-baseline.jsonl").unlink()
    (folder / "archlint.toml").write_text('baseline = "kept/known.txt"\n')


def moved_with_the_system(folder: Path) -> None:
    (folder / "team").mkdir()
    (folder / "arch.yaml").rename(folder / "team" / "arch.yaml")
    (folder / "team" / "archlint.toml").write_text("")


@pytest.mark.parametrize("move", [moved_by_name, moved_to_a_folder, moved_with_the_system])
@pytest.mark.parametrize("grows", [True, False])
def test_a_strict_baseline_that_moves_does_not_grow_either(
    move: Callable[[Path], None], grows: bool, repository: Path, action: Runs, installed: dict[str, str]
) -> None:
    (repository / "arch.yaml").write_text(old_system("recommender" if grows else ""))
    move(repository)
    subprocess.run([f"{installed['bin']}/archlint", "baseline"], cwd=repository, check=True, timeout=60)
    commit(repository, "hide it elsewhere")
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    job = action(repository, {"baseline-strict": "true"})
    said = job.ran["Compare with the base"].output
    assert (job.status, "1 finding more than at" in said) == (int(grows), grows), said + job.ran["Check"].output


OWN_CODE = 'from pathlib import Path\nPath("ran").touch()\nraise SystemExit("the code of the repository ran")\n'


@pytest.mark.parametrize(("inputs", "head", "event", "runs"), [
    ({}, "team/shop", "", False),
    ({"allow-code": "true"}, "team/shop", "", True),
    ({"allow-code": "true"}, "else/shop", "", False),
    ({"allow-code": "true"}, "", "", False),
    ({"allow-code": "true"}, "else/shop", "pull_request_target", False),
    ({"allow-code": "true"}, "team/shop", "issue_comment", False),
])  # fmt: skip
def test_code_of_the_repository_runs_only_when_allowed_and_never_from_a_fork(
    inputs: dict[str, str], head: str, event: str, runs: bool, repository: Path, action: Runs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARCHLINT_ALLOW_CODE", "1")         # a job that sets it for other steps
    rule(repository / "house", "ACME001-own-code", OWN, check_py=OWN_CODE)
    (repository / "archlint.toml").write_text('packs = ["house"]\n')
    changed(repository, old_system())
    job = action(repository, inputs, head=head, event_name=event)
    assert (repository / "ran").exists() is runs, job.ran["Check"].output
    notice = "::notice title=archlint::allow-code is ignored"
    said = job.ran["Decide whether code of the repository may run"].output
    assert (notice in said) is (bool(inputs) and not runs)


# The first has every form at once, with its quotes in pairs: whatever shell reads it, one of them runs.
@pytest.mark.parametrize("text", ['$(touch ran) `touch ran`; touch ran "; touch ran; "', "--output=text:ran"])
@pytest.mark.parametrize("name", ["paths", "config", "select", "fail-on", "baseline", "base", "name"])
def test_what_stands_in_an_input_is_not_run(name: str, text: str, repository: Path, action: Runs) -> None:
    changed(repository, old_system("recommender"))
    job = action(repository, {name: text})
    assert not (repository / "ran").exists()
    assert job.status == (1 if name in {"base", "name"} else 2)


def test_paths_are_given_one_a_line(repository: Path, action: Runs) -> None:
    other = repository / "an other"
    other.mkdir()
    (other / "arch.yaml").write_text("archlint: 1\nsystem: other\nservices: {}\n")
    changed(repository, old_system())
    job = action(repository, {"paths": "arch.yaml\nan other/arch.yaml\n"})
    assert "file=an other/arch.yaml,line=3" in job.ran["Check"].output
    assert action(repository, {"paths": "arch.yaml"}).status == 0
