"""Helm charts: rendered by Helm under limits, with places in the templates, or one note about what to pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from archlint.importers import children
from archlint.importers.children import run_limited
from archlint.importers.helm import reading
from archlint.importers.helm.lines import Placing
from archlint.importers.importing import Imported, import_files
from archlint.source.document import Document
from archlint.source.nodes import Span
from archlint.targets import deployment_files
from tests.conftest import Run
from tests.importers.importing import write_files

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "demo.name" . }}
  labels:
    {{- include "demo.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicaCount }}
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          env:
            {{- range .Values.env }}
            - name: {{ .name }}
              value: {{ .value | quote }}
            {{- end }}
            - name: CACHE_URL
              value: redis://{{ .Release.Name }}-store:6379
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
"""
STORE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-store
spec: {template: {spec: {containers: [{name: r, image: "redis:{{ .Values.version }}"}]}}}
"""
CHART = {
    "chart/Chart.yaml": """\
apiVersion: v2
name: demo
version: 0.1.0
appVersion: "1"
dependencies:
  - {name: store, version: 1.0.0, repository: "file://../store", condition: store.enabled}
""",
    "chart/values.yaml": """\
replicaCount: 3
image: {repository: acme/demo}
env: [{name: A, value: "1"}, {name: B, value: x}]
resources: {limits: {nvidia.com/gpu: 1}}
store: {enabled: true, version: "7"}
""",
    "chart/templates/_helpers.tpl": '{{- define "demo.name" -}}{{ .Chart.Name }}{{- end }}{{- define "demo.labels" -}}\napp: demo\n{{- end }}',
    "chart/templates/deployment.yaml": DEPLOYMENT, "chart/templates/NOTES.txt": "Thanks.\n",
    "chart/templates/test.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: curl}]}\n",
    "store/Chart.yaml": "apiVersion: v2\nname: store\nversion: 1.0.0\n", "store/values.yaml": "version: none\n", "store/templates/store.yaml": STORE,
}  # fmt: skip


def imported(folder: Path, files: dict[str, str], values: tuple[Path, ...] = ()) -> Imported:
    """Import a project with its files as written."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / ".git").mkdir(exist_ok=True)
    paths, root = deployment_files([folder])
    return import_files(paths, root, values=values)


def said(found: Imported) -> str:
    return "\n".join([*(error.message for error in found.errors), *found.draft.notes, *(reason for _, reason in found.left_out)])


def test_a_chart_is_rendered_with_its_local_sub_chart(tmp_path: Path) -> None:
    found = imported(tmp_path, CHART)
    assert said(found) == ""
    demo = found.draft.components["demo"]
    assert set(found.draft.components) == {"demo", "demo-store"}
    assert [(relation.verb, relation.target) for relation in demo.relations] == [("reads", "demo-store")]
    assert demo.facts["image"].text == "acme/demo:1"
    assert found.draft.components["demo-store"].facts["image"].text == "redis:7"


def test_facts_point_to_the_lines_of_the_templates(tmp_path: Path) -> None:
    demo = imported(tmp_path, CHART).draft.components["demo"]
    places = {key: fact.site.shown.rpartition("/")[2] for key, fact in demo.facts.items()}
    assert places == {"replicas": "values.yaml:1", "image": "deployment.yaml:13", "hardware": "deployment.yaml:23"}
    assert demo.site.shown.endswith("chart/templates/deployment.yaml:4")
    assert demo.relations[0].site.shown.endswith("deployment.yaml:20")
    assert [value.site.shown.rpartition(":")[2] for value in demo.unit.env.values()] == ["17", "17", "20"]


