"""Deployment files as the input of every command: one system, whose reports say that its facts are imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from textwrap import dedent

import pytest

import archlint
from archlint.api import check_targets
from archlint.cli.app import run_app
from archlint.errors import ForeignInputError, UsageError
from archlint.linter import Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from tests.importers.importing import write_files

SHOP = """
    services:
      web:
        image: acme/web
        ports: ["80:80"]
        environment: {API_URL: "http://api:8000"}
      api:
        image: acme/api
        deploy: {replicas: 2}
        environment: {REDIS_URL: "redis://cache:6379"}
      cache:
        image: redis:7
"""
ARCH = "archlint: 1\nsystem: shop\ncomponents:\n  page: {kind: client, calls: [api]}\n  api: {kind: service}\n"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process; return its exit status and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        status = run_app(list(words))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (path,) = write_files(tmp_path, {"shop/compose.yaml": SHOP})
    monkeypatch.chdir(path.parent)
    return path


@pytest.mark.parametrize("words", [
    ("analyze",), ("whatif", "--set", "components.api.replicas=4"), ("render", "-f", "mmd"),
    ("sensitivity", "--only", "components.api."), ("sweep", "--set", "components.api.replicas=1..2"),
])  # fmt: skip
def test_commands_about_one_system_read_a_file_or_a_folder(shop: Path, call: Call, words: tuple[str, ...]) -> None:
    status, of_file, said = call(*words, shop.name)
    assert (status, "1 deployment file read as one system" in said) == (0, True)
    assert "api" in of_file
    assert call(*words) == call(*words, ".")
    assert call(*words, ".")[1].replace("(.)", f"({shop.name})") == of_file


def test_simulate_reads_deployment_files_with_the_facts_that_a_call_sets(shop: Path, call: Call) -> None:
    facts = ("workloads.web.rate=20/s", "components.web.service_time=5ms", "components.api.service_time=20ms",
             "components.cache.service_time=1ms", "components.web.workers=4", "components.api.workers=4",
             "components.cache.workers=4", "components.web.replicas=1", "components.cache.replicas=1")  # fmt: skip
    words = [word for fact in facts for word in ("--set", fact)]
    status, out, _ = call("simulate", str(shop.parent), *words, "--requests", "500", "-o", "json")
    assert status == 0
    assert "web" in out


def test_diff_compares_deployment_files_with_deployment_files(shop: Path, tmp_path: Path, call: Call) -> None:
    write_files(tmp_path, {"new/shop/compose.yaml": SHOP.replace("replicas: 2", "replicas: 3")})
    assert call("diff", str(shop), str(shop.parent), "--exit-code")[0] == 0
    status, out, _ = call("diff", str(shop.parent), str(tmp_path / "new/shop"), "--exit-code", "-o", "json")
    (system,) = json.loads(out)["systems"]
    (part,) = system["parts"]
    assert (status, part["name"], part["line"]) == (1, "api", 7)
    assert part["changes"] == [{"fact": "replicas", "old": "2", "new": "3"}]


def test_diff_compares_an_architecture_file_with_a_folder_of_manifests(shop: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(ARCH)
    status, out, _ = call("diff", str(path), str(shop.parent))
    assert status == 0
    assert "+ component cache" in out


def test_the_library_reads_them_too(shop: Path) -> None:
    system = archlint.load(shop.parent)
    assert set(system.components) == {"web", "api", "cache", "users"}
    assert system.architecture.document.imported == (str(shop),)
    assert "api" in archlint.render(shop, "mmd")
    assert archlint.analyze(shop.parent).imported == (str(shop),)
    assert archlint.load(ARCH).architecture.document.imported == ()


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_reports_for_people_name_the_files_that_facts_come_from(shop: Path, name: str) -> None:
    shop.write_text(shop.read_text().replace("replicas: 2", "replicas: 1"))
    report = check_targets([shop], Options())
    found = FORMATS[name](report, ReportOptions(width=10_000, all=True, verbose=True))
    assert f"Facts imported from 1 deployment file: {shop}" in found.replace("`", "")
    if name != "html":
        assert "imported" in found.partition("replicas of api")[2].split("\n")[0]


def test_reports_for_programs_mark_imported_facts(shop: Path, call: Call) -> None:
    shop.write_text(shop.read_text().replace("replicas: 2", "replicas: 1"))
    report = check_targets([shop], Options())
    found = json.loads(report.to_json())
    assert [file["imported"] for file in found["files"]] == [[str(shop)]]
    origins = {term["origin"] for finding in found["findings"] for term in finding["terms"] if term["line"]}
    assert origins == {"imported"}
    assert json.loads(report.to_sarif())["runs"][0]["properties"]["imported"] == [str(shop)]
    numbers = json.loads(call("analyze", str(shop), "--set", "workloads.web.rate=2/s", "-o", "json")[1])
    assert numbers["imported"] == [str(shop)]


def test_an_architecture_file_has_stated_facts(tmp_path: Path) -> None:
    text = ARCH.replace("kind: service}", "kind: service, replicas: 2}")
    found = json.loads(archlint.check(text).to_json())
    assert {term["origin"] for finding in found["findings"] for term in finding["terms"]} <= {"stated", "derived", "assumed"}
    assert found["files"][0]["imported"] == []
    assert "imported" not in json.loads(archlint.check(text).to_sarif())["runs"][0].get("properties", {})


def test_an_architecture_file_wins_over_the_manifests_beside_it(shop: Path) -> None:
    (shop.parent / "arch.yaml").write_text(ARCH)
    assert set(archlint.load(shop.parent).components) == {"page", "api"}
    with pytest.raises(UsageError, match=r"is an architecture file, and .* is not"):
        run_app(["analyze", str(shop), str(shop.parent / "arch.yaml")])


def test_a_main_file_and_its_parts_are_one_system(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(ARCH + "include: [part.yaml]\n")
    (tmp_path / "part.yaml").write_text("archlint: 1\ncomponents: {db: {kind: database}}\n")
    assert set(archlint.load(tmp_path).components) == {"page", "api", "db"}


def test_what_is_neither_is_an_error(tmp_path: Path) -> None:
    (path,) = write_files(tmp_path, {"values.yaml": "a: 1\n"})
    with pytest.raises(ForeignInputError, match="not an architecture file"):
        archlint.load(path)
    with pytest.raises(UsageError, match="no architecture file and no deployment files"):
        archlint.load(tmp_path)
    with pytest.raises(UsageError, match="name it alone"):
        run_app(["analyze", "-", str(path)])


def test_a_check_names_the_facts_to_add_and_where(shop: Path) -> None:
    report = check_targets([shop], Options())
    text = FORMATS["text"](report, ReportOptions(width=10_000))
    assert "`archlint import -o arch.yaml` starts a file. Add these facts; the first decides most" in text
    assert "archlint import" not in FORMATS["text"](archlint.check(ARCH), ReportOptions(width=10_000))


def test_the_written_file_asks_for_facts_at_their_places(shop: Path, call: Call) -> None:
    text = call("import", str(shop))[1]
    lines = text.splitlines()
    assert "# owner: {team: NAME, contact: ADDRESS, runbook: URL}" in lines
    web, api, cache = (lines.index(next(line for line in lines if line.startswith(f"  {name}:  #"))) for name in ("web", "api", "cache"))
    assert {"    # replicas: 2", "    # service_time: {p50: 5ms, p99: 20ms}"} <= set(lines[web:api])
    assert "    # replicas: 2" not in lines[api:cache]
    assert "    # rate: 10/s" in lines
    filled = text.replace("    # ", "    ").replace("# owner", "owner")
    assert archlint.load(filled).architecture.problems == ()


def test_standard_input_may_hold_a_deployment(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    monkeypatch.setattr("archlint.cli.settings.read_stdin", lambda: dedent(SHOP).encode())
    status, out, said = call("analyze", "-", "-o", "json")
    assert (status, json.loads(out)["file"]) == (0, "<stdin>")
    assert "1 deployment file read as one system" in said
    assert set(archlint.load(dedent(SHOP)).components) == {"web", "api", "cache", "users"}
    with pytest.raises(ForeignInputError, match="not an architecture file"):
        archlint.load("services: 3\nother: 1\n")


@pytest.mark.parametrize(("name", "text", "reason"), [
    ("overlay/kustomization.yaml", "resources: [../base]\n", "../base: lies outside the project"),
    ("overlay/api.yaml", "kind: AsyncAPI\nname: x\npredictor: {type: python}\n", "nothing to import"),
])  # fmt: skip
def test_an_empty_result_says_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, text: str, reason: str
) -> None:
    (path,) = write_files(tmp_path, {name: text})
    with pytest.raises(UsageError, match="nothing to check"):
        run_app(["check", str(path.parent)])
    assert reason in capsys.readouterr().err
    with pytest.raises(UsageError) as raised:
        run_app(["import", str(path.parent)])
    assert reason in capsys.readouterr().err or "no format" in str(raised.value)


def test_a_call_with_a_timeout_says_nothing_about_other_calls(call: Call, tmp_path: Path) -> None:
    text = "model_list:\n  - model_name: m\n    litellm_params: {model: openai/m, timeout: 60}\nlitellm_settings:\n" \
        "  cache: true\n  cache_params: {type: redis, host: redis}\n"
    (path,) = write_files(tmp_path, {"config.yaml": text})
    report = check_targets([path], Options(select=("REL003",)))
    assert report.findings == ()
    assert "timeouts" in [question.family for question in report.undecided]


def test_an_address_whose_password_is_in_a_file_of_variables_is_a_relation(call: Call, tmp_path: Path) -> None:
    path, *_ = write_files(tmp_path, {
        "compose.yaml": "services:\n  web:\n    image: acme/web\n    environment:\n"
        "      CACHE_URL: redis://:${CACHE_PASSWORD}@cache:6379\n  cache: {image: redis:7}\n",
        ".env": "MODE=fast\nCACHE_PASSWORD=hunter2\n",
    })  # fmt: skip
    status, printed, _ = call("import", str(path.parent))
    assert status == 0
    assert "cache  # CACHE_URL in the environment, compose.yaml:5" in printed
    assert "hunter2" not in printed
    (finding,) = check_targets([path.parent], Options(select=("DEP044",))).findings
    assert (Path(finding.location.file).name, finding.location.line) == (".env", 2)


def test_standard_input_named_twice_is_read_once(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "arch.yaml"
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"services:\n  web: {image: acme/web}\n")))
    status, _, said = call("import", "-", "-", "-o", str(written))
    assert status == 0
    assert "1 component from 1 file" in said


def test_a_server_without_a_sign_of_a_model_is_not_said_to_load_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"api.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: api}
        spec:
          selector: {matchLabels: {app: api}}
          template:
            metadata: {labels: {app: api}}
            spec: {containers: [{name: api, image: "acme/api:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: api}
        spec: {selector: {app: api}, ports: [{port: 80}]}
        """, "other.yaml": "name: of another program\n"})  # fmt: skip
    report = check_targets([tmp_path], Options(select=("DEP001",)))
    assert [one.message for one in report.findings] == [
        "`api` has no readiness probe: it gets requests before it can answer"
    ]
    for name in ("text", "markdown", "html"):
        assert "1 YAML file skipped: no part of this system." in FORMATS[name](report, ReportOptions())
