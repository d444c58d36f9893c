"""How accurate an import is: `python -m benchmarks.import_accuracy FILES TRUTH SCORER`.

FILES is a folder of labelled deployment files (`FILES/CASE/PATH`), TRUTH their labels, and SCORER a program that scores
`archlint import` and `archlint check` against them and writes its figures as JSON (`--archlint CMD --truth TRUTH
--files FILES --json OUT`, and `--renamed`, which replaces every name first). None of them is part of this repository:
the files belong to other projects. With `--page`, the tables are written between the marks of a page.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
import msgspec

from benchmarks.tables import placed, table

Row = tuple[str, ...]
HEAD: Final[Row] = (
    "format", "cases", "components P", "R", "kinds", "relations P", "R", "patterns R", "forbidden", "findings R",
    "false",
)  # fmt: skip
PEERS: Final[tuple[Row, ...]] = (
    ("compose-viz", "Compose", "0.63", "1.00", "2 of 18 crash"),
    ("infra-diagram", "Compose", "0.79", "1.00", ""),
    ("infra-diagram", "Kubernetes", "0.27", "0.16", ""),
    ("KubeDiagrams", "Kubernetes", "0.11", "0.90", ""),
    ("kubedian", "Kubernetes", "0.13", "0.79", ""),
    ("a prototype of 150 lines", "Compose", "0.94", "1.00", ""),
    ("a prototype of 150 lines", "Kubernetes", "0.55", "0.94", ""),
)
"""Relations between labelled components, recall and precision: measured once on the same files, in November 2026."""
LIMIT_S: Final = 3600


class Figures(msgspec.Struct, frozen=True):
    """The figures of one format, or of all; None where nothing was asked for."""

    cases: int
    component_precision: float | None
    component_recall: float | None
    kind_accuracy: float | None
    relation_precision: float | None
    relation_recall: float | None
    pattern_recall: float | None
    forbidden_raised: int
    forbidden: int
    finding_recall: float | None
    false_raised: int
    must_not_find: int

    def row(self, name: str) -> Row:
        """Return a row of the table."""
        return (
            name, str(self.cases), _share(self.component_precision), _share(self.component_recall),
            _share(self.kind_accuracy), _share(self.relation_precision), _share(self.relation_recall),
            _share(self.pattern_recall), f"{self.forbidden_raised} of {self.forbidden}", _share(self.finding_recall),
            f"{self.false_raised} of {self.must_not_find}",
        )  # fmt: skip


class Case(msgspec.Struct, frozen=True):
    """What the scorer missed in one case: each as `NAME: KIND, not LABEL`."""

    wrong_kinds: list[str] = msgspec.field(default_factory=list, name="wrong kinds")


class Scores(msgspec.Struct, frozen=True):
    """What the scorer writes."""

    total: Figures
    formats: dict[str, Figures]
    cases: dict[str, Case] = {}


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def score(files: Path, truth: Path, scorer: Path, words: Iterable[str] = ()) -> Scores:
    """Run the scorer, and read its figures."""
    with TemporaryDirectory() as folder:
        out = Path(folder, "scores.json")
        command = [
            sys.executable, str(scorer), "--archlint", str(Path(sys.executable).parent / "archlint"),
            "--truth", str(truth), "--files", str(files), "--json", str(out), *words,
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=LIMIT_S)
        return msgspec.json.decode(out.read_bytes(), type=Scores)


def render(plain: Scores, renamed: Scores) -> str:
    """Return the tables as Markdown.

    >>> one = Figures(1, 1.0, 1.0, 1.0, 1.0, None, 1.0, 0, 3, 0.5, 0, 2)
    >>> print(render(Scores(one, {"compose": one}), Scores(one, {})).splitlines()[4][:39])
    | compose |     1 |         1.00 | 1.00
    """
    parts = ["### As they are", table(HEAD, _rows(plain)), "### With every name replaced", table(HEAD, _rows(renamed))]
    note = _vector_stores(plain)
    parts[2:2] = [note] if note else []
    head = ("relations by", "files", "recall", "precision", "")
    ours = [
        (f"**archlint**{note}", title, _share(figures.relation_recall), _share(figures.relation_precision), "")
        for note, scores in (("", plain), (", names replaced", renamed))
        for title, figures in _compared(scores)
    ]
    return "\n\n".join([*(part.rstrip("\n") for part in parts), "### Beside others", table(head, [*ours, *PEERS])])


def _vector_stores(scores: Scores) -> str:
    """Return a note about vector stores: the labels know only databases.

    >>> one = Figures(1, 1.0, 1.0, 0.5, 1.0, None, 1.0, 0, 3, 0.5, 0, 2)
    >>> _vector_stores(Scores(one, {}, {"a": Case(["m: vector-store, not vector_db", "n: service, not queue"])}))
    '1 of the 2 kinds that count as wrong are vector stores, which the labels expect as databases.'
    """
    wrong = [one for case in scores.cases.values() for one in case.wrong_kinds]
    stores = sum(": vector-store, not vector_db" in one for one in wrong)
    said = f"{stores} of the {len(wrong)} kinds that count as wrong are vector stores"
    return f"{said}, which the labels expect as databases." if stores else ""


def _rows(scores: Scores) -> Iterator[Row]:
    for name, figures in sorted(scores.formats.items()):
        yield figures.row(name)
    yield scores.total.row("**all**")


def _compared(scores: Scores) -> Iterator[tuple[str, Figures]]:
    for name, title in (("compose", "Compose"), ("k8s", "Kubernetes")):
        if name in scores.formats:
            yield title, scores.formats[name]
    yield "all formats", scores.total


@click.command()
@click.argument("files", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("truth", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("scorer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "formats", multiple=True, metavar="NAME", help="Score this format only; repeatable.")
@click.option("--page", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Write into this page.")
@click.option("--keep", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as JSON too.")
def main(
    files: Path, truth: Path, scorer: Path, formats: tuple[str, ...], page: Path | None, keep: Path | None
) -> None:
    """Score the import of labelled deployment files, as they are and with every name replaced."""
    chosen = [word for name in formats for word in ("--format", name)]
    plain = score(files, truth, scorer, chosen)
    renamed = score(files, truth, scorer, [*chosen, "--renamed"])
    if keep is not None:
        keep.write_text(json.dumps(msgspec.to_builtins({"plain": plain, "renamed": renamed}), indent=1))
    tables = render(plain, renamed)
    if page is None:
        click.echo(tables, nl=False)
    else:
        page.write_text(placed(tables, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
