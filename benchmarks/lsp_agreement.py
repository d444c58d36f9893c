"""Whether the language server shows what `archlint check` reports: on all examples, and on generated edits of them.

    python benchmarks/lsp_agreement.py            # all examples, and 1,000 edits
    python benchmarks/lsp_agreement.py --edits 50

An edit changes a line, a word or a few characters, as typing does; some results are no YAML. The server's function and
`check` get the same text. Each difference is printed, and the exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter

from lsprotocol import types

from archlint.api import check_targets
from archlint.linter import Options
from archlint.lsp.diagnostics import Maker, without_repeats
from archlint.lsp.positions import Ruler
from archlint.lsp.systems import check_main
from archlint.source.files import real_path
from archlint.verdicts import Report

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {1: "error", 2: "warning", 3: "info"}
PIECES = (
    "", " ", "\n", ":", "  ", "- ", "{", "}", "[", "]", "#", '"', "🚀", "순위", "\t", "kind: service\n", "timeout: 1s",
    "none", "\u2028", "---\n", "archlint: 1\n", "# archlint: accept REL003 -- 시험", "&a ", "*a", "1.5GB", "~",
    "<<: *a\n", "\r\n",
)  # fmt: skip

Shown = tuple[str, str, str, int, int, int, int]
"""Severity, rule, message and range of a finding, in UTF-16."""


def texts(root: Path = ROOT) -> list[Path]:
    """Return all examples, of systems and of rules."""
    return sorted([*(root / "examples").rglob("*.yaml"), *(root / "rules").glob("*/*-*.yaml")])


def edited(text: str, random: Random) -> str:
    """Return a text after one or two edits: of a line, of a word, or of a few characters."""
    for _ in range(random.choice((1, 1, 2))):
        text = random.choice((_line, _line, _word, _word, _characters))(text, random)
    return text


def _line(text: str, random: Random) -> str:
    """Remove, repeat or move a line."""
    lines = text.splitlines(keepends=True) or [""]
    line = lines.pop(random.randrange(len(lines)))
    for _ in range(random.choice((0, 1, 2))):
        lines.insert(random.randint(0, len(lines)), line)
    return "".join(lines)


def _word(text: str, random: Random) -> str:
    """Replace a word by another one of the text, by one with a letter less, or by a word of the format."""
    words = list(re.finditer(r"[\w.-]+", text))
    if not words:
        return text
    word, other = random.choice(words), random.choice(words)[0]
    new = random.choice((other, word[0][:-1], "none", "1.5GB", "200ms", "순위-🚀", "kind", "40/s", "[]", "true"))
    return text[: word.start()] + new + text[word.end() :]


def _characters(text: str, random: Random) -> str:
    """Replace a few characters."""
    start = random.randint(0, len(text))
    end = min(len(text), start + random.choice((0, 0, 1, 2, 5)))
    return text[:start] + random.choice(PIECES) + text[end:]


def server_shows(path: Path, text: str) -> list[Shown]:
    """Return the diagnostics of the file that the server would publish for a text."""
    data = text.encode("utf-8", "surrogatepass")
    report = check_main(path, {real_path(path): data}, Options())
    maker = Maker(path, text, str, lambda document: Ruler(document, given=text if document.name == str(path) else ""))
    return sorted(map(shown, without_repeats(maker.diagnostics(report)[str(path)])))


def shown(one: types.Diagnostic) -> Shown:
    """Return a diagnostic as a value to compare."""
    start, end = one.range.start, one.range.end
    place = (start.line, start.character, end.line, end.character)
    return LEVELS[int(one.severity or 0)], str(one.code), one.message, *place


def check_reports(path: Path, text: str) -> list[Shown]:
    """Return the same from a report of `check`, with positions computed a second time, from the text."""
    report = check_targets((), Options(), (text.encode("utf-8", "surrogatepass"), str(path)))
    return sorted(set(_of(report, str(path), text)))


def _of(report: Report, name: str, text: str) -> Iterator[Shown]:
    lead = len(text) - len(text.lstrip("\ufeff"))
    lines = text[lead:].replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def units(line: int, column: int) -> int:
        before = lines[line - 1][: column - 1] if line <= len(lines) else ""
        return len(before.encode("utf-16-le", "surrogatepass")) // 2 + (lead if line == 1 else 0)

    for finding in report.findings:
        hint = f"; {finding.suggestion}" if finding.suggestion else ""
        for one in finding.all_places:
            at = one.location
            if at.file == name:
                place = at.line - 1, units(at.line, at.column), at.end_line - 1, units(at.end_line, at.end_column)
                yield finding.severity, finding.rule, one.message + hint, *place
    for error in report.errors:
        line, column = (error.line or 1, error.column or 1) if error.file == name else (1, 1)
        message = error.message.removeprefix(name).removeprefix(f":{error.line}:{error.column}").removeprefix(": ")
        place = line - 1, units(line, column), line - 1, units(line, column)
        yield "error", "input-not-read", message + (f"; {error.hint}" if error.hint else ""), *place


def difference(path: Path, text: str) -> str:
    """Compare the two on one text; empty if they agree."""
    server, check = server_shows(path, text), check_reports(path, text)
    if server == check:
        return ""
    only = [f"only the server: {one}" for one in server if one not in check]
    return "\n  ".join([f"{path}: {text!r}", *only, *(f"only check: {one}" for one in check if one not in server)])


def main() -> int:
    """Compare on all examples and on generated edits, and print the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start, random, paths = perf_counter(), Random(given.seed), texts()
    cases = [(path, path.read_bytes().decode()) for path in paths]
    edits = [(path, edited(text, random)) for path, text in random.choices(cases, k=given.edits)]
    found = [said for path, text in (*cases, *edits) if (said := difference(path, text))]
    unread = sum("input-not-read" in str(check_reports(path, text)) for path, text in edits)
    print("\n".join(found))
    print(
        f"{len(cases):,} examples and {len(edits):,} edits ({unread:,} of them no YAML): {len(found)} differences, "
        f"{perf_counter() - start:.0f} s"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
