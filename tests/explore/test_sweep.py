"""`archlint sweep`: every combination of some facts, in processes or on a cluster."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.analysis.quantity import Quantity
from archlint.changing import parse_setting
from archlint.cli.app import run_app
from archlint.errors import UsageError
from archlint.explore.ranges import axis_of, points_of
from archlint.explore.sweep import Cell, Row, Sweep, local_rows, sweep
from archlint.explore.sweep_outputs import (
    render_csv,
    render_html,
    render_json,
    render_svg,
    render_text,
    sweep_schema,
    without_number,
)
from archlint.explore.whatif import whatif
from tests.conftest import Run, command
from tests.explore.systems import SHOP, variants

REPLICAS, RATES = "components.api.replicas=1..3", "workloads.search.rate=100/s,400/s"


def swept(folder: Path, *texts: str) -> Sweep:
    inputs = variants(folder).inputs
    axes = [axis_of(parse_setting(text)) for text in texts]
    points = points_of(axes)
    return sweep(inputs, axes, points, local_rows(inputs, points), lambda done: None)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2..4", ("2", "3", "4")), ("2..9..3", ("2", "5", "8")), ("100/s..300/s..100/s", ("100/s", "200/s", "300/s")),
        ("0.1s..0.3s..0.1s", ("0.1s", "0.2s", "0.3s")), ("1,5,2..3", ("1", "5", "2", "3")), ("[a, b],[c]", ("[a, b]", "[c]")),
        ("{min: 1, max: 2},4", ("{min: 1, max: 2}", "4")), ("10..10", ("10",)), ("null,3", ("null", "3")), ("2GB..4GB", ("2GB", "3GB", "4GB")),
    ],
)  # fmt: skip
def test_values_of_a_range(text: str, values: tuple[str, ...]) -> None:
    assert axis_of(parse_setting(f"components.api.replicas={text}")).values == values


@pytest.mark.parametrize(
    ("text", "message"),
    [("8..2", "has no values"), ("1..100000000", "more than 10,000 values"), ("1..5..0", "has no values"), ("a..b", "is not a range"),
     ("1/s..4/h", "different units"), ("1,,2", "an empty value")],
)  # fmt: skip
def test_wrong_ranges(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        axis_of(parse_setting(f"components.api.replicas={text}"))


def test_too_many_combinations_are_one_clear_error() -> None:
    axes = [axis_of(parse_setting(f"components.api.{key}=1..500")) for key in ("replicas", "workers")]
    with pytest.raises(UsageError) as error:
        points_of(axes)
    assert error.value.message == "500 x 500 = 250,000 combinations are too many" and "10,000" in error.value.hint


def test_a_row_equals_what_whatif_shows_for_its_settings(tmp_path: Path) -> None:
    found = swept(tmp_path, REPLICAS, RATES)
    assert [row.values for row in found.rows][:3] == [("1", "100/s"), ("1", "400/s"), ("2", "100/s")]
    asked = variants(tmp_path)
    for row in found.rows:
        settings = [parse_setting(f"{axis.path}={value}") for axis, value in zip(found.axes, row.values, strict=True)]
        after = whatif(asked, settings).after
        numbers = {key: n.value if isinstance(n, Quantity) else None for key, n in after.numbers.flat().items()}
        assert {key: cell.value for key, cell in row.numbers.items()} == numbers
        assert sorted(r for rules in row.findings.values() for r in rules) == sorted(f.rule for f in after.report.grouped)


def test_processes_give_the_same_rows(tmp_path: Path) -> None:
    found = swept(tmp_path, "components.api.replicas=1..7", RATES)
    inputs = variants(tmp_path).inputs
    alone = [row for start in range(0, 14, 7) for row in local_rows(inputs, points_of(found.axes)[start : start + 7])]
    assert len(found.rows) == 14 and list(found.rows) == alone


def test_a_name_that_no_number_has_is_noted(tmp_path: Path) -> None:
    found = swept(tmp_path, REPLICAS)
    wrong = list(without_number(found, ["p99", "workloads.search.p99", "utilization", "nothing"]))
    assert wrong[0] == "--show utilization: no number has this name; did you mean `utilisation`?"
    assert wrong[1].startswith("--show nothing: no number has this name; names: ") and len(wrong) == 2


def test_a_combination_that_the_format_refuses_is_a_row_with_an_error(tmp_path: Path) -> None:
    found = swept(tmp_path, "components.api.replicas=many,2")
    assert "`many` is not a count" in found.rows[0].error and not found.rows[1].error
    assert "error: --set components.api.replicas" in render_text(found)
    with pytest.raises(UsageError, match="`many` is not a count"):
        swept(tmp_path, "components.api.replicas=many")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_the_front_has_the_rows_that_no_other_row_beats(pairs: list[tuple[int, int]]) -> None:
    cost, late = ("system", "cost_per_month"), ("workloads.a", "p99")
    rows = tuple(Row((), {cost: Cell(float(x), "USD", ""), late: Cell(float(y), "s", "")}) for x, y in pairs)
    found = Sweep("a.yaml", "", (), rows)
    front = [pairs[index] for index in found.front(cost, late)]
    beaten = {a for a in pairs if any(b[0] <= a[0] and b[1] <= a[1] and b != a for b in pairs)}
    assert sorted(set(front)) == sorted(set(pairs) - beaten) and found.pareto_keys() == (cost, late)
    ElementTree.fromstring(render_svg(found))


def test_outputs(tmp_path: Path) -> None:
    found = swept(tmp_path, REPLICAS, RATES)
    jsonschema.validate(json.loads(render_json(found)), sweep_schema())
    table = list(csv.DictReader(io.StringIO(render_csv(found))))
    assert len(table) == 6 and table[0]["components.api.replicas"] == "1" and "CAP001" in table[1]["rules"]
    assert float(table[2]["components.api.utilisation"]) == pytest.approx(100 * 0.02 / 8)
    assert "6 combinations" in render_text(found) and "A = components.api.replicas" in render_text(found)
    assert render_html(found).count("<tr>") == 7
    ElementTree.fromstring(render_svg(found, ("workloads.search.breaks_at",)))
    assert "utilisation" not in render_csv(found, ("breaks_at",)).splitlines()[0]
    harmless = render_csv(swept(tmp_path, "components.api.owner=+cmd,b"))
    assert "\n'+cmd," in harmless


def test_the_command(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SHOP)
    words = ("--set", "components.api.replicas=1..7", "--set", RATES, "--select", "CAP001", "-o", "csv:rows.csv", "-o", "text")
    done = archlint("sweep", *words)
    assert (done.returncode, done.stderr) == (0, "") and "14 combinations" in done.stdout
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 15


def test_what_a_call_must_not_leave_out(tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP)
    with pytest.raises(UsageError, match="nothing to vary"):
        run_app(["sweep", str(path)])
    with pytest.raises(UsageError, match="is given twice"):
        run_app(["sweep", str(path), "--set", REPLICAS, "--set", REPLICAS])
    with pytest.raises(UsageError, match="cannot connect"):
        run_app(["sweep", str(path), "--set", REPLICAS, "--scheduler", "127.0.0.1"])


def wait_for_workers_of(pid: int) -> None:
    """Wait until a process has started others."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(600):
        if children.is_file() and children.read_text().strip():
            return
        time.sleep(0.05 if children.is_file() else 0.01)