def test_values_of_the_call_and_conditions_decide(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("replicaCount: 5\nstore: {enabled: false}\n")
    found = imported(tmp_path, CHART, (tmp_path / "more.yaml",))
    assert "image" not in found.draft.components["demo-store"].facts     # an address in a variable is all that is left of it
    assert found.draft.components["demo"].facts["replicas"].text == "5"


def test_an_alias_and_tags_of_a_dependency(tmp_path: Path) -> None:
    chart = CHART["chart/Chart.yaml"].replace("condition: store.enabled", "alias: kept, tags: [data]")
    values = "tags: {data: true}\nkept: {version: '6'}\n" + CHART["chart/values.yaml"]
    found = imported(tmp_path, {**CHART, "chart/Chart.yaml": chart, "chart/values.yaml": values})
    assert found.draft.components["demo-store"].facts["image"].text == "redis:6"
    off = imported(tmp_path, {"chart/values.yaml": values.replace("data: true", "data: false")})
    assert "image" not in off.draft.components["demo-store"].facts


@pytest.mark.parametrize(("files", "what"), [
    ({"chart/templates/x.yaml": "a: 1\nb: {{ .Values.none.at }}\n"}, "chart/templates/x.yaml:2:13: the chart is not rendered: "),
    ({"chart/templates/x.yaml": "a: {{ fail \"no\" }}\n"}, "the chart is not rendered: "),
    ({"chart/templates/x.yaml": "a: {{ if }}\n"}, "the chart is not rendered: "),
    ({"chart/templates/x.yaml": "a: 1\n  b: [\n"}, "x.yaml: it renders to text that is not YAML, in its line 2:"),
    ({"chart/templates/x.yaml": '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'}, "the chart is not rendered: "),
    ({"chart/templates/x.yaml": '{{ repeat 2000000000 "x" }}'}, "stopped: it needs more than 1024 MiB of memory"),
    ({"chart/Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies: [{name: redis, version: 1, repository: 'https://example.com'}]\n"},
     "Chart.yaml:4: the sub-chart `redis` (https://example.com) is not here, and archlint fetches nothing"),
    ({"store/Chart.yaml": "apiVersion: v2\nname: store\nversion: 1.0.0\ndependencies: [{name: demo, version: 1, repository: 'file://../chart'}]\n"},
     "the chart contains itself"),
    ({"chart/Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies: [{name: s, version: 1, repository: 'file://../../../etc'}]\n"},
     "../../../etc: lies outside the project"),
    ({"chart/values.yaml": "a: [\n"}, "the chart is not rendered: "),
])  # fmt: skip
def test_a_chart_that_is_not_rendered_says_why(tmp_path: Path, files: dict[str, str], what: str) -> None:
    assert what in said(imported(tmp_path, {**CHART, **files}))


def test_a_template_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS", 1.0)
    endless = "{{- range $i := until 20000000 }}{{ range $j := until 10000 }}{{ end }}{{ end }}"
    found = imported(tmp_path, {**CHART, "chart/templates/x.yaml": endless, "pod.yaml": POD})
    assert "chart/Chart.yaml: the chart is not rendered: stopped after 1 s" in said(found)
    assert set(found.draft.components) == {"p"}


PROGRAM = """
import sys
import helm_python as helm
command, name, chart, _, namespace, _, values = sys.argv[1:]
assert command == "template"
with helm.Chart.load(chart) as loaded:
    pages = loaded.render(helm.values_from_yaml(open(values).read()), name=name, namespace=namespace)
for place, text in pages.items():
    print(f"---\\n# Source: {place}\\n{text}")
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n"


def test_a_chart_sees_no_file_outside_of_it(tmp_path: Path) -> None:
    """Links out of the project are not copied, and a template cannot read the machine."""
    (tmp_path / "secret").write_text("hunter2")
    project = tmp_path / "project"
    text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "x{{ .Files.Get "link" }}{{ .Files.Get "../../secret" }}"}]}\n'
    write_files(project, {"chart/Chart.yaml": "apiVersion: v2\nname: demo\nversion: 0.1.0\n"})
    os.symlink(tmp_path / "secret", project / "chart" / "link")
    found = imported(project, {"chart/templates/p.yaml": text})
    assert found.draft.components["p"].facts["image"].text == "x"


def test_without_helm_one_note_says_what_to_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_renderer", lambda: None)
    found = imported(tmp_path, {**CHART, "pod.yaml": POD})
    assert set(found.draft.components) == {"p"}
    assert [Path(path).name for path, _ in found.left_out] == ["Chart.yaml"]
    assert "helm template . | archlint check -" in said(found)


def test_the_helm_on_the_path_renders_without_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with Helm's options and Helm's own rendering, as no package has the program itself."""
    program = tmp_path / "helm"
    program.write_text(f"#!{sys.executable}\n{PROGRAM}")
    program.chmod(0o755)
    monkeypatch.setattr(reading, "_renderer", lambda: str(program))
    (tmp_path / "more.yaml").write_text("replicaCount: 5\n")
    found = imported(tmp_path / "p", CHART, (tmp_path / "more.yaml",))
    assert said(found) == ""
    demo = found.draft.components["demo"]
    assert (demo.facts["replicas"].text, demo.facts["replicas"].site.shown.rpartition("/")[2]) == ("5", "more.yaml:1")


def test_rendered_manifests_are_read_from_a_pipe(tmp_path: Path, archlint: Run) -> None:
    imported(tmp_path, CHART)
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: demo\nspec:\n  replicas: 2\n  template:\n    spec:\n" \
        "      containers:\n        - name: demo\n          image: \"acme/demo:1\"\n"
    rendered = f"---\n# Source: demo/templates/deployment.yaml\n{deployment}---\n# Source: demo/charts/other/templates/none.yaml\n{POD}"
    done = archlint("import", "-", cwd=tmp_path / "chart", stdin=rendered)
    assert done.returncode == 0, done.stderr
    assert "demo:  # templates/deployment.yaml:4" in done.stdout
    assert "p:  # <stdin>:" in done.stdout
    checked = archlint("check", "-", "--output-format", "json", cwd=tmp_path / "chart", stdin=rendered)
    assert '"<stdin>"' in checked.stdout
    assert checked.returncode in {0, 1}


def test_lines_of_loops_are_found_again(tmp_path: Path) -> None:
    template = Document("t.yaml", "{{- range .x }}\n- name: {{ . }}\n  value: a\n{{- end }}\n- name: last\n  value: b\n", None)
    rendered = Document("t.yaml", "- name: one\n  value: a\n- name: two\n  value: a\n- name: last\n  value: b\n", None)
    placing = Placing(rendered, template)
    lines = [placing(Span(offset, offset + 1)).shown for offset in (0, 14, 24, 38, 46, 61)]
    assert [line.rpartition(":")[2] for line in lines] == ["2", "3", "2", "3", "5", "6"]


@pytest.mark.parametrize(("code", "what"), [
    ("while True: pass", "stopped after 1 s"),
    ("import time; time.sleep(60)", "stopped after 1 s"),
    ("x = [0] * 10**9", "it needs more than 256 MiB of memory"),
    ("import sys; [sys.stdout.write('x' * 10**6) for _ in range(100)]", "its output is larger than 8 MiB"),
])  # fmt: skip
def test_a_child_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, what: str) -> None:
    monkeypatch.setattr(children, "MAX_OUTPUT", 8 * 1024**2)
    monkeypatch.setenv("HOSTS_OWN", "1")
    done = run_limited([sys.executable, "-c", code], tmp_path, 1.0, 256 * 1024**2)
    assert what in done.failure
    kept = run_limited([sys.executable, "-c", "import os; print(sorted(os.environ))"], tmp_path, 10.0, 256 * 1024**2)
    assert "HOSTS_OWN" not in kept.output
    assert kept.status == 0
