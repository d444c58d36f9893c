"""DAGs of Airflow by the syntax tree of their files: a scheduler each, with its tasks and their order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Site, Unit, Value
from archlint.importers.secrets import command_without_secrets, is_secret_name
from archlint.importers.serving_files.common import is_schedule
from archlint.importers.serving_files.python import Constant, Definition, Module, hardware, keywords, modules

FORMAT: Final = "airflow"
MAX_TASKS: Final = 60
_DAGS: Final = re.compile(r"^airflow\.(models\.|models\.dag\.|sdk\.)?DAG$")
_DAG_DECORATORS: Final = re.compile(r"^airflow\.(decorators|sdk)\.dag$")
_TASK_DECORATORS: Final = re.compile(r"^airflow\.(decorators|sdk)\.task(\.\w+)?$")
_OPERATOR: Final = re.compile(r"^[A-Z]\w*(Operator|Sensor|OperatorAsync|SensorAsync|Trigger)$")
_QUIET: Final = re.compile(
    r"Sensor(Async)?$|^(Empty|Dummy|LatestOnly|ShortCircuit|Branch\w*|Email|Slack\w*)Operator$|^(sensor|branch|short_circuit)$"
)
"""Operators that decide or wait, and do no work."""
_TRAINS: Final = re.compile(r"Train(ing)?(Job)?\w*Operator$|HyperParameterTuning|CustomTraining")
_SCHEDULES: Final = frozenset(
    {"@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually", "@midnight"}
)
_PERIODS: Final = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_CRON: Final = re.compile(r"^(\S+\s+){4}\S+$")


class Task(msgspec.Struct, eq=False):
    """A task: what runs it, and the tasks that follow."""

    name: str
    operator: str
    node: ast.Call | Definition
    arguments: dict[str, ast.expr]
    dag: str = ""
    after: list[Task] = []
    before: list[Task] = []

    @property
    def is_quiet(self) -> bool:
        """Whether it does no work of its own."""
        return _QUIET.search(self.operator) is not None


class Group(list[Task]):
    """The tasks of a group: what comes before it comes before its first tasks, what follows follows its last ones."""

    def edge(self, last: bool) -> list[Task]:
        """The first or the last tasks of the group."""
        inside = {id(task) for task in self}
        return [task for task in self if not any(id(one) in inside for one in (task.after if last else task.before))]


class Dag(msgspec.Struct, eq=False):
    """A DAG."""

    name: str
    site: Site
    schedule: Fact | None = None
    tasks: list[Task] = []
    starts: list[tuple[str, Site]] = []


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the DAGs."""
    units: list[Unit] = []
    for module in modules(paths, files, left_out):
        dags = _File(module).dags()
        for dag in dags:
            units += _units(dag, module, notes)
        if not dags:
            left_out.append((str(module.path), "it imports Airflow and defines no DAG with a literal name"))
    heads = {unit.name: unit for unit in units if unit.what == "DAG"}
    for unit in heads.values():
        unit.links = [
            msgspec.structs.replace(link, scope=heads[link.target].scope)
            if not link.scope and link.target in heads else link for link in unit.links
        ]  # fmt: skip
    return units


