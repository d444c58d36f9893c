"""The modules that a plain `check` may import, so that it starts fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

HEAVY = {
    "click", "_hashlib", "pydantic", "networkx", "numpy", "rich", "email", "importlib.metadata", "rustworkx", "jsonschema", "fastapi",
    "sklearn", "statistics", "pathspec", "difflib", "tomllib", "asyncio", "http", "concurrent.futures", "multiprocessing",
    "archlint.report.json", "archlint.report.sarif", "archlint.report.junit", "archlint.report.github",
    "archlint.report.gitlab", "archlint.report.markdown", "archlint.report.markup", "archlint.report.html", "xml", "html",
    "archlint.cli.options", "archlint.cli.app", "archlint.model.schema", "archlint.analysis.patterns", "archlint.cli.explain",
    "archlint.compare", "archlint.differ", "archlint.diagram", "archlint.cli.pictures", "subprocess",
    "archlint.importers", "archlint.checks.deployed", "archlint.model.deployment",
}  # fmt: skip
SCRIPT = """
import sys
sys.argv = ["archlint", "check", sys.argv[1]]
from archlint.cli import main
try:
    main()
except SystemExit:
    pass
print("\\nLOADED", *sys.modules)
"""

COUNTED = """
import re._compiler, traceback
compile_now = re._compiler.compile
compiled = []
def compile_and_note(pattern, flags=0):
    callers = [frame.filename.replace("\\\\", "/") for frame in traceback.extract_stack()]
    compiled.extend(name for name in callers if "/yaml/" in name)
    return compile_now(pattern, flags)
re._compiler.compile = compile_and_note
from archlint.cli import main
"""


def loaded_by(path: Path, cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


def test_a_check_imports_only_what_it_uses(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples" / "passing").glob("*.yaml")):
        loaded = loaded_by(path, tmp_path)
        assert not (HEAVY - {"statistics"}) & loaded, path    # needed for an objective between two stated percentiles
        assert "yaml" in loaded


def test_findings_need_little_more(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples" / "failing").glob("*.yaml")):
        assert not (HEAVY - {"difflib", "statistics"}) & loaded_by(path, tmp_path), path


def test_a_check_compiles_no_regular_expression_of_the_yaml_library(tmp_path: Path) -> None:
    """One of them takes longer to compile than all rules take to import; the C parser uses none."""
    counted = SCRIPT.replace("from archlint.cli import main", COUNTED) + 'print("COMPILED", *compiled)'
    path = sorted((ROOT / "examples" / "failing").glob("*.yaml"))[0]
    done = subprocess.run(
        [sys.executable, "-c", counted, str(path)], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    assert done.stdout.rsplit("COMPILED", 1)[1].split() == []


def test_few_classes_of_a_check_are_named_tuples(tmp_path: Path) -> None:
    """One takes as long to make as ten records of msgspec; those that are left are unpacked in many places."""
    made = "[name for name, module in list(sys.modules.items()) if name.startswith('archlint.') for kind in vars(module).values() " \
        "if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, '_fields') and kind.__module__ == name]"
    path = sorted((ROOT / "examples" / "failing").glob("*.yaml"))[0]
    done = subprocess.run(
        [sys.executable, "-c", f"{SCRIPT}print('MADE', *{made})", str(path)], capture_output=True, text=True, check=True,
        cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert len(done.stdout.rsplit("MADE", 1)[1].split()) <= 4


def test_a_late_regular_expression_is_the_same_when_it_is_used() -> None:
    """Python code in the same process, such as a custom rule, can still use PyYAML's own reader."""
    script = "from archlint.source.later import import_yaml\nimport_yaml()\nimport yaml\n"
    script += "print(yaml.load('{a: 1.5, b: 2026-11-29, c: yes, d: 0x1f}', yaml.SafeLoader))\n"
    script += "try: yaml.load('a: \\x01', yaml.SafeLoader)\nexcept yaml.reader.ReaderError: print('refused')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[:2] == [
        "{'a': 1.5, 'b': datetime.date(2026, 11, 29), 'c': True, 'd': 31}", "refused",
    ]  # fmt: skip


