"""`python -m load_test --url … --rate 50/s --p99 100ms`: exit status 0 met, 1 not met, 3 invalid."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import get_args

import httpx

from kit.load import LoadError, Plan, Record, check, run
from kit.models import DataSet, Floats, examples_apart, refusing
from kit.ports import front_port
from kit.processes import Part, Processes, python_part
from kit.settings import Settings, command_line, ended_in_one_line, read_settings, refuse
from load_test.inputs import drawn, recorded
from load_test.verdict import Objective, Verdict, duration, judge, parse_duration, parse_rate, parse_share


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = command_line("load_test", __doc__, Settings)
    parser.add_argument("--url", default="", help="the address of the service (default: test a small one)")
    parser.add_argument("--mine", action="store_true", help="confirm that you may load a service on another machine")
    parser.add_argument("--path", default="/predict", help="the path of its predictions")
    parser.add_argument("--data", choices=get_args(DataSet), default="iris", help="the data set of the inputs")
    parser.add_argument("--inputs", type=Path, help="recorded request bodies, one JSON per line; replaces --data")
    parser.add_argument("--rate", type=_read(parse_rate), default=50.0, help="the expected peak, for example 50/s")
    parser.add_argument("--p99", type=_read(parse_duration), default=0.1, help="the objective, for example 100ms")
    parser.add_argument("--errors", type=_read(parse_share), default=0.001, help="allowed errors, for example 0.1%%")
    parser.add_argument("--seconds", type=float, default=20.0, help="the measured seconds")
    parser.add_argument("--warm-up", type=float, default=3.0, help="the seconds before that, which are not measured")
    parser.add_argument("--most-lateness", type=_read(parse_share), default=0.05, help="maximum, as a share of --p99")
    parser.add_argument("--most-drift", type=_read(parse_share), default=0.05, help="maximum change of the p50")
    parser.add_argument("--json", type=Path, help="write the result to this new file")
    return parser.parse_args()


def _read(parse: Callable[[str], float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _examples(data_set: DataSet) -> Floats:
    with refusing():
        return examples_apart(data_set)


def main() -> int:
    """Load the service, report, and return the verdict as the exit status, or 2 for wrong arguments."""
    call = options()
    objective = Objective(call.p99, call.errors, call.most_lateness, call.most_drift)
    try:
        calls = recorded(call.inputs, call.path) if call.inputs else drawn(_examples(call.data), call.path)
        if call.json and call.json.exists():
            raise LoadError(f"{call.json} exists; name a new file")
        if call.json and not call.json.resolve().parent.is_dir():
            raise LoadError(f"the folder {call.json.parent} does not exist; create it first")
        plan = Plan(call.url or "http://127.0.0.1", call.rate, call.seconds, call.warm_up, own_target=call.mine)
        check(plan, calls)
        with _service(call.url) as url:
            plan = Plan(url, call.rate, call.seconds, call.warm_up, own_target=call.mine)
            record, _ = run(plan, calls)
    except LoadError as error:
        refuse(str(error))
    verdict, reasons = judge(record, objective)
    report(record, objective, verdict, reasons)
    if call.json:
        found = {"record": asdict(record), "objective": asdict(objective), "verdict": verdict.name, "reasons": reasons}
        call.json.write_text(json.dumps(found, indent=2))
    return int(verdict)


@contextmanager
def _service(url: str) -> Iterator[str]:
    """Yield the address of the service: the one that was named, or a small one that runs during the test."""
    if url:
        yield url
        return
    settings = read_settings(Settings)
    port = front_port(settings)
    part = python_part("service", "load_test.service", port=port, host="127.0.0.1", log_level="warning")
    service = Processes(part)
    try:
        part.start()
        _wait(part, own := f"http://127.0.0.1:{port}", settings.start_s)
        print(f"load-test listens on {own}", flush=True)
        yield own
    finally:
        service.stop()


def _wait(part: Part, url: str, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    while time.monotonic() < end and part.process is not None and part.process.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise LoadError(f"the service at {url} did not start")


def report(record: Record, objective: Objective, verdict: Verdict, reasons: list[str]) -> None:
    """Print what was measured, the verdict, and the line for `arch.yaml`."""
    named = {"p50": record.p50, "p95": record.p95, "p99": record.p99, "worst": record.worst}
    times = "  ".join(f"{name} {duration(seconds)}" for name, seconds in named.items())
    print(f"rate      offered {record.offered:.1f}/s  sent {record.sent:.1f}/s  good answers {record.achieved:.1f}/s")
    print(f"latency   {times}")
    print(f"answers   {record.good} good of {record.requests}  statuses {record.statuses}  errors {record.errors}")
    print(f"run       lateness p99 {duration(record.lateness_p99)}  drift {_share(record.drift)}")
    said = {Verdict.MET: "met", Verdict.NOT_MET: "NOT MET", Verdict.INVALID: "INVALID RUN"}[verdict]
    print(f"verdict   {said}: p99 {duration(objective.p99_s)}, errors {objective.errors:.2%}")
    for reason in reasons:
        print(f"          {reason}")
    if verdict is Verdict.MET:
        today = datetime.now(UTC).date().isoformat()
        print("for arch.yaml, in the tested component:")
        print(f"    load_tested: {{rate: {record.achieved:.3g}/s, p99: {duration(record.p99)}, date: {today}}}")


def _share(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1%}"


def _stop(_number: int, _frame: FrameType | None) -> None:
    print("stopped early: the run is invalid", file=sys.stderr, flush=True)
    sys.exit(int(Verdict.INVALID))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    sys.exit(ended_in_one_line(main))
