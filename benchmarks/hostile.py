"""Projects that nobody means well with, for `benchmarks.import_hardening`: each is a group of files by name."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

POD: Final = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n"
CHART: Final = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
QUEUE: Final = 'resource "aws_sqs_queue" "q" {\n  name = local.v11\n}\n'
TEN: Final = range(1, 12)
COMPOSE: Final = "services: {a: {image: x, environment: {K: '${V11}'}}}\n"
ENDLESS: Final = "{{- range $i := until 20000000 }}{{ range $j := until 10000 }}{{ end }}{{ end }}"


def bomb() -> str:
    """Aliases of which each stands for ten times the one before."""
    lines = ["x-0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    return "\n".join(lines + [f"x-{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in TEN]) + "\n"


def merges() -> str:
    """Mappings of which each holds nine times the one before, merged into a service."""
    lines = ["x-0: &m0 {a: 1}"]
    for n in range(1, 9):
        lines.append(f"x-{n}: &m{n} {{{', '.join(f'k{n}_{k}: *m{n - 1}' for k in range(9))}}}")
    return "\n".join([*lines, "services: {a: {image: x, <<: *m8}}", ""])


def doubling(count: int) -> dict[str, str]:
    """Kustomizations of which each includes the next one twice."""
    found = {f"k{n}/kustomization.yaml": f"resources: [../k{n + 1}, ../k{n + 1}]\n" for n in range(count)}
    return {**found, f"k{count}/kustomization.yaml": "resources: [pod.yaml]\n", f"k{count}/pod.yaml": POD}


def multiplied(start: str, reference: str) -> str:
    """Variables of which each stands for ten times the one before."""
    lines = [f"V0={start}"] + [f"V{n}=" + reference.format(n - 1) * 10 for n in TEN]
    return "\n".join(lines) + "\n"


def locals_that_multiply() -> str:
    """The same in Terraform."""
    inner = "".join(f'  v{n} = "' + f"${{local.v{n - 1}}}" * 10 + '"\n' for n in TEN)
    return f'locals {{\n  v0 = "aaaaaaaaaa"\n{inner}}}\n{QUEUE}'


def all_to_all(count: int) -> str:
    """Services of which each names fifty others."""
    lines = ["services:"]
    for n in range(count):
        names = ", ".join(f"U{k}: http://s{k}:80" for k in range(0, count, max(1, count // 50)))
        lines.append(f"  s{n}: {{image: 'x:{n}', environment: {{{names}}}}}")
    return "\n".join(lines) + "\n"


OUTSIDE: Final = {
    "compose.yaml": """
        include: [../../../etc/hosts]
        services:
          a: {image: x, env_file: ../../../../etc/passwd, extends: {file: /etc/passwd, service: b}, build: ../../..}
        """,
    "k/kustomization.yaml": """
        resources: [/etc/passwd, ../../../../..]
        configMapGenerator: [{name: c, files: [/etc/passwd, ../../../x]}]
        """,
    "c/Chart.yaml": f"{CHART}dependencies: [{{name: d, version: 1, repository: 'file:///etc'}}]\n",
    "m.tf": 'module "a" {\n  source = "../../../../etc"\n}\n',
}  # fmt: skip
SLOW: Final = "[{target: {name: '(a+)+(a+)+$', kind: '(P|o|d|Pod)*x'}, patch: '[]'}]"
DEEP: Final = f"[{{target: {{kind: Pod}}, patch: '{'[' * 3000}'}}]"
LISTS: Final = "- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: []}]}\n"
HOSTILE: Final[dict[str, dict[str, str]]] = {
    name: {file: dedent(text) for file, text in files.items()}
    for name, files in {
        "aliases that multiply": {"compose.yaml": f"services: {{a: {{image: x}}}}\n{bomb()}"},
        "aliases that multiply in a manifest": {"a.yaml": POD + bomb()},
        "merge keys that multiply": {"compose.yaml": merges()},
        "an include of itself": {"compose.yaml": "include: [compose.yaml]\nservices: {a: {image: x}}\n"},
        "a circle of includes": {
            "compose.yaml": "include: [b.yaml]\nservices: {a: {image: x}}\n",
            "b.yaml": "include: [compose.yaml]\nservices: {b: {image: x}}\n",
        },
        "a circle of extends": {"compose.yaml": "services: {a: {extends: b}, b: {extends: c}, c: {extends: a}}\n"},
        "a circle of kustomizations": {
            "a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n",
        },
        "kustomizations that double": doubling(30),
        "a patch with a slow pattern": {
            "kustomization.yaml": f"resources: [a.yaml]\npatches: {SLOW}\n",
            "a.yaml": POD.replace("name: p", f"name: {'a' * 60}b"),
        },
        "a nested patch": {"kustomization.yaml": f"resources: [a.yaml]\npatches: {DEEP}\n", "a.yaml": POD},
        "paths out of the project": OUTSIDE,
        "variables that multiply": {"compose.yaml": COMPOSE, ".env": multiplied("aaaaaaaaaa", "${{V{}}}")},
        "variables in a circle": {"compose.yaml": COMPOSE, ".env": "V11=${V10}${V10}\nV10=${V11}${V11}\n"},
        "locals that multiply": {"main.tf": locals_that_multiply()},
        "locals in a circle": {"main.tf": f"locals {{\n  v11 = local.b\n  b = local.v11\n}}\n{QUEUE}"},
        "a module of itself": {"main.tf": f'module "m" {{\n  source = "./."\n}}\n{QUEUE}'},
        "a thousand documents": {"a.yaml": "---\n".join(POD.replace("p}", f"p{n}}}") for n in range(1000))},
        "too many documents": {"a.yaml": "---\n".join(POD.replace("p}", f"p{n}}}") for n in range(1002))},
        "a list of lists": {"a.yaml": f"apiVersion: v1\nkind: List\nitems:\n{LISTS * 500}"},
        "services that all name each other": {"compose.yaml": all_to_all(200)},
        "a template that never ends": {"c/Chart.yaml": CHART, "p.yaml": POD, "c/templates/a.yaml": ENDLESS},
        "a template that eats memory": {
            "c/Chart.yaml": CHART, "p.yaml": POD, "c/templates/a.yaml": '{{ repeat 2000000000 "x" }}',
        },
        "a template that calls itself": {
            "c/Chart.yaml": CHART, "p.yaml": POD,
            "c/templates/a.yaml": '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}',
        },
    }.items()
}  # fmt: skip
