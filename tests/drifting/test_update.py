"""`archlint import --update`: what changed in the deployment is merged; comments, stated facts, order and formatting stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint import drift
from archlint.cli.app import run_app
from archlint.errors import UnreadableInputError, UsageError
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from tests.drifting.systems import COMPOSE, SYSTEMS
from tests.drifting.test_drift import described

MINE = """\
# The shop. This comment stays.
archlint: 1
system: shop
workloads:
  search: {from: page, rate: 5/s}   # measured by hand
components:

  page:   {kind: client, calls: [web]}     # spaces stay
  api:                                     # before web: order stays
    kind: model-server                     # corrected: the import said service
    replicas: 2    # two are enough
    reads:
      - cache      # sessions
    calls: [llm]
    owner: {team: shop}
  web: {kind: service, calls: [api]}
  cache: {kind: cache, uses: redis}
  # the model
  llm:
    kind: model-server
    uses: vllm
    serves: [acme/chat-7b]
    hardware: {gpu: nvidia-l4}   # stated
models:
  acme/chat-7b: {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "arch.yaml").write_text(MINE)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)
    assert run_app(["import", "compose.yaml", "--update", "arch.yaml"]) == 0
    return tmp_path


def updated(folder: Path, old: str, new: str) -> tuple[str, str]:
    """Change the deployment and update the description; return it before and after."""
    before = (folder / "arch.yaml").read_text()
    path = folder / "compose.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert run_app(["import", "compose.yaml", "--update", "arch.yaml"]) == 0
    return before, (folder / "arch.yaml").read_text()


def lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that only one of two texts has."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_the_first_update_adds_facts_and_keeps_all_else(folder: Path) -> None:
    text = (folder / "arch.yaml").read_text()
    gone, come = lines(MINE, text)
    assert all(line.split("}")[0] in text for line in gone)
    assert [line.strip().partition(":")[0] for line in come if line.startswith("    ")] \
        == ["image", "hardware", "tensor_parallel", "image"]
    assert "kind: model-server                     # corrected: the import said service" in text
    assert "hardware: {gpu: nvidia-l4, " in text
    assert drift(text, folder / "compose.yaml").is_empty
    assert not read(parse("arch.yaml", text), no_includes).problems


def test_nothing_to_do_changes_no_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = updated(folder, "replicas: 2", "replicas: 2")
    assert before == after
    assert capsys.readouterr().err.endswith("arch.yaml is up to date\n")


def test_a_fact_is_replaced_at_its_place_with_its_comment(folder: Path) -> None:
    assert lines(*updated(folder, "replicas: 2", "replicas: 7")) \
        == (["    replicas: 2    # two are enough"], ["    replicas: 7    # two are enough"])


def test_a_new_component_comes_last_with_its_relations(folder: Path) -> None:
    before, after = updated(
        folder, "  cache:\n", "  extra:\n    image: acme/extra\n    environment: {A: 'http://api:8000'}\n  cache:\n"
    )
    gone, come = lines(before, after)
    assert gone == []
    assert [line.partition("  #")[0] for line in come] \
        == ["  extra:", "    kind: client", "    image: acme/extra", "    calls:", "      - api"]
    assert after.index("  extra:") < after.index("models:")
    assert after.index("    hardware:") < after.index("  extra:")
    assert drift(after, folder / "compose.yaml").is_empty


@pytest.mark.parametrize(("old", "new", "line"), [
    ("LLM_URL:", "WEB_URL: 'http://web:80', LLM_URL:", "    calls: [llm, web]"),
    ("API_URL:", "LLM_URL: 'http://llm:8000', API_URL:", "web: {kind: service, calls: [api, llm]"),
    ("API_URL:", "REDIS_URL: 'redis://cache', API_URL:", "reads: [cache]"),
])  # fmt: skip
def test_a_new_relation_joins_the_others_of_its_verb(folder: Path, old: str, new: str, line: str) -> None:
    _, after = updated(folder, old, new)
    assert line in after
    assert drift(after, folder / "compose.yaml").is_empty


def test_a_new_relation_in_a_list_has_a_line_with_its_reason(folder: Path) -> None:
    new = "  more:\n    image: valkey/valkey:8\n  cache:\n"
    (folder / "compose.yaml").write_text(COMPOSE.replace("  cache:\n", new))
    _, after = updated(folder, "REDIS_URL:", "MORE_URL: 'redis://more', REDIS_URL:")
    assert "      - cache      # sessions\n      - more  # MORE_URL in the environment, compose.yaml:11\n" in after


def test_what_is_gone_is_marked_and_named_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = updated(folder, "  cache:\n    image: redis:7.2\n", "")
    gone, (mark,) = lines(before, after)
    assert gone == []
    assert mark.startswith("  # no deployment file has this component since 2")
    assert after.splitlines()[after.splitlines().index(mark) + 1].startswith("  cache:")
    assert "open: `cache` is described, and no file deploys it" in capsys.readouterr().err
    again = updated(folder, "services:", "services:")
    assert again[0] == again[1]


@pytest.mark.parametrize("start", ["components: {}  # none yet\n", "components:\n", ""])
def test_a_file_without_components_gets_all(start: str, folder: Path) -> None:
    (folder / "arch.yaml").write_text(f"archlint: 1\nsystem: shop\n{start}# the end\n")
    assert run_app(["import", "compose.yaml", "--update", "arch.yaml"]) == 0
    text = (folder / "arch.yaml").read_text()
    assert drift(text, folder / "compose.yaml").is_empty
    assert "# the end" in text
    assert list(read(parse("arch.yaml", text), no_includes).components) == ["web", "api", "cache", "llm"]


def test_line_breaks_of_windows_and_a_byte_order_mark_stay(folder: Path) -> None:
    path = folder / "arch.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (folder / "compose.yaml").write_text(COMPOSE.replace("  cache:\n", "  extra:\n    image: acme/extra\n  cache:\n"))
    assert run_app(["import", "compose.yaml", "--update", "arch.yaml"]) == 0
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"  extra:" in data
    assert data.count(b"\n") == data.count(b"\r\n")


def test_a_file_that_cannot_be_read_leaves_the_description_as_it_is(folder: Path) -> None:
    before = (folder / "arch.yaml").read_text()
    (folder / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n")
    with pytest.raises(UnreadableInputError, match="is not updated"):
        run_app(["import", ".", "--update", "arch.yaml"])
    with pytest.raises(UsageError, match="exclude each other"):
        run_app(["import", "compose.yaml", "--update", "arch.yaml", "-o", "x.yaml"])
    assert (folder / "arch.yaml").read_text() == before


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_import_that_is_updated_with_the_same_files_stays_as_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy.yaml").write_text(SYSTEMS[name][0])
    (tmp_path / "arch.yaml").write_text(described(Path("deploy.yaml")))
    before = (tmp_path / "arch.yaml").read_text()
    assert run_app(["import", "deploy.yaml", "--update", "arch.yaml"]) == 0
    assert (tmp_path / "arch.yaml").read_text() == before
