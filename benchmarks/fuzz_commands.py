"""What `benchmarks.fuzz` does with damaged files beyond a check: imports, numbers, changed facts, simulations."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import archlint
from archlint.analysis.numbers import numbers_of
from archlint.changing import parse_setting
from archlint.errors import ArchlintError
from archlint.explore.variants import Variants
from archlint.explore.whatif import whatif
from archlint.explore.whatif_json import render_json as render_changes
from archlint.explore.whatif_text import render_text as render_changes_text
from archlint.importers.importing import import_files
from archlint.importers.writing import write
from archlint.linter import Options
from archlint.model.read import no_includes, read
from archlint.reading import read_source
from archlint.report.numbers.json import render_json as render_numbers
from archlint.report.numbers.text import render_text as render_numbers_text
from archlint.simulation.api import simulate_system
from archlint.simulation.outputs import render_csv, render_json
from archlint.simulation.running import Plan
from archlint.source.parser import parse
from archlint.targets import STDIN, deployment_files
from tests.importers.samples import SAMPLES

_RAW: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|^\s*::(?!:)|##(?:\[|vso\[|teamcity\[)"
)
"""What a terminal or a CI system would execute."""
_SETTINGS: Final = (
    "replicas=3", "replicas=0", "service_time=5ms", "workers=1e9", "kind=worker", "zones=null", "serves=[x]",
)  # fmt: skip
_REQUESTS: Final = 300
Damage = Callable[[str, Random], str]


def damaged_deployment(number: int, damages: Sequence[Damage], most: int) -> tuple[str, str]:
    """Return the name and the text of a damaged deployment file."""
    chance = Random(number)
    name, text = SAMPLES[chance.choice(sorted(SAMPLES))]
    for _ in range(chance.randint(1, most)):
        text = chance.choice(damages)(text, chance)
    return name, text


def import_damaged(name: str, text: str) -> tuple[str, str] | None:
    """Import a damaged deployment file; return the kind and the details of a defect.

    A defect is an exception that is no error of archlint, an answer without any word, or a written file that is not
    read back, or that a terminal would execute.
    """
    with TemporaryDirectory(prefix="archlint-fuzz-") as temporary:
        folder = Path(temporary)
        (folder / "archlint.toml").touch()
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
        if name == "Chart.yaml":
            (folder / "templates").mkdir()
            (folder / "templates" / "a.yaml").write_text(SAMPLES["kubernetes"][1], encoding="utf-8")
        paths, root = deployment_files([folder])
        found = import_files(paths, root)
        if not found.draft.components:
            silent = paths and not (found.errors or found.draft.notes or found.left_out)
            return ("an import without any word", text) if silent else None
        written = write(found.draft, name, found.sources, str(folder))
        raw = re.search(_RAW, written, re.MULTILINE)
        if raw is not None:
            return "an import that a terminal would execute", repr(written[max(0, raw.start() - 80) : raw.end() + 80])
        lost = [problem for problem in read(parse("arch.yaml", written), no_includes).problems if problem.loses_meaning]
        return ("an import with a mistake", f"{lost[0].message}\n{written}") if lost else None


def compute(text: str) -> None:
    """Compute the numbers of a system, and write them."""
    numbers = numbers_of(archlint.load(text))
    _finite(render_numbers("arch.yaml", numbers))
    render_numbers_text("arch.yaml", numbers, False, 80, True)


def change(number: int, text: str) -> None:
    """Change a fact of a system, and compare."""
    chance = Random(number)
    options = Options(isolated=True)
    source = read_source((Path(STDIN),), options, text.encode(), "")
    names = sorted(archlint.load(text).components) or ["none"]
    setting = parse_setting(f"components.{chance.choice(names)}.{chance.choice(_SETTINGS)}")
    found = whatif(Variants.of_source(source, options), (setting,))
    _finite(render_changes(found))
    render_changes_text(found, False, 80)


def simulate(text: str) -> None:
    """Simulate some requests of a system."""
    found = simulate_system(archlint.load(text), "", "mean", Plan(1, _REQUESTS, 0.05), None)
    _finite(render_json("arch.yaml", found))
    render_csv(found)


def also(number: int, text: str) -> None:
    """Do one of the above with a damaged architecture; errors of archlint are answers."""
    turn = number % 4
    try:
        if turn < 2:
            compute(text)
        elif turn == 2:
            change(number, text)
        else:
            simulate(text)
    except ArchlintError:
        return


def _finite(written: str) -> None:
    json.loads(written, parse_constant=_refused, parse_float=_number)


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text)


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} in JSON")
