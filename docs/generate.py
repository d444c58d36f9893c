"""Write the files that are generated from the program: pages, schemas, CLI help, the output of the examples, a picture.

`python docs/generate.py` writes them; with `--check` it lists those that are not current, and exits with 1.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import msgspec
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from archlint.about import install_command  # noqa: E402
from archlint.api import check_targets, load_checked  # noqa: E402
from archlint.catalog.hardware import compiled_accelerators, shipped_accelerators  # noqa: E402
from archlint.catalog.patterns import patterns  # noqa: E402
from archlint.catalog.technologies import compiled_technologies, default_text  # noqa: E402
from archlint.cli.app import COMMANDS, app  # noqa: E402
from archlint.compare.json import difference_schema  # noqa: E402
from archlint.config.schema import config_schema  # noqa: E402
from archlint.diagram import Plan, draw, svg  # noqa: E402
from archlint.drifting.json import drift_schema  # noqa: E402
from archlint.explore.sensitivity_outputs import sensitivity_schema  # noqa: E402
from archlint.explore.sweep_outputs import sweep_schema  # noqa: E402
from archlint.explore.whatif_json import whatif_schema  # noqa: E402
from archlint.linter import Options  # noqa: E402
from archlint.listing import all_packs, all_technologies, file_schema  # noqa: E402
from archlint.measure.schema import measurement_schema  # noqa: E402
from archlint.model.quantities import format_size  # noqa: E402
from archlint.packs import Pack, read_packs, shipped_packs  # noqa: E402
from archlint.packs.index import FILE, index_of  # noqa: E402
from archlint.packs.schema import rule_schema  # noqa: E402
from archlint.reference import implementations  # noqa: E402
from archlint.report.json import report_schema  # noqa: E402
from archlint.report.keys import keys_page  # noqa: E402
from archlint.report.numbers.json import numbers_schema  # noqa: E402
from archlint.report.options import TextOptions  # noqa: E402
from archlint.report.pages import pattern_page, rule_page  # noqa: E402
from archlint.report.text import render_text  # noqa: E402
from archlint.simulation.outputs import simulation_schema  # noqa: E402
from docs.kubernetes.writing import manifests  # noqa: E402
from docs.library import library_page  # noqa: E402
from docs.readme import filled_in  # noqa: E402
from docs.rule_keys import rule_keys  # noqa: E402

NOTE = "<!-- written by docs/generate.py; edit what it is made from -->\n\n"
TODAY = "2026-11-22"
WIDTH = 100

REFERENCES = f"""\
# Reference implementations

Each pattern that a finding suggests as a fix has a service here. It starts in a minute, you can read it in five, and
you can copy it.

```sh
python3 -m venv .venv && .venv/bin/pip install -q '.[reference]'     # from a clone, with Python 3.11 or later
.venv/bin/archlint reference web-single                              # start one; it prints its address
.venv/bin/archlint new web-single my-service                         # create your own project from one
```

Without a clone: `{install_command('reference')}`, then `archlint reference web-single`.

All of them use [kit](kit): settings from the environment (`SERVE_PORT`, `SERVE_DATA_DIR`, …), small real models,
readiness, logs and metrics; with `SERVE_TRACES_URL`, each part sends spans to an OpenTelemetry collector. Each that
runs as a service has a `compose.yaml`, and manifests for Kubernetes in its folder `kubernetes`: `archlint new
web-single my-service --kubernetes` gives you both. Measured results:
[docs/patterns-measured.md](../docs/patterns-measured.md), and their memory:
[docs/patterns-memory.md](../docs/patterns-memory.md).

