"""Kustomizations: what they build, against kustomize itself, and where the values of the result stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from archlint.api import check_targets
from archlint.importers.importing import Imported, import_files
from archlint.linter import Options
from archlint.targets import deployment_files
from tests.importers.importing import write_files
from tests.importers.kustomize_oracle import kubectl, ours, theirs

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: runner
      volumes:
        - {name: v, configMap: {name: conf}}
        - {name: s, secret: {secretName: sec}}
        - {name: d, persistentVolumeClaim: {claimName: data}}
      containers:
        - name: c
          image: acme/web:v1
          args: ["--to=$(TARGET)"]
          ports: [{containerPort: 80}]
          envFrom: [{configMapRef: {name: conf}}]
          env: [{name: A, value: "1"}, {name: B, value: b}, {name: P, valueFrom: {secretKeyRef: {name: sec, key: P}}}]
        - {name: side, image: "busybox@sha256:11"}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {resources: {requests: {storage: 1Gi}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 4}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: acme/job, envFrom: [{configMapRef: {name: conf}}]}]}}}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: m}
spec: {predictor: {containers: [{name: k, image: "acme/m:1", env: [{name: A, value: b}]}]}}
"""
BASE = {
    "base/kustomization.yaml": """
resources: [web.yaml]
configMapGenerator:
- name: conf
  literals: [K=v, Q='z z']
  files: [app.conf, other=app.conf]
  envs: [e.env]
secretGenerator: [{name: sec, literals: [P=x]}]
""",
    "base/web.yaml": WEB, "base/app.conf": "a\nb\n", "base/e.env": "# c\nX=1\nY=a=b\n",
    "part/kustomization.yaml": """
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: FROM, value: component}}
""",
}
"""A base with everything that names something else, and a component."""
MERGE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      tolerations: [{key: a}]
      containers:
      - {name: side, $patch: delete}
      - {name: late, image: late}
      - name: c
        env: [{name: A, $patch: delete}, {name: Z, value: z}, {name: B, value: null}]
        ports: [{containerPort: 80, name: http}, {containerPort: 81}]
        resources: {limits: {cpu: 1}}
      volumes: [{name: s, $patch: delete}, {name: w, emptyDir: {}}]
