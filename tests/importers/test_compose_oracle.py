"""Compose files as archlint reads them, against Docker Compose itself, on generated projects."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.importers.compose_oracle import compose_program, config, differences, own
from tests.importers.importing import write_files

NAMES = ["A", "B", "C", "UNSET", "EMPTY"]
SERVICES = [f"s{number}" for number in range(8)]
SHARED, INCLUDED = ["w0", "w1"], ["i0", "i1"]
EXAMPLES = int(os.environ.get("ARCHLINT_ORACLE_EXAMPLES", "10"))
"""How many projects are compared; 300 take half a minute."""
variables = st.sampled_from(NAMES)
plain = st.sampled_from(["x", "db:5432", "http://h/p?q=1", "a b", "it's", "", "100%"])


def expressions(depth: int = 2) -> st.SearchStrategy[str]:
    """Texts with variables in every form, nested."""
    inner = plain if depth == 0 else plain | expressions(depth - 1)
    operators = st.sampled_from([":-", "-", ":+", "+"])
    braced = st.builds(lambda name, operator, other: f"${{{name}{operator}{other.replace('}', '')}}}", variables, operators, inner)
    simple = st.builds(lambda name: f"${{{name}}}", variables) | st.builds(lambda name: f"${name}", variables)
    dollars = st.just("$$") if depth == 2 else st.just("-")
    return st.lists(braced | simple | plain | dollars | st.just("/"), min_size=1, max_size=3).map("".join)


@st.composite
def services(draw: st.DrawFn, known: list[str], is_base: bool) -> dict[str, object]:
    """One service; those that it refers to are known."""
    service: dict[str, object] = {"image": draw(st.sampled_from(["acme/a", "acme/${A:-b}:${C}", "redis"]))} if is_base else {}
    pairs = draw(st.dictionaries(st.sampled_from(["P", "Q", "R", "S"]), expressions(), max_size=3))
    may_be_empty, as_list = draw(st.booleans()), draw(st.booleans())
    if pairs or may_be_empty:
        bare = draw(st.lists(variables, max_size=1))
        if as_list:
            service["environment"] = [f"{name}={text}" for name, text in pairs.items()] + bare
        else:
            service["environment"] = {**pairs, **dict.fromkeys(bare)}
    if draw(st.booleans()):
        service["command"] = draw(st.sampled_from(["run a", ["run", "b"], "run ${A}"]))
    waits = draw(st.booleans())
    if known and waits:
        others = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        condition = draw(st.sampled_from(["", "service_started", "service_completed_successfully"]))
        service["depends_on"] = others if not condition else {name: {"condition": condition} for name in others}
    if draw(st.booleans()):
        mounts = draw(st.lists(st.sampled_from(["./a:/a", "./b:/a:ro", "./c:/c"]), max_size=2, unique=True))
        service["volumes"] = mounts
    if is_base and draw(st.integers(0, 3)) == 0:
        elsewhere = [{"file": "shared/base.yaml", "service": name} for name in SHARED]
        service["extends"] = draw(st.sampled_from([*({"service": name} for name in known), *elsewhere]))
    if draw(st.integers(0, 4)) == 0:
        service["env_file"] = draw(st.sampled_from(["extra.env", ["extra.env"], [{"path": "no.env", "required": False}]]))
    if draw(st.integers(0, 4)) == 0:
        service["profiles"] = draw(st.sampled_from([["other"], ["other", "more"], [""]]))
    return service


@st.composite
def others(draw: st.DrawFn, names: list[str]) -> dict[str, object]:
    """The services of a file in a folder of its own, which has no files beside it."""
    found: dict[str, object] = {}
    for name in names:
        service: dict[str, object] = {"image": draw(st.sampled_from(["acme/b", "acme/${A}:${D:-none}"])), "environment": draw(
            st.dictionaries(st.sampled_from(["P", "S", "U"]), expressions(1), max_size=2))}  # fmt: skip
        if draw(st.booleans()) and found:
            service["extends"] = draw(st.sampled_from(sorted(found)))
        if draw(st.booleans()):
            service["command"] = draw(st.sampled_from(["serve ${D}", ["serve"]]))
        found[name] = service
    return found


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """A file with what it includes and extends, and up to two that override it."""
    base: dict[str, object] = {}
    for name in SERVICES:
        base[name] = draw(services(list(base), is_base=True))
    model: dict[str, object] = {"services": base}
    included = draw(st.sampled_from([None, ["inc/compose.yaml"], [{"path": "inc/compose.yaml", "env_file": "own.env"}],
                                     [{"path": ["inc/compose.yaml", "inc/more.yaml"], "project_directory": "."}]]))  # fmt: skip
    if included is not None:
        model["include"] = included
    over = {name: draw(services(SERVICES[:index], is_base=False)) for index, name in enumerate(SERVICES) if draw(st.booleans())}
    last = {name: draw(services([], is_base=False)) for name in SERVICES[:2] if draw(st.booleans())}
    more = {name: {"environment": {"V": "${D}"}} for name in INCLUDED[:1]}
    files = {
        "compose.yaml": {**model}, "over.yaml": {"services": over}, "last.yaml": {"services": last},
        "shared/base.yaml": {"services": draw(others(SHARED))}, "inc/compose.yaml": {"services": draw(others(INCLUDED))},
        "inc/more.yaml": {"services": more},
    }  # fmt: skip
    return {
        **{name: yaml.safe_dump(content) for name, content in files.items()}, "own.env": "A=own\nD=own-$A\n", "inc/.env": "D=inner\n",
        ".env": "A=alpha\nB=$A-beta\nC='$A'\nEMPTY=\n", "extra.env": "P=extra\nT=${B}\n",
    }  # fmt: skip


def compare(folder: Path, files: list[str]) -> int:
    """Compare both readings; return how many services were compared."""
    theirs, ours = config(folder, files), own(folder, files)
    if theirs is None:
        return 0
    assert ours is not None
    assert set(ours) == set(theirs)
    found = {name: different for name, service in theirs.items() if (different := differences(ours[name], service))}
    assert not found
    return len(theirs)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(projects())
def test_generated_projects_read_as_compose_reads_them(files: dict[str, str]) -> None:
    """The services of about a sixth of all projects stand in a circle, which Compose refuses."""
    compose_program()
    with TemporaryDirectory() as name:
        write_files(Path(name), files)
        compare(Path(name), ["compose.yaml", "over.yaml", "last.yaml"])


CASES: dict[str, dict[str, str]] = {
    "include": {
        "compose.yaml": "include: [sub/compose.yaml]\nservices: {a: {image: x, depends_on: [b], environment: {K: '${V:-none}'}}}\n",
        "sub/compose.yaml": "services: {b: {image: 'y:${V}', env_file: b.env}}\n", "sub/.env": "V=inner\n", "sub/b.env": "W=1\n",
    },
    "include with paths and a file of variables": {
        "compose.yaml": "include: [{path: [sub/a.yaml, sub/b.yaml], env_file: own.env, project_directory: .}]\n",
        "sub/a.yaml": "services: {b: {image: 'y:${V}', environment: [X=1]}}\n", "sub/b.yaml": "services: {b: {environment: {Y: '2'}}}\n",
        "own.env": "V=own\n",
    },
    "extends of another file": {
        "compose.yaml": "services: {a: {extends: {file: sub/base.yaml, service: web}, environment: {K: mine}}}\n",
        "sub/base.yaml": "services: {web: {extends: root, environment: {K: base, L: base}}, root: {image: x, command: run, volumes: ['./d:/d']}}\n",
    },
    "reset and override": {
        "compose.yaml": """
            services:
              a: {image: x, command: run, environment: {K: 1, L: 2}, volumes: ['./d:/d', './e:/e'], depends_on: [b]}
              b: {image: y}
            """,
        "over.yaml": """
            services:
              a:
                command: !reset null
                environment: !override {M: '3'}
                volumes: !override ['./f:/f']
                depends_on: !reset []
            """,
    },
    "anchors and extensions": {
        "compose.yaml": """
            x-env: &env {K: '1', L: two}
            services:
              a: {image: x, environment: {<<: *env, L: own}}
              b: {image: y, environment: *env}
            """,
    },
    "which of several variables of a name a file of variables uses": {
        "compose.yaml": "services: {a: {image: x, env_file: [a.env, b.env]}}\n", ".env": "A=alpha\n", "a.env": "P=1\nQ=q\n",
        "b.env": "P=2\nT=${P}\nU=$A\nA=mine\nW=$A\nX=$Q\n",
    },
    "quotes and comments in a file of variables": {
        "compose.yaml": "services: {a: {image: x, env_file: a.env}}\n",
        "a.env": "A=1 # one\nB='two # 2'\nC=\"three\\nlines\"\nexport D=4\nE=\nF=a#b\n# G=1\nH = 8\nI=${A}-${NONE:-none}\nJ='$A'\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_written_projects_read_as_compose_reads_them(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, {file: dedent(text) for file, text in CASES[name].items()})
    files = ["compose.yaml", *(["over.yaml"] if "over.yaml" in CASES[name] else [])]
    assert compare(tmp_path, files) > 0