"""


def rule_index(packs: list[Pack]) -> str:
    """The table of all rules."""
    rows = [f"| [{p.id}]({p.id}-{p.name}.md) | {p.name} | {p.severity.value} | {p.title} |" for p in packs]
    return "# Rules\n\n| id | name | severity | what it finds |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def pattern_index() -> str:
    """The table of all patterns."""
    rows = [f"| [{p.name}]({p.name}.md) | {p.group} | {p.summary} |" for p in patterns().values()]
    return "# Patterns\n\n| name | group | what it is |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def reference_index() -> str:
    """The table of all reference implementations, with the other patterns that each implements."""
    rows = []
    for one in implementations().values():
        also = ", ".join(one.also)
        rows.append(f"| [{one.name}]({one.module}/README.md) | {one.title} | {also} |")
    return REFERENCES + "| name | what it is | also implements |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def technologies_page() -> str:
    """The technology catalogue, with the default values and their sources."""
    lines = [
        "# Technologies",
        "",
        "The technologies for `uses:`, and the defaults that apply if the architecture file does not state the value:",
        "[what each default means](configuration.md#your-own-technologies).",
        "",
        "| name | what | kinds | other names | assumed |",
        "|---|---|---|---|---|",
    ]
    for t in all_technologies().entries.values():
        facts = [
            f"{default_text(key, fact.value)} ([{fact.because}]({fact.source}))" for key, fact in t.assumed.items()
        ]
        if t.listens is not None:
            ports = (f"{port} ({', '.join(by)})" if by else port for port, by in t.listens.ports.items())
            facts.append(f"[listens]({t.listens.source}) on {', '.join(ports)}")
        assumed = "; ".join(facts)
        kinds = ", ".join(t.kinds)
        lines.append(f"| `{t.name}` | {t.label} | {kinds} | {', '.join(t.aliases)} | {assumed} |")
    return "\n".join([*lines, "", *_accelerator_table()]) + "\n"


def _accelerator_table() -> list[str]:
    """The hardware catalogue: the peak figures of each accelerator, with the page that states them."""
    lines = [
        "## Accelerators",
        "",
        "The accelerators for `hardware.gpu`. All figures are peaks: a real run reaches at most these. "
        "Operations are dense, at 16 bit.",
        "",
        "| name | what | memory | bandwidth | operations | other names |",
        "|---|---|---|---|---|---|",
    ]
    for a in shipped_accelerators():
        flops = f"{a.fp16_flops / 1e12:g} TFLOPS" if a.fp16_flops else ""
        bandwidth = f"{format_size(a.bandwidth_bytes_per_s)}/s"
        names = ", ".join(a.aliases)
        memory = format_size(a.memory_bytes)
        lines.append(f"| `{a.name}` | [{a.title}]({a.source}) | {memory} | {bandwidth} | {flops} | {names} |")
    return lines


def cli_page() -> str:
    """The help of every command."""
    runner = CliRunner()
    parts = ["# Command line"]
    for name in ("", *(name for command in COMMANDS for name in (command, *PARTS.get(command, ())))):
        words = [*name.split(), "--help"]
        result = runner.invoke(app, words, prog_name="archlint", terminal_width=WIDTH, color=False)
        if result.exit_code != 0:
            raise SystemExit(f"archlint {' '.join(words)}: {result.output}")
        parts.append(f"## archlint{' ' + name if name else ''}\n\n```\n{result.output.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def example_output(path: Path) -> str:
    """The output of `archlint check` for an example, from the project's root."""
    report = check_targets([path.relative_to(ROOT)], Options(today=TODAY))
    return render_text(report, TextOptions(color=False, width=WIDTH))


def example_picture(path: Path) -> str:
    """An example drawn with the path that its first workload waits for."""
    system, report = load_checked(path.relative_to(ROOT), Options(today=TODAY))
    return svg(draw(system, report, Plan(path=next(iter(system.workloads)))))


