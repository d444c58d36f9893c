"""DAGs of Airflow: schedules, tasks and their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.model.architecture import Architecture
from tests.importers.importing import found_in, kinds, relations, searched

HEAD = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sensors.filesystem import FileSensor
from airflow.utils.task_group import TaskGroup
"""
DAG = HEAD + """
with DAG("nightly", schedule_interval="0 2 * * *", start_date=datetime(2024, 1, 1)) as made:
    start = EmptyOperator(task_id="start")
    wait = FileSensor(task_id="wait", filepath="x")
    extract = PythonOperator(task_id="extract", python_callable=print)
    score = BashOperator(task_id="score", bash_command="python score.py", retries=3)
    load = PythonOperator(task_id="load", python_callable=print)
    start >> wait >> extract >> [score, load]
    load << score
"""
STEPS = "    a, b, c, d = 1, 2, 3, 4\n" + "".join(f"    {name} = BashOperator(task_id='{name}', bash_command='x')\n" for name in "abcd")


def order(folder: Path, text: str) -> set[tuple[str, str]]:
    """The order of the tasks a to d, and of the DAG `d0`, from statements in it."""
    system = found_in(folder, {"dag.py": f"{HEAD}\nwith DAG('d0', schedule='@daily') as made:\n{STEPS}{text}"})
    return {(source, target) for source, verb, target in relations(system) if verb == "triggers"}


def schedule(system: Architecture, name: str) -> str:
    found = system.components[name].schedule
    return found.text if found is not None else ""


def test_a_dag_triggers_its_first_tasks_and_each_task_the_next(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"dags/nightly.py": DAG})
    assert kinds(system) == {"nightly": "scheduler", "extract": "batch-job", "score": "batch-job", "load": "batch-job"}
    assert relations(system) == {
        ("nightly", "triggers", "extract"), ("extract", "triggers", "score"), ("extract", "triggers", "load"), ("score", "triggers", "load"),
    }  # fmt: skip
    assert (schedule(system, "nightly"), system.components["score"].retry) == ("0 2 * * *", "failed")


@pytest.mark.parametrize(("text", "expected"), [
    ("    a >> b >> c >> d\n", {("d0", "a"), ("a", "b"), ("b", "c"), ("c", "d")}),
    ("    [a, b] >> c\n    c >> [d]\n", {("d0", "a"), ("d0", "b"), ("a", "c"), ("b", "c"), ("c", "d")}),
    ("    d << c << b << a\n", {("d0", "a"), ("a", "b"), ("b", "c"), ("c", "d")}),
    ("    a.set_downstream([b, c])\n    d.set_upstream(b)\n", {("d0", "a"), ("a", "b"), ("a", "c"), ("b", "d")}),
    ("    chain(a, [b, c], d)\n", {("d0", "a"), ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}),
    ("    cross_downstream([a, b], [c, d])\n", {("d0", "a"), ("d0", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}),
    ("    a >> b >> a\n    c >> d\n", {("a", "b"), ("b", "a"), ("d0", "c"), ("c", "d")}),
    ("    with TaskGroup('g') as g:\n        e = BashOperator(task_id='e', bash_command='x')\n        f = BashOperator(task_id='f', bash_command='x')\n"
     "        e >> f\n    a >> g >> b\n    c >> d\n", {("d0", "a"), ("a", "e"), ("e", "f"), ("f", "b"), ("d0", "c"), ("c", "d")}),
])  # fmt: skip
def test_the_order_of_tasks(tmp_path: Path, text: str, expected: set[tuple[str, str]]) -> None:
    assert order(tmp_path, text) == expected


def test_functions_as_tasks_follow_their_data(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"dag.py": HEAD + """
@dag(schedule=timedelta(hours=6), dag_id="refresh")
def pipeline():
    @task
    def pull(): ...
    @task.kubernetes(image="acme/embed:1")
    def embed(x): ...
    @task(task_id="store")
    def push(x, y): ...
    rows = pull()
    push(embed(rows), rows)
    push.override(task_id="again").expand(x=rows["a"])
pipeline()
"""})
    assert relations(system) == {
        ("refresh", "triggers", "pull"), ("pull", "triggers", "embed"), ("pull", "triggers", "store"), ("embed", "triggers", "store"),
        ("pull", "triggers", "store-2"),
    }  # fmt: skip
    assert (schedule(system, "refresh"), system.components["embed"].image) == ("21600s", "acme/embed:1")


