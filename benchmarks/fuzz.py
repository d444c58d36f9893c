"""Damaged architecture files against all of archlint: `python -m benchmarks.fuzz --inputs 1000000`.

Each input is an example of the project with up to eight random damages: lines that move, repeat or vanish, values of
another kind or size, control codes, brackets that do not close, anchors and tags. Every input is checked with all rules
and patterns, its report is written in two formats (in turn), and one in `--draw` is drawn in the text formats and as
SVG. Of one in `--numbers`, numbers are computed, a fact is changed, or requests are simulated; and one in eight is a
damaged deployment file that is imported. A defect is an exception that is no error of archlint, an output with a
number that JSON cannot hold, an import that is not read back, or an input that takes more than `--seconds` or
`--memory`. Inputs are numbered, and the same number is always the same text: a long run can be split by `--first`.

Exit status: 0 without a defect; 1 otherwise, with the smallest text found for each kind of defect in `--keep`.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

import click

from archlint.api import Linters
from archlint.drawing import render
from archlint.errors import ArchlintError
from archlint.linter import Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.source.parser import MAX_BYTES
from archlint.verdicts import Report
from archlint.workers import Workers
from benchmarks.fuzz_commands import also, damaged_deployment, import_damaged

ROOT: Final = Path(__file__).resolve().parent.parent
BATCH: Final = 250
TEXT_PICTURES: Final = ("mmd", "d2", "dot", "graphml", "graph.json", "svg")
MOST_DAMAGES: Final = 8
ODD: Final = (
    "", "~", "none", "0", "-1", "1e308", "-1e308", "1e-308", "99999999999999999999", "0x10", "0o17", ".nan", ".inf",
    "NaN", "true", "NO", "5s", "0s", "-5s", "1e300s", "999999999d", "50%", "150%", "0/s", "1e12/s", "10MB", "0B",
    "p50: 9s, p99: 1ms", "{p50: 0s}", "{mean: 0s, cv: 1e9}", "[]", "{}", "[[]]", "{a: {b: {c: 1}}}", "&a [*a]",
    "*missing", "<<: *a", "!!int x", "!!python/object:os.system", "!x y", "'", '"', "\\u0000", "\\u2028", "\u202e",
    "\x1b[2J", "::error::x", "##vso[x]", "<script>", "`|x|`", "@team", "example.org", "a" * 300, "한국어", "🚀",
    "e\u0301", "../../etc/passwd", "/dev/zero", "${X}", "0 0 31 2 *", "every 6h", "1 USD per h", "x-own",
    "archlint: 1", "---", "...", "%YAML 1.2", "? a", ": b", "- - -", "#", "\t",
)  # fmt: skip
"""Values and pieces of text that have been trouble for parsers, numbers, terminals or pages."""


class Defect(NamedTuple):
    """What went wrong with an input: its number, the kind (exception and place, or the limit), and the details."""

    number: int
    kind: str
    details: str


class Limits(NamedTuple):
    """What one input may take: seconds of CPU time, and bytes of memory beyond what the process had before.

    One input in `draw` is drawn, and of one in `numbers` the numbers are computed; 0 means none.
    """

    seconds: float
    memory: int
    draw: int
    numbers: int


@cache
def originals() -> tuple[str, ...]:
    """Return the texts that are damaged: the examples, and those of the rules."""
    files = sorted([*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("rules/*/*.yaml")])
    texts = [file.read_text(encoding="utf-8") for file in files if file.name not in {"rule.yaml", "catalog.yaml"}]
    return tuple(text for text in texts if "archlint:" in text)


def damaged(number: int) -> str:
    """Return the input with this number."""
    if _is_deployment(number):
        return _deployment(number)[1]
    chance = random.Random(number)
    text = chance.choice(originals())
    for _ in range(chance.randint(1, MOST_DAMAGES)):
        text = chance.choice(_DAMAGES)(text, chance)
    return text[:MAX_BYTES]


def _lines(text: str, chance: random.Random) -> str:
    """Move, repeat, join or remove some lines, or shift them."""
    lines = text.split("\n")
    at, count = chance.randrange(len(lines)), chance.randint(1, 4)
    block = lines[at : at + count]
    kind = chance.randrange(5)
    if kind == 0:
        del lines[at : at + count]
    elif kind == 1:
        lines[at:at] = block * chance.randint(1, 3)
    elif kind == 2:
        del lines[at : at + count]
        other = chance.randrange(len(lines) + 1)
        lines[other:other] = block
    elif kind == 3:
        lines[at : at + count] = [" " * chance.randint(1, 3) + line for line in block]
    else:
        lines[at : at + count] = [" ".join(block)]
    return "\n".join(lines)


def _value(text: str, chance: random.Random) -> str:
    """Replace what stands after a colon."""
    places = [index for index, char in enumerate(text) if char == ":"]
    if not places:
        return text + chance.choice(ODD)
    start = chance.choice(places) + 1
    ends = [found for mark in ",}]\n" if (found := text.find(mark, start)) >= 0]
    return f"{text[:start]} {chance.choice(ODD)}{text[min(ends, default=len(text)):]}"


def _word(text: str, chance: random.Random) -> str:
    """Replace one word by another of the text."""
    words = text.split()
    if not words:
        return text
    return text.replace(chance.choice(words), chance.choice([*words[:200], *ODD]), chance.choice([1, 1, -1]))


def _characters(text: str, chance: random.Random) -> str:
    """Insert, remove or change some characters."""
    at = chance.randrange(len(text) + 1)
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + chance.choice("{}[],:#&*!|>'\"%@`-?\t\r\n\x00\x1b\x85\u2028\ufeff ") + text[at:]
    if kind == 1:
        return text[:at] + text[at + chance.randint(1, 20) :]
    return text[:at] + chance.choice(ODD) + text[at:]


def _cut(text: str, chance: random.Random) -> str:
    """End early, or go on with another text."""
    end = chance.randrange(len(text) + 1)
    return text[:end] if chance.random() < 0.5 else text[:end] + chance.choice(originals())


def _number(text: str, chance: random.Random) -> str:
    """Make a number much larger, smaller or negative."""
    places = [index for index, char in enumerate(text) if char.isdecimal()]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + chance.choice(["0", "-", "1e", "000000000", "0.", "9" * 20, "."]) + text[at:]


_DAMAGES: Final[Sequence[Callable[[str, random.Random], str]]] = (
    _lines, _value, _value, _word, _characters, _cut, _number,
)  # fmt: skip


def _is_deployment(number: int) -> bool:
    return number % 8 == 1


def _deployment(number: int) -> tuple[str, str]:
    return damaged_deployment(number, _DAMAGES, MOST_DAMAGES)


def trouble(number: int, text: str, linters: Linters, limits: Limits) -> Defect | None:
    """Return what goes wrong with an input, or None."""
    start, before = time.process_time(), _memory()
    try:
        kind = _tried(number, text, linters, limits)
    except ArchlintError:
        kind = None
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return Defect(number, f"{type(error).__name__} at {where}", "".join(traceback.format_exception(error)))
    if kind is not None:
        return Defect(number, kind[0], kind[1])
    seconds, added = time.process_time() - start, _memory() - before
    if seconds > limits.seconds:
        return Defect(number, "too slow", f"{seconds:.1f} s for {len(text):,} characters")
    if added > limits.memory:
        return Defect(number, "too much memory", f"{added / 1e6:.0f} MB for {len(text):,} characters")
    return None


def _tried(number: int, text: str, linters: Linters, limits: Limits) -> tuple[str, str] | None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return None
    if _is_deployment(number):
        return import_damaged(*_deployment(number))
    outcome = linters.check(Path("arch.yaml"), data, unnamed=True)
    for mistake in outcome.errors:
        if mistake.traceback:
            return f"defect: {mistake.message.rpartition('(')[2].rstrip(')')}", mistake.traceback
    report = Report(outcome.reports, outcome.errors)
    names = sorted(FORMATS)
    for turn in (2 * number, 2 * number + 1):
        name = names[turn % len(names)]
        written = FORMATS[name](report, ReportOptions())
        if name in {"json", "sarif", "gitlab"}:
            json.loads(written, parse_constant=_refused)
    if any(not math.isfinite(finding.loss) for file in outcome.reports for finding in file.findings):
        return "a loss that is no number", ""
    if outcome.reports and _chosen(number, limits.numbers):
        also(number // limits.numbers, text)
    if outcome.reports and _chosen(number, limits.draw):
        for name in TEXT_PICTURES:
            render(text, name)
    return None


def _chosen(number: int, one_in: int) -> bool:
    return one_in > 0 and number % one_in == 0


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} in JSON")


def _memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


Tried = tuple[int, tuple[Defect, ...]]
"""How many inputs were tried, and their defects."""


class Batch:
    """Tries the inputs of one batch; made once in each process."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.linters = Linters(Options(isolated=True, patterns=True))

    def __call__(self, numbers: range) -> Tried:
        """Try the inputs with these numbers."""
        found = (trouble(number, damaged(number), self.linters, self.limits) for number in numbers)
        return len(numbers), tuple(defect for defect in found if defect is not None)


