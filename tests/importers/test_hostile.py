"""Files that nobody meant well with: each ends in a result or in a message with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.importers.importing import import_files
from archlint.linter import Options
from tests.importers.importing import imported, write_files

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n"


def messages(folder: Path, files: dict[str, str]) -> str:
    """Everything that an import says about files."""
    found = imported(folder, files)
    return "\n".join([*(error.message for error in found.errors), *found.draft.notes, *(why for _, why in found.left_out)])


@pytest.mark.parametrize(("files", "said"), [
    ({"compose.yaml": "services: {a: {image: x}}\ninclude: [compose.yaml]\n"}, "includes itself: compose.yaml -> compose.yaml"),
    ({"compose.yaml": "services: {a: {image: x}}\ninclude: [b.yaml]\n", "b.yaml": "include: [compose.yaml]\n"}, "includes itself"),
    ({"compose.yaml": "services: {a: {extends: b}, b: {extends: a}}\n"}, "`a` extends itself: a -> b -> a"),
    ({"compose.yaml": "services: {" + ", ".join(f"s{n}: {{extends: s{n + 1}}}" for n in range(500)) + ", s500: {image: x}}\n"},
     "`s0` extends others over more than"),
    ({"compose.yaml": "services: {a: {extends: {file: b.yaml, service: a}}}\n",
      "b.yaml": "services: {a: {extends: {file: compose.yaml, service: a}}}\n"}, "extends itself"),
    ({"compose.yaml": "services: {a: {image: x, extends: none}}\n"}, "`a` extends `none`, which is not defined"),
    ({"compose.yaml": "services: {a: {image: x, env_file: ../../secret.env}}\n"}, "compose.yaml:1: not read: ../../secret.env: lies outside"),
    ({"compose.yaml": "include: [/etc/passwd]\nservices: {a: {image: x}}\n"}, "/etc/passwd: lies outside the project"),
    ({"compose.yaml": "services: {a: {image: x, extends: {file: ../up.yaml}}}\n"}, "../up.yaml: lies outside the project"),
    ({"compose.yaml": "services:\n  a: {image: x\n"}, "compose.yaml:3:1: not YAML"),
    ({"pod.yaml": POD + "---\napiVersion: v1\nkind: {{- if .x }}\n"}, "a template"),
    ({"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n   spec: x\n"}, "pod.yaml:5:8: not YAML"),
])  # fmt: skip
def test_a_message_names_the_place(tmp_path: Path, files: dict[str, str], said: str) -> None:
    inner = tmp_path / "a" / "project"
    inner.mkdir(parents=True)
    assert said in messages(inner, files)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["services: {a: {image: x}}", "x-0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"x-{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "aliases expand to more than" in messages(tmp_path, {"compose.yaml": "\n".join(lines) + "\n"})


def test_variables_that_multiply_stay_small(tmp_path: Path) -> None:
    env = "V0=aaaaaaaaaa\n" + "".join(f"V{n}=" + f"${{V{n - 1}}}" * 10 + "\n" for n in range(1, 12))
    found = imported(tmp_path, {"compose.yaml": "services: {a: {image: x, environment: {K: '${V11}'}}}\n", ".env": env})
    assert len(found.draft.components["a"].unit.env["K"].text) < 2_100_000


def test_a_variable_that_names_itself_ends(tmp_path: Path) -> None:
    found = imported(tmp_path, {"compose.yaml": "services: {a: {image: 'x:${A}'}}\n", ".env": "A=${A}${B}\nB=${A}\n"})
    assert set(found.draft.components) == {"a"}


def test_nested_defaults_without_end_are_unresolved(tmp_path: Path) -> None:
    text = "${A:-" * 500 + "x" + "}" * 500
    found = imported(tmp_path, {"compose.yaml": f"services: {{a: {{image: x, environment: {{K: '{text}'}}}}}}\n"})
    assert found.draft.components["a"].unit.env["K"].status == "unresolved"


@pytest.mark.parametrize("data", [
    b"\x00\x01\x02services:", b"\xff\xfe\x00services", b"services: {a: \xff\xff}", b"", b"services:", b"services: [1, 2]",
    b"services: {a: 1}", b"apiVersion: v1\nkind: [x]\n", b"apiVersion: v1\nkind: Pod\nspec: 3\n", b"apiVersion: v1\nkind: Service\n",
    b"services: {a: {image: [x], environment: 3, ports: {a: 1}, volumes: x, depends_on: 7, deploy: [], command: {a: b}}}",
    b"apiVersion: v1\nkind: List\nitems: [1, {kind: Pod}]\n",
    b"apiVersion: apps/v1\nkind: Deployment\nmetadata: []\nspec: {template: {spec: {containers: [{env: [1, {name: []}]}]}}}\n",
    b"apiVersion: x/v1\nkind: InferenceService\nspec: {predictor: [1], transformer: 2}\n",
    b"apiVersion: x/v1\nkind: RayService\nmetadata: {name: r}\nspec: {serveConfigV2: '{{{'}\n",
    b"apiVersion: networking.istio.io/v1\nkind: VirtualService\nspec: {http: [{route: [1, {destination: x}]}], hosts: {a: b}}\n",
])  # fmt: skip
def test_any_bytes_end_in_a_result_or_a_message(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    found = import_files([path], tmp_path)
    assert found.draft.components or found.errors or found.left_out or found.draft.notes or not data.strip() or b"Service" in data
    check_targets([tmp_path], Options())


def test_a_truncated_file_never_raises(tmp_path: Path) -> None:
    text = (Path(__file__).parent / "test_kubernetes.py").read_text().split('"""')[3]
    path = tmp_path / "a.yaml"
    for end in range(0, len(text), max(1, len(text) // 60)):
        path.write_text(text[:end])
        import_files([path], tmp_path)


def test_links_that_lead_out_or_in_circles_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.env").write_text("DB_URL=http://db:1\n")
    project = tmp_path / "project"
    write_files(project, {"compose.yaml": "services: {a: {image: x, env_file: [link.env, loop.env]}, db: {image: y}}\n"})
    os.symlink(tmp_path / "outside" / "x.env", project / "link.env")
    os.symlink(project / "loop.env", project / "loop.env")
    found = import_files([project / "compose.yaml"], project)
    assert found.draft.components["a"].relations == []
    assert any("link.env: lies outside the project" in note for note in found.draft.notes)


def test_a_large_file_is_read_and_a_mounted_one_is_not(tmp_path: Path) -> None:
    many = "services:\n" + "".join(f"  s{n}: {{image: 'x:{n}', environment: {{NEXT_HOST: s{n + 1}}}}}\n" for n in range(500))
    found = imported(tmp_path, {"compose.yaml": many + "#" * 4_000_000})
    assert len(found.draft.components) == 500
    assert sum(len(component.relations) for component in found.draft.components.values()) == 499
    (tmp_path / "big.conf").write_text("http://b:80\n" * 400_000)
    small = "services: {a: {image: x, volumes: ['./big.conf:/etc/a.conf']}, b: {image: y}}\n"
    assert imported(tmp_path, {"compose.yaml": small}).draft.components["a"].relations == []
