"""Write the report of archlint as one comment on a pull request, and update that comment in later runs.

The action runs `comment.py FOLDER`. FOLDER has `check.md` and, after a comparison, `diff.md` and `diff.json`. Variables
of the environment: GITHUB_API_URL, GITHUB_REPOSITORY, PULL_REQUEST (its number), TOKEN, NAME (of the comment, if a pull
request has several), STATUS (the exit status of the check), COMMIT (the checked commit).

The calls are described at docs.github.com, "REST API endpoints for issue comments". Needs only Python.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_CHARACTERS: Final = 65_536
"""The most characters of a comment's body (https://github.com/google/go-github/pull/440)."""
INCOMPLETE: Final = "2"
"""The exit status of a check that could not read an input, or whose call was wrong."""
_PAGE: Final = 100
_MOST_PAGES: Final = 50
_SECONDS: Final = 30
_RESERVED: Final = 400
"""Characters for the note that the text was cut, and for the end."""


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of one pull request: `url` is the address of the list, `base` the prefix of a comment's address."""

    base: str
    url: str
    token: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Comments:
        """Return the comments of the pull request that the environment names."""
        base = f"{environment['GITHUB_API_URL']}/repos/{environment['GITHUB_REPOSITORY']}/issues"
        return cls(f"{base}/comments", f"{base}/{int(environment['PULL_REQUEST'])}/comments", environment["TOKEN"])

    def find(self, marker: str) -> int | None:
        """Return the number of the first comment that begins with the marker."""
        for comment in self._all():
            body, number = comment.get("body"), comment.get("id")
            if isinstance(body, str) and body.startswith(marker) and isinstance(number, int):
                return number
        return None

    def write(self, body: str, number: int | None) -> None:
        """Write a comment, or update the one with this number."""
        if number is None:
            self._call("POST", self.url, {"body": body})
        else:
            self._call("PATCH", f"{self.base}/{number}", {"body": body})

    def _all(self) -> Iterator[dict[str, object]]:
        for page in range(1, _MOST_PAGES + 1):
            found = self._call("GET", f"{self.url}?per_page={_PAGE}&page={page}")
            comments = found if isinstance(found, list) else []
            yield from (comment for comment in comments if isinstance(comment, dict))
            if len(comments) < _PAGE:
                return

    def _call(self, method: str, url: str, content: Mapping[str, str] | None = None) -> object:
        headers = {
            "Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json", "User-Agent": "archlint", "X-GitHub-Api-Version": "2022-11-28",
        }  # fmt: skip
        data = json.dumps(content).encode() if content is not None else None
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return json.load(answer)


def marker_of(name: str) -> str:
    """Return the first line of the comment: it is not shown, and identifies the comment in later runs.

    >>> marker_of("archlint"), marker_of("a --> b")
    ('<!-- archlint comment: archlint -->', '<!-- archlint comment: a-b -->')
    """
    return f"<!-- archlint comment: {re.sub('[^A-Za-z0-9._]+', '-', name)[:80]} -->"


def body_of(marker: str, difference: str, check: str, commit: str, complete: bool = True) -> str:
    """Return the comment: the difference first, then the report of the check, folded.

    If both are too long for a comment, the report of the check is left out: the difference names the new findings too.
    The report of an incomplete check comes first, because it says what could not be checked.
    """
    foot = f"\n<sub>archlint at commit {commit[:12]}</sub>\n" if commit else ""
    head = f"{marker}\n"
    room = MOST_CHARACTERS - len(head) - len(foot) - _RESERVED
    if not difference or not complete:
        both = f"{check}\n{difference}" if difference else check
        return f"{head}{_cut(both, room)}{foot}"
    folded = f"\n<details><summary>Report of the check</summary>\n\n{check}\n</details>\n"
    if len(difference) + len(folded) <= room:
        return f"{head}{difference}{folded}{foot}"
    note = "\n> The report of the check is too long for a comment; the summary of the run has it.\n"
    return f"{head}{_cut(difference, room)}{note}{foot}"


def _cut(text: str, room: int) -> str:
    """Cut a text at the end of a line, and close an open code block."""
    if len(text) <= room:
        return text
    kept = text[: text.rfind("\n", 0, room) + 1]
    fence = "```\n" if kept.count("\n```") % 2 else ""
    return f"{kept}{fence}\n> Shortened to GitHub's limit of {MOST_CHARACTERS:,} characters per comment.\n"


def main(folder: Path, environment: Mapping[str, str]) -> None:
    """Write the comment. A new one needs a reason: a failure or a difference."""
    check, difference = _read(folder / "check.md"), _read(folder / "diff.md")
    differs = bool(json.loads(_read(folder / "diff.json") or "{}").get("systems"))
    marker = marker_of(environment["NAME"])
    comments = Comments.of(environment)
    number = comments.find(marker)
    if number is None and environment["STATUS"] == "0" and not differs:
        print("no failure and no difference: no comment is written")
        return
    complete = environment["STATUS"] != INCOMPLETE
    comments.write(body_of(marker, difference, check, environment.get("COMMIT", ""), complete), number)
    print("wrote a comment" if number is None else "updated the comment")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), os.environ)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        # The token of a fork may only read. The job summary has the report, and the check still sets the exit status.
        print(f"::warning title=archlint::the comment could not be written ({error}); needs pull-requests: write")