"""
FEATURES = [
    "namespace: prod", "namePrefix: p-", "nameSuffix: -s", "components: [../part]", "commonLabels: {team: ml}",
    "labels: [{pairs: {x: yy}, includeSelectors: true}]", "labels: [{pairs: {x: yy}, includeTemplates: true}]", "labels: [{pairs: {x: yy}}]",
    "commonAnnotations: {an: here}", "images: [{name: acme/web, newTag: v2}, {name: busybox, newName: 'reg:5000/bb', newTag: '1'}]",
    "images: [{name: busybox, digest: 'sha256:22'}, {name: acme/job, newName: acme/nightly}]", "replicas: [{name: web, count: 5}]",
    "configMapGenerator: [{name: conf, behavior: merge, literals: [K=new]}]",
    "configMapGenerator: [{name: conf, behavior: replace, literals: [K=only]}]", "patches: [{path: merge.yaml}]",
    "patches: [{target: {kind: Deployment, name: w.*}, patch: \"- op: replace\\n  path: /spec/template/spec/containers/0/image\\n  value: q\\n\"}]",
    "patchesStrategicMerge: ['{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: side, image: s}]}}}}']",
    "patches: [{target: {labelSelector: app=web}, patch: '{apiVersion: v1, kind: X, metadata: {name: any, annotations: {k: v}}}'}]",
    "patches: [{patch: '{$patch: delete, apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}}'}]",
    "patchesStrategicMerge: [merge.yaml]",
    "patchesStrategicMerge: ['{apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, metadata: {name: m}, spec: {predictor: {containers: [{name: z, image: q}]}}}']",
    "patchesJson6902: [{target: {group: apps, version: v1, kind: Deployment, name: web}, patch: '[{\"op\":\"add\",\"path\":\"/spec/minReadySeconds\",\"value\":5}]'}]",
    "vars: [{name: TARGET, objref: {kind: Service, name: web, apiVersion: v1}}]",
    "replacements: [{source: {kind: Deployment, name: web, fieldPath: spec.replicas}, targets: [{select: {kind: HorizontalPodAutoscaler}, fieldPaths: [spec.maxReplicas]}]}]",
    "replacements: [{source: {kind: Service, name: web}, targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=c].env.[name=A].value']}]}]",
]  # fmt: skip
"""One field of a kustomization each."""


def features() -> st.SearchStrategy[list[str]]:
    """Fields of one kustomization, each at most once."""
    return st.lists(st.sampled_from(FEATURES), min_size=2, max_size=6, unique_by=lambda text: text.partition(":")[0])


def kustomization(base: str, fields: list[str]) -> str:
    return "\n".join([f"resources: [{base}]", *fields]) + "\n"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
@given(features(), features())
def test_generated_overlays_build_as_kustomize_builds_them(tmp_path_factory: pytest.TempPathFactory, inner: list[str], outer: list[str]) -> None:
    kubectl()
    folder = tmp_path_factory.mktemp("k")
    text = {**BASE, "inner/kustomization.yaml": kustomization("../base", inner), "inner/merge.yaml": MERGE,
            "outer/kustomization.yaml": kustomization("../inner", outer), "outer/merge.yaml": MERGE}  # fmt: skip
    write_files(folder, text)
    expected = theirs(folder / "outer")
    found, _ = ours(folder / "outer", folder)
    if expected is not None:
        assert found == expected


@pytest.mark.parametrize("field", FEATURES)
def test_each_field_is_applied(tmp_path: Path, field: str) -> None:
    write_files(tmp_path, {**BASE, "over/kustomization.yaml": kustomization("../base", [field]), "over/merge.yaml": MERGE})
    expected = theirs(tmp_path / "over")
    found, notes = ours(tmp_path / "over", tmp_path)
    assert expected is not None
    assert found == expected
    assert notes == []
    plain, _ = ours(tmp_path / "base", tmp_path)
    assert found != plain


def imported(folder: Path, files: dict[str, str]) -> Imported:
    """Import a folder as the command does: what is no YAML is found by name."""
    write_files(folder, files)
    paths, root = deployment_files([folder])
    return import_files(paths, root)


def pod(name: str, image: str, replicas: int = 1) -> str:
    return f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
          template: {{spec: {{containers: [{{name: c, image: {image}}}]}}}}
        """


