"""Jobs that run the action on a repository, and what tests read in their results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.compare.old_repository import commit, git

from .comments import Comments
from .runner import Ran, Runner, environment


class Job(NamedTuple):
    """The result of a run of the action."""

    ran: dict[str, Ran]
    reports: Path
    summary: str

    @property
    def status(self) -> int:
        return self.ran["Fail where the check does"].status

    @property
    def annotations(self) -> list[tuple[str, int]]:
        """The annotated lines, with their rules."""
        found = re.findall(r"^::(?:error|warning) file=arch\.yaml,line=(\d+),.*title=([A-Z0-9]+)", self.ran["Check"].output, re.M)
        return [(rule, int(line)) for line, rule in found]


class Runs:
    """Runs the action in a repository, as on its pull request, or as on a push."""

    def __init__(self, temp: Path, server: Comments, installed: dict[str, str]) -> None:
        self.temp, self.server, self.installed = temp, server, installed
        self.count = 0

    def __call__(
        self, folder: Path, inputs: Mapping[str, str] | None = None, pull_request: bool = True, head: str = "team/shop",
        event_name: str = "",
    ) -> Job:
        self.count += 1
        temp = self.temp / f"run-{self.count}"
        reports = temp / "reports"
        reports.mkdir(parents=True)
        event = {
            "pull_request.number": "7", "pull_request.base.sha": git(folder, "rev-parse", "origin/main").strip(),
            "pull_request.head.sha": git(folder, "rev-parse", "HEAD").strip(),
            "pull_request.head.repo.full_name": head,
        } if pull_request else {}  # fmt: skip
        runner = Runner(folder, temp, {"token": "secret-of-the-run", **(inputs or {})}, event)
        name = event_name or ("pull_request" if pull_request else "push")
        env = environment(GITHUB_API_URL=self.server.url, GITHUB_REPOSITORY="team/shop", GITHUB_EVENT_NAME=name)
        ran = runner.run(env, {"install": {**self.installed, "reports": str(reports)}})
        return Job(ran, reports, runner.summary.read_text())


def changed(folder: Path, text: str) -> None:
    """Commit a new text of the architecture on the branch; its base is known as `origin/main`, as a checkout has it."""
    (folder / "arch.yaml").write_text(text)
    commit(folder)
    git(folder, "update-ref", "refs/remotes/origin/main", "main")


def without_code(markdown: str) -> str:
    """Remove the marks of code spans: names of files have them, so that they do not become links."""
    return markdown.replace("`", "")


def named(body: str) -> list[tuple[str, int]]:
    """The new findings in a comment: rule and line."""
    found = re.findall(r"^- (?:error|warning|info) ([A-Z0-9]+) \S+, arch\.yaml:(\d+): ", without_code(body), re.M)
    return [(rule, int(line)) for rule, line in found]


def line_of(folder: Path, text: str) -> int:
    [number] = [n for n, line in enumerate((folder / "arch.yaml").read_text().splitlines(), 1) if text in line]
    return number