def test_a_late_module_is_the_same_when_it_is_used() -> None:
    script = "import sys\nfrom archlint.source.later import LaterModule, import_later\nimport_later('ipaddress', 'no_such')\n"
    script += "import ipaddress, urllib.parse\nprint(isinstance(sys.modules['ipaddress'], LaterModule))\n"
    script += "print(ipaddress.ip_address('::1'), urllib.parse.urlsplit('http://[::1]:80/').port)\n"
    script += "from ipaddress import ip_network\nprint(sys.modules['ipaddress'].ip_network is ip_network)\n"
    script += "import no_such\ntry: no_such.name\nexcept ModuleNotFoundError as error: print(error)\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["True", "::1 80", "True", "No module named 'no_such'"]


def test_what_msgspec_does_not_get_others_do() -> None:
    script = "import sys\nfrom archlint.source.later import import_msgspec\nimport_msgspec()\nimport msgspec\n"
    script += "print(sorted({'uuid', 'decimal', 'platform', 'typing_extensions'} & sys.modules.keys()))\n"
    script += "import decimal, uuid\nprint(decimal.Decimal('1.50'), uuid.UUID(int=1).int, msgspec.json.decode(b'1.5', type=float))\n"
    script += "print(msgspec.inspect.type_info(int).gt, msgspec.json.schema(int)['type'])\n"
    script += "print(msgspec.msgpack.decode(msgspec.msgpack.encode([1])), msgspec.yaml.decode('a: !!binary aGk=', type=dict))\n"
    script += "import typing, typing_extensions\nkeys = typing.TypedDict('keys', {'a': typing.NotRequired[int]})\n"
    script += "print(typing_extensions.NotRequired is typing.NotRequired, msgspec.json.decode(b'{}', type=keys))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["[]", "1.50 1 1.5", "None integer", "[1] {'a': b'hi'}", "True {}"]


READ = """
import sys
from pathlib import Path
light, *paths = sys.argv[1:]
if light == "light":
    from archlint.source.later import import_msgspec, import_yaml
    import_msgspec()
    import_yaml()
from archlint.source import events
from archlint.source.parser import parse_all
from archlint.errors import UnreadableInputError
def shown(node):
    if hasattr(node, "entries"):
        return {key: (entry.start, entry.width, shown(entry.value)) for key, entry in node.entries.items()}, node.start, node.end
    if hasattr(node, "items"):
        return [shown(item) for item in node.items], node.start, node.end
    return repr(node)
print(events.SCALAR.__module__ == "yaml.events", file=sys.stderr)
for path in paths:
    try:
        print(path, [(shown(one.root), one.flaws, one.extent) for one in parse_all(path, Path(path).read_text("utf-8"))])
    except UnreadableInputError as error:
        print(path, error.message, error.hint)
"""
ODD = (
    "a: &x {b: [1, 2]}\nc: *x\n<<: *x\n", "? {a: 1}\n: b\n", "!!map {a: !!int x, b: !y [z]}\n", "a: 'x\n  y'\nb: |\n  z\nc:\n- d\n-\n",
    "a: x\u2028y # \u0085\n---\nb: 1\n--- []\n", "a: [1, {b\n", "a: *none\n", "a: b: c\n", "\tx\n", "&a [*a]\n", '"a": 1\na: 2\n',
)


def test_the_events_of_a_check_are_those_of_pyyaml(tmp_path: Path) -> None:
    for number, text in enumerate(ODD):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    paths = [str(path) for folder in (tmp_path, ROOT / "examples", ROOT / "rules") for path in sorted(folder.rglob("*.yaml"))]
    light, plain = (
        subprocess.run([sys.executable, "-c", READ, way, *paths], capture_output=True, text=True, check=True, timeout=120)
        for way in ("light", "plain")
    )
    assert (light.stderr, plain.stderr) == ("False\n", "True\n")
    assert light.stdout == plain.stdout and light.stdout.count("\n") == len(paths)


def test_callers_that_wait_in_a_circle_do_not_need_networkx(tmp_path: Path) -> None:
    """`check` needs cycles of the graph; importing networkx takes longer than the check."""
    paths = sorted((ROOT / "rules").glob("REL007-*/bad-*.yaml"))
    assert paths
    for path in paths:
        assert not {"networkx", "rustworkx", "numpy"} & loaded_by(path, tmp_path), path