def patch(name: str, replicas: int) -> str:
    return f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
        """


OVERLAYS = {
    "base/kustomization.yaml": "resources: [web.yaml, db.yaml]\n", "base/web.yaml": pod("web", "acme/web"),
    "base/db.yaml": pod("db", "postgres:16"),
    "over/dev/kustomization.yaml": "resources: [../../base]\nnamespace: dev\n",
    "over/prod/kustomization.yaml": "resources: [../../base]\nnamespace: prod\npatches: [{path: more.yaml}]\n",
    "over/prod/more.yaml": patch("web", 6),
    "over/test/kustomization.yaml": "resources: [../../base]\nnamePrefix: t-\n",
}  # fmt: skip


def test_of_several_overlays_one_is_read(tmp_path: Path) -> None:
    found = imported(tmp_path, OVERLAYS)
    assert set(found.draft.components) == {"web", "db"}
    assert found.draft.components["web"].facts["replicas"].text == "6"
    assert any("prod/kustomization.yaml: read as one of 3 alternatives" in note for note in found.draft.notes)
    assert sorted(Path(path).parent.name for path, reason in found.left_out if "an alternative of" in reason) == ["dev", "test"]
    assert {Path(path).name for path in found.sources} == {"kustomization.yaml", "web.yaml", "db.yaml", "more.yaml"}


def test_the_overlay_that_a_call_names_is_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write_files(tmp_path, OVERLAYS)
    paths, root = deployment_files([tmp_path / "over" / "test"])
    found = import_files(paths, root)
    assert set(found.draft.components) == {"t-web", "t-db"}
    assert found.draft.notes == []


def test_overlays_of_different_systems_are_all_read(tmp_path: Path) -> None:
    """They share only what is no workload, or a small part of their workloads."""
    found = imported(tmp_path, {
        "shared/kustomization.yaml": "resources: [cache.yaml]\n", "shared/cache.yaml": pod("cache", "redis:7"),
        **{f"{name}/kustomization.yaml": f"resources: [../shared, a.yaml, b.yaml]\nnamePrefix: {name}-\n" for name in ("one", "two")},
        **{f"{name}/{part}.yaml": pod(part, f"acme/{name}-{part}") for name in ("one", "two") for part in ("a", "b")},
    })  # fmt: skip
    assert set(found.draft.components) == {f"{name}-{part}" for name in ("one", "two") for part in ("a", "b", "cache")}


def test_a_kustomization_that_holds_overlays_reads_both(tmp_path: Path) -> None:
    files = {**OVERLAYS, "kustomization.yaml": "resources: [over/test, over/prod]\n"}
    found = imported(tmp_path, files)
    assert set(found.draft.components) == {"web", "db", "t-web", "t-db"}


def test_a_patch_alone_is_no_workload(tmp_path: Path) -> None:
    alone = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec: {template: {spec: {containers: [{name: c, resources: {limits: {cpu: 2}}}]}}}
        """
    found = imported(tmp_path, {"patch.yaml": alone})
    assert not found.draft.components
    assert any("patch.yaml:4: Deployment `web` has no image, as in a patch: not read" in note for note in found.draft.notes)


def test_values_keep_the_file_and_line_that_set_them(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": pod("web", "acme/web:v1"),
        "over/kustomization.yaml": """
            resources: [../base]
            images:
            - name: acme/web
              newTag: v2
            patches:
            - target: {kind: Deployment}
              patch: |
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: any}
                spec:
                  template:
                    spec:
                      containers:
                      - name: c
                        env:
                        - name: URL
                          value: http://db:5432
            """,
        "over/unused.txt": "",
    })  # fmt: skip
    unit = found.draft.components["web"].unit
    assert unit.image is not None
    assert (unit.image.text, Path(unit.image.site.file).parent.name, unit.image.site.shown.rpartition(":")[2]) == ("acme/web:v2", "over", "5")
    assert [site.shown.rpartition("/")[2] for site in unit.image.via] == ["web.yaml:7"]
    assert unit.env["URL"].site.shown.endswith("over/kustomization.yaml:19")
    text = unit.env["URL"].site.document.text
    span = unit.env["URL"].site.span
    assert text[span.start : span.end] == "http://db:5432"
    assert unit.site.shown.endswith("base/web.yaml:4")


