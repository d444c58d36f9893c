"""Runs the steps of `action.yml` like GitHub's runner, one shell per step, with the files that steps write to.

The steps run as they are. GitHub's own part (expressions, conditions) is implemented here, for the few forms that the
action uses: names, strings, `||` between two values, and `==`, `!=`, `&&` in conditions. Any other form fails.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.conftest import ROOT

Context = dict[str, str]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class Step(NamedTuple):
    """One step: `run` is empty if it uses another action; `given` are the inputs of that action."""

    name: str
    id: str
    condition: str
    env: dict[str, str]
    run: str
    uses: str
    given: dict[str, str]


class Ran(NamedTuple):
    """The result of a step; `status` is that of its shell, or 0 for an action, which is only recorded."""

    name: str
    status: int
    output: str
    given: dict[str, str]


def action() -> dict[str, object]:
    read = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def steps() -> Iterator[Step]:
    runs = action()["runs"]
    assert isinstance(runs, dict)
    for step in runs["steps"]:
        assert bool(step.get("run")) != bool(step.get("uses")), step["name"]
        assert step.get("shell", "bash") == "bash"
        yield Step(
            step["name"], step.get("id", ""), step.get("if", "success()"), step.get("env", {}), step.get("run", ""),
            step.get("uses", ""), step.get("with", {}),
        )  # fmt: skip


class Runner:
    """A job with one use of the action: `folder` is the checkout, `temp` the runner's own folder."""

    def __init__(self, folder: Path, temp: Path, inputs: Mapping[str, str], event: Mapping[str, str]) -> None:
        self.folder, self.temp = folder, temp
        self.temp.mkdir(parents=True, exist_ok=True)
        self.summary = temp / "summary.md"
        self.summary.touch()
        declared = action()["inputs"]
        assert isinstance(declared, dict)
        assert set(inputs) <= set(declared)
        self.context: Context = {f"inputs.{name}": one.get("default", "") for name, one in declared.items()}
        self.context |= {f"inputs.{name}": value for name, value in inputs.items()}
        self.context["github.action_path"] = str(ROOT)
        event_keys = (
            "pull_request.number", "pull_request.base.sha", "pull_request.head.sha", "pull_request.head.repo.full_name",
        )  # fmt: skip
        self.context |= {f"github.event.{key}": event.get(key, "") for key in event_keys}
        self.failed = False

    def run(self, environment: Mapping[str, str], done: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, Ran]:
        """Run every step whose condition is true; those in `done` ran before, with these outputs."""
        ran: dict[str, Ran] = {}
        for step in steps():
            if step.id:
                declared = {
                    "install": ("bin", "reports"), "trust": ("code",), "check": ("status", "sarif"), "diff": ("failed",),
                    "drift": ("failed",),
                }[step.id]  # fmt: skip
                self.context |= {f"steps.{step.id}.outputs.{name}": "" for name in declared}
            if done is not None and step.id in done:
                self.context |= {f"steps.{step.id}.outputs.{name}": value for name, value in done[step.id].items()}
            elif self._holds(step.condition):
                ran[step.name] = self._ran(step, environment)
                self.failed = self.failed or ran[step.name].status != 0
        return ran

    def _ran(self, step: Step, environment: Mapping[str, str]) -> Ran:
        if step.uses:
            return Ran(step.name, 0, "", {name: self._filled(value) for name, value in step.given.items()})
        output, script = self.temp / f"output-{step.id or 'none'}", self.temp / "step.sh"
        output.write_text("")
        script.write_text(step.run)
        env = {
            **environment, "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.summary), **{name: self._filled(value) for name, value in step.env.items()},
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.folder, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False,
        )  # fmt: skip
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.context[f"steps.{step.id}.outputs.{name}"] = value
        return Ran(step.name, done.returncode, done.stdout, {})

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        first, bars, second = expression.partition(" || ")
        if bars:
            return self._value(first) or self._value(second)
        return expression[1:-1] if expression.startswith("'") else self.context[expression]

    def _holds(self, condition: str) -> bool:
        whole = _EXPRESSION.fullmatch(condition)
        return all(map(self._clause, (whole[1] if whole else condition).split(" && ")))

    def _clause(self, clause: str) -> bool:
        if " || " in clause:
            return any(map(self._clause, clause.split(" || ")))
        if clause in {"success()", "!cancelled()"}:
            return not (clause == "success()" and self.failed)
        left, sign, right = clause.split(" ")
        assert sign in {"==", "!="}, clause
        return (self._value(left) == self._value(right)) is (sign == "==")


def environment(**more: str) -> dict[str, str]:
    """The environment of a runner's shell: the machine's programs, without the archlint of the tests."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV", "ARCHLINT"}}
    return {**kept, "NO_PROXY": "127.0.0.1", "PYTHONUTF8": "1", **more}