def test_a_task_calls_what_its_command_and_variables_name(tmp_path: Path) -> None:
    text = HEAD + """
dag = DAG("d", schedule=None)
KubernetesPodOperator(task_id="score", image="acme/score:2", cmds=["python"], arguments=["score.py", "--url", "http://ranker:8080/v1"],
                      env_vars={"REDIS_HOST": "cache", "API_KEY": "very-secret"}, dag=dag)
"""
    compose = "services: {ranker: {image: acme/ranker, ports: ['80:8080']}, cache: {image: 'redis:7'}}\n"
    system = found_in(tmp_path, {"dag.py": text, "compose.yaml": compose})
    assert {("score", "calls", "ranker"), ("score", "writes", "cache")} <= relations(system)
    assert system.components["d"].schedule is None


def test_the_pod_of_an_executor_names_an_image(tmp_path: Path) -> None:
    text = HEAD + """
POD = {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="acme/score:8")]))}
with DAG("d") as dag:
    PythonOperator(task_id="score", python_callable=run, executor_config=POD)
"""
    assert found_in(tmp_path, {"dag.py": text}).components["score"].image == "acme/score:8"


def test_dags_start_each_other(tmp_path: Path) -> None:
    head = HEAD + "from airflow.operators.trigger_dagrun import TriggerDagRunOperator\n"
    system = found_in(tmp_path, {
        "a.py": head + "with DAG('first') as a:\n    BashOperator(task_id='x', bash_command='y') >> TriggerDagRunOperator(task_id='t', trigger_dag_id='second')\n",
        "b.py": HEAD + "with DAG(dag_id='second') as b:\n    BashOperator(task_id='z', bash_command='y')\n",
    })  # fmt: skip
    assert ("first", "triggers", "second") in relations(system)


def test_two_dags_of_one_variable_stay_apart(tmp_path: Path) -> None:
    body = "    x = BashOperator(task_id='x', bash_command='y', dag=dag)\n    y = BashOperator(task_id='y', bash_command='y', dag=dag)\n    x >> y\n"
    text = HEAD + f"def one():\n    dag = DAG('one')\n{body}\ndef two():\n    dag = DAG('two')\n{body}"
    system = found_in(tmp_path, {"dag.py": text})
    assert sum(part.kind == "batch-job" for part in system.components.values()) == 4
    assert {name for name, part in system.components.items() if part.kind == "scheduler"} == {"one", "two"}


@pytest.mark.parametrize("text", [
    HEAD, HEAD + "with DAG('d', schedule='0 25 * * x') as d:\n    pass\n", HEAD + "with DAG(f'{x}') as d:\n    pass\n", HEAD + "with DAG('d') as d:\n    x >> y << z\n    a = a >> a\n",
    HEAD + "with DAG('d', schedule=x) as d:\n    " + " >> ".join(["BashOperator(task_id='a')"] * 300) + "\n",
    HEAD + "with DAG('d') as d:\n    BashOperator(task_id=" + "[" * 150 + "]" * 150 + ")\n", HEAD + "def f(:\n",
])  # fmt: skip
def test_any_python_ends_in_a_result_or_a_message(tmp_path: Path, text: str) -> None:
    found = searched(tmp_path, {"dag.py": text})
    assert found.draft.components or found.left_out


def test_a_dag_with_hundreds_of_tasks_is_cut_and_says_so(tmp_path: Path) -> None:
    lines = "".join(f"    t{n} = BashOperator(task_id='t{n}', bash_command='x')\n" for n in range(300))
    found = searched(tmp_path, {"dag.py": f"{HEAD}\nwith DAG('d') as d:\n{lines}"})
    assert len(found.draft.components) == 61
    assert any("the DAG `d` has 300 tasks: the first 60 are read" in note for note in found.draft.notes)
