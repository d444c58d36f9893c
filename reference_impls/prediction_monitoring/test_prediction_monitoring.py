"""Monitoring of a real process: traffic as in training, traffic that drifted, and too little traffic to decide."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import promql_parser
import pytest
import yaml

from kit.models import Floats, Model, examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start
from prediction_monitoring.drift import Window, bound, distance, judge, needed

PETAL_LENGTH = 2
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")


def traffic(number: int, seed: int, column: int = 0, shift: float = 0) -> Floats:
    """Draw records from the training data, optionally with one feature shifted."""
    flowers = examples("iris")
    drawn = flowers[np.random.default_rng(seed).integers(0, len(flowers), number)]
    drawn[:, column] += shift
    return drawn


def send(service: Service, records: Floats) -> None:
    for chunk in np.array_split(records, max(1, len(records) // 100)):
        service.client.post("/predict", json={"inputs": chunk.tolist()}).raise_for_status()


def alerts(service: Service) -> list[str]:
    lines = service.client.get("/metrics").text.splitlines()
    found = [re.fullmatch(r'drift_state\{signal="(.*)",state="alert"\} 1\.0', line) for line in lines]
    return [match[1] for match in found if match]


def names_in(expression: promql_parser.Expr) -> set[str]:
    names: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            names.add(str(node.name))

    promql_parser.walk(expression, pre_visit=visit)
    return names


def test_drift_is_reported_for_the_feature_that_drifts_and_only_with_enough_records(tmp_path: Path) -> None:
    with start(tmp_path, "prediction_monitoring", max_body_bytes=20_000) as service:
        assert service.client.get("/drift").json()["state"] == "undecided"
        send(service, traffic(100, seed=1, column=PETAL_LENGTH, shift=2.5))
        few = service.client.get("/drift").json()
        assert (few["state"], few["records"]) == ("undecided", 100)
        assert {one["state"] for one in few["signals"]} == {"undecided"}
        assert few["signals"][0]["reason"] == f"100 records; {few['needed']} are needed to detect drift"
        for what, content in bad_bodies(20_000).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], what
        assert service.client.get("/drift").json()["records"] == 100

        send(service, traffic(1000, seed=2))
        fine = service.client.get("/drift").json()
        assert (fine["state"], fine["records"]) == ("ok", 1000), fine
        assert alerts(service) == []

        send(service, traffic(1000, seed=3, column=PETAL_LENGTH, shift=2.5))
        drifted = service.client.get("/drift").json()
        told = {one["name"]: one["reason"] for one in drifted["signals"] if one["state"] == "alert"}
        assert drifted["state"] == "alert" and {n for n in told if not n.startswith("class ")} == {"petal length (cm)"}
        assert "in training" in told["petal length (cm)"] or "outside of" in told["petal length (cm)"]
        assert alerts(service) == list(told)

        exposed = service.client.get("/metrics").text
        made = re.findall(r'^predictions_total\{label="(\w+)".*\} ([\d.]+)$', exposed, re.MULTILINE)
        assert {name for name, _ in made} == {"setosa", "versicolor", "virginica"}
        assert sum(float(number) for _, number in made) == 2100
        check_rules(exposed)
        assert service.stop() == 0 and "Traceback" not in service.errors


def check_rules(exposed: str) -> None:
    """Each rule is PromQL over metrics of the service, and has a duration, a severity and a summary."""
    groups = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text())["groups"]
    known = set(re.findall(r"^(\w+)[ {]", exposed, re.MULTILINE))
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 5
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert DURATION.fullmatch(rule["for"]) and rule["labels"]["severity"] and rule["annotations"]["summary"]
        names = names_in(promql_parser.parse(rule["expr"]))
        assert names and names <= known, rule["alert"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(train("iris", tmp_path_factory.mktemp("model")))


def test_traffic_as_in_training_raises_no_alarm_whatever_is_drawn(model: Model) -> None:
    enough = needed(7, 0.001, 0.15)
    for seed in range(100):
        inputs = traffic(enough, seed)
        drift = judge(model.card, inputs, [p.label for p in model.predict(inputs)], 0.15, 0.001)
        assert drift.state == "ok", (seed, drift)


@pytest.mark.parametrize(("column", "shift"), [(0, 1.5), (1, -1.0), (2, 2.5), (3, 1.5), (3, -1.5), (0, 1e300)])
def test_a_shifted_feature_is_named_in_either_direction(model: Model, column: int, shift: float) -> None:
    inputs = traffic(1000, 5, column, shift)
    drift = judge(model.card, inputs, ["setosa"] * 1000, 0.15, 0.001)
    features = [one.name for one in drift.signals if one.state == "alert" and not one.name.startswith("class ")]
    assert features == [model.card.features[column]]
    assert "class setosa" in [one.name for one in drift.signals if one.state == "alert"]


def test_values_that_repeat_are_no_drift() -> None:
    training = np.repeat([0.0, 1.0], [90, 10])
    deciles = [float(q) for q in np.quantile(training, np.linspace(0, 1, 11))]
    assert distance(training, deciles)[0] < 0.01
    assert distance(np.repeat([0.0, 1.0], [40, 60]), deciles)[0] == pytest.approx(0.5, abs=0.11)


def test_records_leave_the_window_with_time(model: Model) -> None:
    window = Window(1000, seconds=60)
    window.add(traffic(300, 1), ["setosa"] * 300, now=0)
    assert window.judge(model.card, 0.15, 0.001, now=60).records == 300
    assert window.judge(model.card, 0.15, 0.001, now=61).state == "undecided"
    assert bound(0, 7, 0.001) == 1


def test_a_window_that_never_decides_is_refused(tmp_path: Path) -> None:
    assert "SERVE_WINDOW: 10 records are too few" in refusal(tmp_path, "prediction_monitoring", window=10)
