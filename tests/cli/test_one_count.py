"""Every command counts findings alike: all places that one decision fixes are one finding."""

import json
import re
from pathlib import Path

from tests.conftest import Run

SHOP = """
archlint: 1
system: shop
workloads:
  home: {from: app, waits: true, rate: 10/s}
models: {first: {}, second: {}, third: {}}
described: all
components:
  app: {kind: client, calls: [{to: one, timeout: 1s}, two, three]}
  one: {kind: model-server, serves: [first], replicas: 1}
  two: {kind: model-server, serves: [second], replicas: 1}
  three: {kind: model-server, serves: [third], replicas: 1}
"""


def _number(text: str) -> int:
    found = re.search(r"(\d+) findings", text)
    assert found is not None, text
    return int(found[1])


def test_check_render_baseline_and_whatif_count_alike(archlint: Run, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = archlint(*words)
        return str(done.stdout) + str(done.stderr)

    (tmp_path / "arch.yaml").write_text(SHOP)
    whole = json.loads(run("check", "-o", "json"))["findings"]
    places = sum(len(finding["places"]) or 1 for finding in whole)
    assert places > len(whole) > 1
    assert _number(run("render", "arch.yaml", "-o", "arch.svg")) == len(whole)
    assert _number(run("render", "arch.yaml", "-o", "arch.graphml")) == len(whole)
    unchanged = run("whatif", "arch.yaml", "--set", "workloads.home.rate=11/s").split("unchanged")[0]
    assert _number(unchanged.splitlines()[-1]) == len(whole)
    written = run("baseline")
    assert _number(written) == len(whole)
    assert f"({places} entries)" in written
    assert f"{len(whole)} findings in the baseline." in run("check")