def command_output(words: list[str]) -> str:
    """The output of a command, without colours, at the width of the pages."""
    result = CliRunner().invoke(app, words, prog_name="archlint", env={"COLUMNS": str(WIDTH), "NO_COLOR": "1"})
    return result.output


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    packs = all_packs()
    docs, failing = ROOT / "docs", ROOT / "examples" / "failing"
    made = {
        docs / "rules" / "README.md": NOTE + rule_index(packs),
        docs / "patterns" / "README.md": NOTE + pattern_index(),
        ROOT / "reference_impls" / "README.md": NOTE + reference_index(),
        docs / "technologies.md": NOTE + technologies_page(),
        docs / "cli.md": NOTE + cli_page(),
        docs / "keys.md": NOTE + keys_page(),
        docs / "library.md": NOTE + library_page(),
        ROOT / "archlint" / "catalog" / "technologies.json": compiled_technologies().decode(),
        ROOT / "archlint" / "catalog" / "hardware.json": compiled_accelerators().decode(),
        ROOT / "archlint" / "catalog" / "rule_keys.json": rule_keys(ROOT),
        ROOT / "rules" / FILE: index_of(read_packs(ROOT / "rules")).decode(),
        docs / "pictures" / "online-bigsize.svg": example_picture(failing / "online-bigsize.yaml"),
        docs / "schema" / "arch.schema.json": _json(file_schema()),
        docs / "schema" / "config.schema.json": _json(config_schema(shipped_packs())),
        docs / "schema" / "rule.schema.json": _json(rule_schema(packs, patterns().values())),
        docs / "schema" / "report.schema.json": _json(report_schema()),
        docs / "schema" / "diff.schema.json": _json(difference_schema()),
        docs / "schema" / "drift.schema.json": _json(drift_schema()),
        docs / "schema" / "numbers.schema.json": _json(numbers_schema()),
        docs / "schema" / "whatif.schema.json": _json(whatif_schema()),
        docs / "schema" / "measure.schema.json": _json(measurement_schema()),
        docs / "schema" / "sweep.schema.json": _json(sweep_schema()),
        docs / "schema" / "sensitivity.schema.json": _json(sensitivity_schema()),
        docs / "schema" / "simulation.schema.json": _json(simulation_schema()),
    }
    readme = ROOT / "README.md"
    made[readme] = filled_in(readme.read_text(encoding="utf-8"), command_output)
    made |= {ROOT / pack.docs: NOTE + rule_page(pack) for pack in packs}
    made |= {ROOT / pattern.docs: NOTE + pattern_page(pattern, packs) for pattern in patterns().values()}
    made |= manifests(ROOT / "reference_impls")
    for path in sorted((ROOT / "examples").glob("*/*.yaml")):
        if path.parent.name in {"passing", "failing"}:
            made[path.with_suffix(".txt")] = example_output(path)
    return made


def stale_files() -> list[Path]:
    """Files that were generated earlier, but are no longer."""
    made = set(files())
    found = [*ROOT.glob("docs/rules/*.md"), *ROOT.glob("docs/patterns/*.md"), *ROOT.glob("examples/*/*.txt"),
             *ROOT.glob("reference_impls/*/kubernetes/*.yaml")]  # fmt: skip
    return [path for path in found if path not in made]


PARTS = {"measure": ("measure model", "measure endpoint")}
"""The commands that have commands of their own."""


def _json(schema: dict[str, object]) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; list the files that are not current.")
def main(check: bool) -> None:
    """Write the generated files."""
    os.chdir(ROOT)
    if not check:  # the pages below read it
        (ROOT / "archlint" / "catalog" / "technologies.json").write_bytes(compiled_technologies())
        (ROOT / "archlint" / "catalog" / "hardware.json").write_bytes(compiled_accelerators())
        (ROOT / "rules" / FILE).write_bytes(index_of(read_packs(ROOT / "rules")))
    changed = [p for p, text in files().items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    stale = stale_files()
    for path in (*changed, *stale):
        click.echo(f"{'not current' if check else 'removed' if path in stale else 'written'}: {path.relative_to(ROOT)}")
    if check and (changed or stale):
        raise SystemExit("run `python docs/generate.py`")
    if not check:
        made = files()
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        for path in stale:
            path.unlink()


if __name__ == "__main__":
    main()