@pytest.mark.skipif(os.name == "nt", reason="sends the signal of Ctrl-C as POSIX does: run it on Linux or macOS")
def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SHOP)
    words = [command(), "sweep", "--set", "components.api.replicas=1..5000", "-o", "csv:rows.csv"]
    started = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_workers_of(started.pid)
    started.send_signal(signal.SIGINT)
    out, error = started.communicate(timeout=60)
    assert (started.returncode, out, error) == (130, "", "error: interrupted\n") and not (tmp_path / "rows.csv").exists()


PATIENCE_S = 180.0
"""How long a busy machine may take until workers have work."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask cluster on loopback: a scheduler, and three workers with one process each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    started: list[subprocess.Popen[bytes]] = []

    def start(module: str, *words: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"{len(started)}.log").open("wb")
        env = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
        process = subprocess.Popen([sys.executable, "-m", f"distributed.cli.{module}", *words], stdout=log, stderr=log, env=env)
        log.close()
        started.append(process)
        return process

    try:
        start("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        workers = [start("dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
                         "--death-timeout", "60") for _ in range(3)]  # fmt: skip
        wait_for_workers(address, 3)
        yield address, workers
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    for _ in range(60):
        try:
            with Client(address, timeout=5, set_as_default=False) as client:
                client.wait_for_workers(count, timeout=60)
                return
        except OSError:
            time.sleep(1)
    raise AssertionError("the scheduler did not start")


def wait_until_busy(address: str) -> None:
    """Wait until every worker has work."""
    from distributed import Client

    with Client(address, timeout=5, set_as_default=False) as client:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            work = client.processing()
            if len(work) == 3 and all(work.values()):
                return
            time.sleep(0.01)
    raise AssertionError("the workers got no work")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_workers_one_of_which_is_killed(
    archlint: Run, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    folder = tmp_path / "system"
    folder.mkdir()
    (folder / "arch.yaml").write_text(SHOP)
    words = ["sweep", "--set", "components.api.replicas=1..100", "--set", RATES, "--select", "CAP001", "-o"]
    running = subprocess.Popen([command(), *words, "csv:far.csv", "--scheduler", address], cwd=folder, stderr=subprocess.PIPE)
    wait_until_busy(address)
    workers[0].kill()
    assert running.poll() is None
    _, error = running.communicate(timeout=2 * PATIENCE_S)
    assert running.returncode == 0, error
    assert archlint(*words, "csv:here.csv", cwd=folder).returncode == 0
    assert (folder / "far.csv").read_text() == (folder / "here.csv").read_text()
    assert len((folder / "far.csv").read_text().splitlines()) == 201
