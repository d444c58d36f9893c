"""Reads each format like other programs, and returns its places."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import NamedTuple

from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from markdown_it import MarkdownIt


class Said(NamedTuple):
    """An entry of a report (a new, baselined or accepted finding, or an open question): its rule and its place."""

    kind: str
    rule: str
    file: str
    line: int


def read_sarif(text: str) -> set[Said]:
    [run] = json.loads(text)["runs"]
    said = set()
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        kind = "undecided" if result.get("kind") == "open" else "accepted" if "suppressions" in result else "finding"
        kind = "known" if result.get("baselineState") == "unchanged" else kind
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
        assert rule == result["ruleId"]
        said.add(Said(kind, rule, place["artifactLocation"]["uri"], place["region"]["startLine"]))
    return said


def read_junit(text: str) -> set[Said]:
    said = set()
    for suite in JUnitXml.fromstring(text.encode()):
        assert isinstance(suite, TestSuite)
        for case in suite:
            for outcome in case.result:
                assert isinstance(outcome, Error | Failure | Skipped)
                if isinstance(outcome, Error) or outcome.type == "baseline":
                    continue
                skipped = _skipped(outcome.message or "")
                kind = "finding" if isinstance(outcome, Failure) else skipped
                attributes = case._elem.attrib
                said.add(Said(kind, case.name.split(" ")[0], attributes["file"], int(attributes["line"])))
    return said


def _skipped(message: str) -> str:
    starts = {"accepted": "accepted", "in the baseline": "known"}
    return next((kind for start, kind in starts.items() if message.startswith(start)), "undecided")


_COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")
_LOGGED = re.compile(r"- (?:(?:error|warning|info) )?([A-Z]+[0-9]+)(?: .*?)?? ([^ ]+\.yaml):([0-9]+)[: ]")


def read_github(text: str) -> set[Said]:
    said = set()
    group = "finding"
    for line in text.splitlines():
        command = _COMMAND.fullmatch(line)
        logged = _LOGGED.match(line)
        if line.startswith("::group::"):
            ends = {"accepted": "accepted", "undecided": "undecided", "in the baseline": "known"}
            group = next((kind for end, kind in ends.items() if line.endswith(end)), "finding")
        elif command:
            given = dict(part.split("=", 1) for part in command[2].split(","))
            if "line" in given and given["title"] != "archlint":
                said.add(Said("finding", _unescaped(given["title"]).split(" ")[0], given["file"], int(given["line"])))
        elif logged:
            said.add(Said(group, logged[1], logged[2], int(logged[3])))
    return said


def _unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def read_gitlab(text: str) -> set[Said]:
    said = set()
    for issue in json.loads(text):
        if issue["check_name"] in {"input-not-read", "baseline-strict"}:
            continue
        quiet = {"Accepted": "accepted", "In the baseline": "known", "`": "undecided"}
        starts = (kind for start, kind in quiet.items() if issue["description"].startswith(start))
        kind = next(starts, "?") if issue["severity"] == "info" else "finding"
        place = issue["location"]
        said.add(Said(kind, issue["check_name"].split("-")[0], place["path"], place["lines"]["begin"]))
    return said


class Page(HTMLParser):
    """The elements and the text of a page; `plain` is the text outside code, where GitHub searches for names."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.plain = ""
        self._depth = 0
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        self.plain += "" if self._depth else data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def rendered(markdown: str) -> Page:
    """Markdown rendered in GitHub's dialect: with tables, and with addresses as links."""
    return Page(MarkdownIt("gfm-like").render(markdown))