class _File:
    """Reads one file."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.variables: dict[str, list[Task]] = {}
        self.functions: dict[str, Task] = {}
        self.of_calls: dict[int, Task] = {}
        self.found: dict[str, Dag] = {}
        self.keys: dict[str, str] = {}

    def dags(self) -> list[Dag]:
        self.walk(self.module.tree.body, "")
        for dag in self.found.values():
            dag.tasks = list(dict.fromkeys(dag.tasks))
        return list(self.found.values())

    def walk(self, body: Iterable[ast.stmt], dag: str) -> None:
        """Read statements in order; `dag` is the one that they stand in."""
        for statement in body:
            if isinstance(statement, ast.With | ast.AsyncWith):
                inside, group = dag, ""
                for item in statement.items:
                    call, held = item.context_expr, item.optional_vars
                    variable = held.id if isinstance(held, ast.Name) else ""
                    if isinstance(call, ast.Call) and _DAGS.match(self.module.dotted(call.func)):
                        inside = self.add_dag(call, self.first(call, "dag_id"), variable)
                    elif isinstance(call, ast.Name) and call.id in self.keys:
                        inside = self.keys[call.id]
                    elif isinstance(call, ast.Call) and self.module.dotted(call.func).endswith("TaskGroup"):
                        group = variable
                known = len(self.found[inside].tasks) if inside in self.found else 0
                self.walk(statement.body, inside)
                if group and inside in self.found:
                    self.variables[group] = Group(self.found[inside].tasks[known:])
            elif isinstance(statement, Definition):
                self.define(statement, dag)
            elif isinstance(statement, ast.For | ast.If | ast.While | ast.Try):
                for name in ("body", "orelse", "finalbody"):
                    self.walk(getattr(statement, name, []), dag)
            else:
                self.statement(statement, dag)

    def define(self, node: Definition, dag: str) -> None:
        """Read a function: a DAG, a task, or a function that makes one of them."""
        for name, arguments, _ in self.module.decorators(node):
            if _DAG_DECORATORS.match(name):
                key = self.add(node.name, self.module.text(arguments.get("dag_id")) or node.name, node, arguments)
                self.walk(node.body, key)
                return
            if _TASK_DECORATORS.match(name):
                operator = name.rpartition(".")[2] if not name.endswith(".task") else "task"
                task = self.module.text(arguments.get("task_id")) or node.name
                self.functions[node.name] = Task(task, operator, node, arguments)
                return
        if not isinstance(node, ast.ClassDef):
            self.walk(node.body, dag)

    def first(self, call: ast.Call, key: str) -> str:
        return self.module.text(call.args[0] if call.args else keywords(call).get(key))

    def add_dag(self, call: ast.Call, name: str, variable: str = "") -> str:
        return self.add(variable, name, call, keywords(call)) if name else ""

    def add(self, variable: str, name: str, node: ast.expr | ast.stmt, arguments: dict[str, ast.expr]) -> str:
        key = f"{name}:{len(self.found)}"
        if variable:
            self.keys[variable] = key
        schedule = arguments.get("schedule", arguments.get("schedule_interval", arguments.get("timetable")))
        self.found[key] = Dag(name, self.module.site(node), _schedule(schedule, self.module))
        return key

    def statement(self, statement: ast.stmt, dag: str) -> None:
        """Read an assignment or an expression: tasks, and their order."""
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return
        if isinstance(value, ast.Call) and _DAGS.match(self.module.dotted(value.func)):
            names = [one.id for one in getattr(statement, "targets", []) if isinstance(one, ast.Name)]
            self.add_dag(value, self.first(value, "dag_id"), names[0] if names else "")
            return
        made = self.tasks(value, dag, 0)
        for target in getattr(statement, "targets", []):
            if isinstance(target, ast.Name):
                self.variables[target.id] = made

    def tasks(self, node: ast.expr, dag: str, depth: int) -> list[Task]:
        """Return the tasks that an expression stands for, and read the order that it states."""
        if depth > 40:
            return []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift):
            return self.shift(node, dag)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [task for one in node.elts for task in self.tasks(one, dag, depth + 1)]
        if isinstance(node, ast.Name):
            return self.variables.get(node.id, [])
        if isinstance(node, ast.Subscript | ast.Attribute):
            return self.tasks(node.value, dag, depth + 1)
        return self.call(node, dag, depth) if isinstance(node, ast.Call) else []

    def shift(self, node: ast.BinOp, dag: str) -> list[Task]:
        """Read `a >> b << c`, from left to right."""
        steps: list[tuple[ast.operator, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.RShift | ast.LShift):
            steps.append((left.op, left.right))
            left = left.left
        before = self.tasks(left, dag, 1)
        for operator, right in reversed(steps):
            following = self.tasks(right, dag, 1)
            _order(*((before, following) if isinstance(operator, ast.RShift) else (following, before)))
            before = following
        return before

    def call(self, node: ast.Call, dag: str, depth: int) -> list[Task]:
        """Return the task that a call makes."""
        known = self.of_calls.get(id(node))
        if known is not None:
            return [known]
        name = self.module.dotted(node.func)
        last = name.rpartition(".")[2]
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"set_downstream", "set_upstream"}:
            own = self.tasks(node.func.value, dag, depth + 1)
            others = [task for argument in node.args for task in self.tasks(argument, dag, depth + 1)]
            _order(*((own, others) if node.func.attr == "set_downstream" else (others, own)))
            return own
        if last in {"chain", "chain_linear", "cross_downstream"} and name.startswith("airflow."):
            steps = [self.tasks(argument, dag, depth + 1) for argument in node.args]
            for before, following in zip(steps, steps[1:], strict=False):
                pairwise = last == "chain" and len(before) == len(following) > 1
                for one, other in zip(before, following, strict=True) if pairwise else ():
                    _order([one], [other])
                if not pairwise:
                    _order(before, following)
            return []
        given = [task for argument in (*node.args, *keywords(node).values())
                 for task in (self.tasks(argument, dag, depth + 1) if _may_hold_task(argument) else [])]
        base = self.base(node.func)
        if base in self.functions:
            template = self.functions[base]
            task = Task(template.name, template.operator, template.node, template.arguments)
        elif _OPERATOR.match(last):
            text = self.module.text(keywords(node).get("task_id"))
            if not text:
                return []
            task = Task(text, last, node, keywords(node))
        elif isinstance(node.func, ast.Attribute):                          # task.expand(...), task.as_setup()
            return self.tasks(node.func.value, dag, depth + 1)
        else:
            return []
        self.of_calls[id(node)] = task
        stated = keywords(node).get("dag")
        place = self.keys.get(stated.id, dag) if isinstance(stated, ast.Name) else dag
        if place in self.found:
            self.found[place].tasks = [*self.found[place].tasks, task]
        if task.operator == "TriggerDagRunOperator" and place in self.found:
            target = self.module.text(keywords(node).get("trigger_dag_id"))
            if target:
                self.found[place].starts = [*self.found[place].starts, (target, self.module.site(node))]
        _order(given, [task])
        return [task]

    def base(self, node: ast.expr) -> str:
        """The function that a call of a task begins with: `score.override(...)(x)`, `score.expand(x=...)`."""
        while isinstance(node, ast.Attribute | ast.Call):
            node = node.value if isinstance(node, ast.Attribute) else node.func
        return node.id if isinstance(node, ast.Name) else ""


def _may_hold_task(node: ast.expr) -> bool:
    return isinstance(node, ast.Call | ast.Name | ast.List | ast.Tuple | ast.Subscript | ast.Attribute)


def _order(before: list[Task], following: list[Task]) -> None:
    before = before.edge(last=True) if isinstance(before, Group) else before
    following = following.edge(last=False) if isinstance(following, Group) else following
    for one in before[:MAX_TASKS]:
        for other in following[:MAX_TASKS]:
            if one is not other and other not in one.after:
                one.after = [*one.after, other]
                other.before = [*other.before, one]


def _schedule(node: ast.expr | None, module: Module) -> Fact | None:
    """A cron expression, a macro, or a `timedelta`."""
    if node is None:
        return None
    text = module.text(node).strip()
    if text in _SCHEDULES or (_CRON.match(text) and is_schedule(text)):
        return Fact("@daily" if text == "@midnight" else text, module.site(node))
    if isinstance(node, ast.Call) and module.dotted(node.func).endswith("timedelta"):
        numbers = {**dict(zip(("days", "seconds"), node.args, strict=False)), **keywords(node)}
        total = sum((module.number(value) or 0) * _PERIODS.get(key, 0) for key, value in numbers.items())
        return Fact(f"{total:.12g}s", module.site(node), "a timedelta") if total > 0 else None
    if isinstance(node, ast.Call):
        first = module.text(node.args[0] if node.args else keywords(node).get("cron"))
        return Fact(first, module.site(node)) if _CRON.match(first) and is_schedule(first) else None
    return None


def _units(dag: Dag, module: Module, notes: list[str]) -> Iterator[Unit]:
    """Yield the scheduler of a DAG and its tasks; tasks that only wait or decide pass the order on."""
    scope = f"{module.path}:{dag.name}"
    head = Unit(
        dag.name, FORMAT, "DAG", scope, dag.site, "job", kind="scheduler", uses="airflow", reason="a DAG of Airflow"
    )
    if dag.schedule is not None:
        head.facts["schedule"] = dag.schedule
    working = [task for task in dag.tasks if not task.is_quiet and task.operator != "TriggerDagRunOperator"]
    if len(working) > MAX_TASKS:
        notes.append(f"{dag.site.shown}: the DAG `{dag.name}` has {len(working)} tasks: the first {MAX_TASKS} are read")
        working = working[:MAX_TASKS]
    units = {id(task): _task_unit(task, dag, module, scope) for task in working}
    names: dict[str, int] = {}
    for task in working:
        names[task.name] = names.get(task.name, 0) + 1
        if names[task.name] > 1:
            units[id(task)].name = f"{task.name}-{names[task.name]}"
    reached: set[int] = set()
    for task in working:
        for other in _following(task, units):
            reached.add(id(other))
            units[id(task)].links.append(
                Link(units[id(other)].name, "triggers", "the order of tasks", _place(other, module), scope=scope)
            )
    for task in working:
        if id(task) not in reached:
            place = _place(task, module)
            head.links.append(Link(units[id(task)].name, "triggers", "a first task", place, scope=scope))
    head.links += [Link(name, "triggers", "trigger_dag_id", site) for name, site in dag.starts if name != dag.name]
    yield head
    yield from units.values()


def _following(task: Task, units: dict[int, Unit]) -> Iterator[Task]:
    """Yield the tasks that run next, through those that are no units; each once, in any circle."""
    seen = {id(task)}
    waiting = list(reversed(task.after))
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if id(one) in units:
            yield one
        else:
            waiting += reversed(one.after)


def _place(task: Task, module: Module) -> Site:
    return module.site(task.node)


def _task_unit(task: Task, dag: Dag, module: Module, scope: str) -> Unit:
    trains = _TRAINS.search(task.operator) is not None
    unit = Unit(
        task.name, FORMAT, "task", scope, _place(task, module), "job", kind="training-job" if trains else "batch-job",
        uses="airflow", reason=f"a task of {dag.name}: {task.operator}",
    )  # fmt: skip
    image = task.arguments.get("image") or _image(task.arguments.get("executor_config"), module)
    if image is not None and module.text(image) and "{{" not in module.text(image):
        unit.image = Value(module.text(image), module.site(image), plain=False)
        unit.uses = ""
    unit.command = command_without_secrets(tuple(_command(task, module)))
    unit.env = dict(_environment(task, module))
    retries = module.number(task.arguments.get("retries"))
    if retries:
        unit.facts["retry"] = Fact("failed", module.site(task.arguments["retries"]), f"retries={retries:.12g}")
    resources = task.arguments.get("container_resources")
    limits = keywords(resources).get("limits") if isinstance(resources, ast.Call) else None
    gpus = module.items(limits).get("nvidia.com/gpu")
    count = module.number(gpus)
    made = hardware([("gpus", Fact(f"{count:.12g}", module.site(gpus)) if gpus is not None and count else None)])
    if made is not None:
        unit.facts["hardware"], unit.gpu = made, True
    return unit


def _image(node: ast.expr | None, module: Module) -> ast.expr | None:
    """The image of the pod that an executor is asked to run a task in."""
    if isinstance(node, ast.Name):
        node = module.values.get(node.id)
    calls = module.calls(node) if node is not None else ()
    return next((keywords(call)["image"] for call in calls if "image" in keywords(call)), None)


def _command(task: Task, module: Module) -> Iterator[Value]:
    for key in ("bash_command", "command", "cmds", "arguments"):
        for text, node in module.words(task.arguments.get(key)):
            yield Value(text, module.site(node), plain=False)


def _environment(task: Task, module: Module) -> Iterator[tuple[str, Value]]:
    for key in ("env_vars", "environment", "env"):
        for name, node in module.items(task.arguments.get(key)).items():
            value: Constant = module.constant(node)
            if value is not None and not is_secret_name(name):
                yield name, Value(str(value), module.site(node), plain=False)