def _batch(limits: Limits) -> Callable[[range], Tried]:
    """Return the function that tries a batch in a worker process."""
    return Batch(limits)


def lost(numbers: range) -> Tried:
    """Return the defect of a batch that killed its process."""
    said = f"one of the inputs {numbers.start} to {numbers.stop - 1}"
    return len(numbers), (Defect(numbers.start, "the process was killed", said),)


def defects(inputs: int, first: int, limits: Limits) -> Iterator[Tried]:
    """Try all inputs in parallel processes."""
    batches = [range(start, min(start + BATCH, first + inputs)) for start in range(first, first + inputs, BATCH)]
    yield from Workers(partial(_batch, limits), lost).map(batches)


@click.command(help=__doc__)
@click.option("--inputs", default=10_000, show_default=True, help="How many inputs.")
@click.option("--first", default=0, show_default=True, help="The number of the first.")
@click.option("--seconds", default=20.0, show_default=True, help="CPU time that one input may take.")
@click.option("--memory", default=500, show_default=True, help="Megabytes that one input may add.")
@click.option("--draw", default=20, show_default=True, help="Draw one input in so many; 0 draws none.")
@click.option("--numbers", default=4, show_default=True, help="Compute the numbers of one input in so many; 0 of none.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), default=Path("fuzz-defects"), help="Folder.")
def main(inputs: int, first: int, seconds: float, memory: int, draw: int, numbers: int, keep: Path) -> None:
    """Try the inputs, and write down the smallest text of each kind of defect."""
    limits, start, done = Limits(seconds, memory * 1_000_000, draw, numbers), time.monotonic(), 0
    kinds: Counter[str] = Counter()
    smallest: dict[str, Defect] = {}
    for tried, found in defects(inputs, first, limits):
        done += tried
        for defect in found:
            kinds[defect.kind] += 1
            known = smallest.get(defect.kind)
            if known is None or len(damaged(defect.number)) < len(damaged(known.number)):
                smallest[defect.kind] = defect
        if sys.stderr.isatty():
            click.echo(f"\r{done:,} of {inputs:,}, {sum(kinds.values()):,} defects", nl=False, err=True)
    rate = done / max(time.monotonic() - start, 1e-9)
    click.echo(f"{done:,} inputs from {len(originals())} texts, {rate:,.0f} a second, {sum(kinds.values()):,} defects")
    for kind, count in kinds.most_common():
        defect = smallest[kind]
        keep.mkdir(exist_ok=True)
        (keep / f"{defect.number}.yaml").write_text(damaged(defect.number), encoding="utf-8", errors="surrogatepass")
        click.echo(f"  {count:,} x {kind}: {os.fspath(keep / str(defect.number))}.yaml\n{defect.details}")
    sys.exit(1 if kinds else 0)


if __name__ == "__main__":
    main()