@pytest.mark.parametrize(("files", "said"), [
    ({"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"}, "includes itself: a -> b -> a"),
    ({"kustomization.yaml": "resources: [.]\n"}, "includes itself"),
    ({"kustomization.yaml": "resources: [../../up]\n"}, "kustomization.yaml:1: not read: ../../up: lies outside the project"),
    ({"kustomization.yaml": "resources: [none.yaml]\n"}, "kustomization.yaml:1: not read: "),
    ({"kustomization.yaml": "resources: ['https://user:pw@example.com/org/repo//deploy?ref=v1']\n"},
     "the base https://example.com/org/repo//deploy?ref=v1 is elsewhere, and archlint fetches nothing"),
    ({"kustomization.yaml": "bases: ['github.com/org/repo/deploy']\n"}, "the base github.com/org/repo/deploy is elsewhere"),
    ({"kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n", "a.yaml": pod("web", "x"), "p.yaml": patch("other", 2)},
     "p.yaml:2: the patch is not applied: no Deployment `other` is there"),
    ({"kustomization.yaml": "resources: [a.yaml]\npatches: [{target: {kind: Deployment}, patch: '[{op: remove, path: /spec/none}]'}]\n",
      "a.yaml": pod("web", "x")}, "the patch changes /spec/none, which its target does not have"),
    ({"kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n", "a.yaml": pod("web", "x"), "p.yaml": "a: [\n"},
     "the patch is not applied: "),
    ({"kustomization.yaml": "resources: [a.yaml]\nreplicas: [{name: none, count: 2}]\n", "a.yaml": pod("web", "x")},
     "kustomization.yaml:2: no workload `none` has replicas to set"),
    ({"kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"}, "a component that no kustomization uses"),
])  # fmt: skip
def test_what_is_not_applied_is_named_with_its_place(tmp_path: Path, files: dict[str, str], said: str) -> None:
    inner = tmp_path / "a" / "project"
    found = imported(inner, files)
    lines = [*found.draft.notes, *(error.message for error in found.errors), *(reason for _, reason in found.left_out)]
    assert said in "\n".join(lines)


def test_the_main_container_is_that_of_the_base(tmp_path: Path) -> None:
    """kustomize puts the containers of a patch first."""
    side = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: s, image: side}]}}}}"
    found = imported(tmp_path, {
        "base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": pod("web", "acme/web"),
        "over/kustomization.yaml": f"resources: [../base]\npatchesStrategicMerge: ['{side}']\n",
    })  # fmt: skip
    assert found.draft.components["web"].facts["image"].text == "acme/web"


def test_a_field_that_archlint_does_not_apply_is_applied_by_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\nnamePrefix: a-\ntransformers: [more.yaml]\n", "web.yaml": pod("web", "acme/web:v1"),
        "more.yaml": """
            apiVersion: builtin
            kind: ReplicaCountTransformer
            metadata: {name: more}
            replica: {name: web, count: 4}
            fieldSpecs: [{path: spec/replicas, kind: Deployment}]
            """,
    }  # fmt: skip
    monkeypatch.setenv("PATH", str(Path(kubectl()).parent))
    found = imported(tmp_path, files)
    replicas = found.draft.components["a-web"].facts["replicas"]
    assert (replicas.text, replicas.site.shown.rpartition("/")[2]) == ("4", "kustomization.yaml:3")
    assert found.draft.components["a-web"].unit.site.shown.rpartition("/")[2] == "web.yaml:4"
    monkeypatch.setenv("PATH", str(tmp_path))
    again = imported(tmp_path, files)
    assert again.draft.components["a-web"].facts["replicas"].text == "1"
    assert any("kustomization.yaml:3: `transformers` not applied: install kubectl or kustomize" in note for note in again.draft.notes)


def test_a_file_named_kustomization_without_a_suffix_is_found(tmp_path: Path) -> None:
    found = imported(tmp_path, {"Kustomization": "resources: [web.yaml]\nnamePrefix: a-\n", "web.yaml": pod("web", "x")})
    assert set(found.draft.components) == {"a-web"}


def test_secrets_of_a_generator_are_not_kept(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "kustomization.yaml": "resources: [web.yaml]\nsecretGenerator: [{name: s, literals: [K=hunter2], envs: [s.env]}]\n",
        "web.yaml": pod("web", "x"), "s.env": "A=hunter3\n",
    })  # fmt: skip
    assert "hunter" not in repr([(value.text, value.raw) for c in found.draft.components.values() for value in c.unit.env.values()])


def test_a_finding_points_to_the_base(tmp_path: Path) -> None:
    write_files(tmp_path, OVERLAYS)
    report = check_targets([tmp_path], Options(select=("REL001",)))
    assert not report.errors
    assert {Path(finding.location.file).name for finding in report.findings} <= {"web.yaml", "db.yaml"}
