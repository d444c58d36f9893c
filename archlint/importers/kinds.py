"""The kind of each unit, with its reason: from its format, command, image, variables and relations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from archlint.catalog.listening import repository_of
from archlint.importers.evidence import CERTAIN, FAIR, ORDER, STRONG, Evidence
from archlint.importers.objects import Unit
from archlint.importers.technologies import (
    UTILITIES,
    Known,
    by_address,
    by_command,
    by_image,
    serves_requests,
    web_server,
)
from archlint.model.deployment import ONLY_SERVER

STORES: Final = frozenset(
    {"database", "cache", "queue", "vector-store", "object-store", "warehouse", "feature-store", "model-registry",
     "config-store", "log-store"}
)  # fmt: skip
_AROUND: Final = frozenset({"client", "monitoring", "batch-job", "training-job", "gateway", "load-balancer"})
"""Kinds that are around what answers requests."""
_QUEUED: Final = frozenset({"queue", "batch-job"})
_USED: Final = frozenset({CERTAIN, STRONG, FAIR})
_MODEL_NAME: Final = re.compile(
    r"(?i)(^|_)(MODEL|MODELS|CHECKPOINT|ONNX|LABEL|TOKENIZER)_?(FILE|FILES|FILEPATH|PATH|DIR|DIRECTORY|URI|URL|ID|NAME|STORE|"
    r"VERSION|CACHE|REPO|REPOSITORY|WEIGHTS|BASE_PATH)?$|^(MODEL_|LABEL_FILEPATH)|^REST_API_PORT$"
)
_MODEL_FLAG: Final = re.compile(
    r"(?i)^--?(model|model[-_](id|name|path|dir|uri|file|filepath|base[-_]path|repository))(=|$)"
)
_SERVER_NAMES: Final = re.compile(
    r"(?i)(^|_)(TF_?SERVING|TRITON|TORCHSERVE|TGI|TEI|VLLM|SGLANG|OLLAMA|NIM|LLM_?(SERVER|ENDPOINT|BASE|URL|HOST)|"
    r"EMBEDDINGS?_?(SERVER|ENDPOINT|URL|HOST)|RERANK\w*_(SERVER|ENDPOINT|URL|HOST)|PREDICT(OR|ION)?|INFERENCE|"
    r"MODEL_?(SERVER|SERVICE|SERVING|API|HOST|ENDPOINT|URL|ADDRESS)|WHISPER|LLAMA)(_|$)"
)
"""Variables with the address of a model server."""
_MODEL_PATH: Final = re.compile(
    r"(?i)/(predict(ions?)?|infer(ence)?|invocations|generate(_stream)?|embed(dings)?|rerank|v[12]/models|v2/health|"
    r"v1/(chat/)?completions)(/|:|$|\?)"
)
"""Paths at which model servers answer."""
_SERVING_PORTS: Final = frozenset({8500, 8501})
_QUEUE_NAMES: Final = re.compile(r"(?i)broker|celery|queue|rq_|amqp|kafka|stream")
_PREPARES: Final = re.compile(
    r"(?i)(?<![-\w])(kafka-topics|kafka-configs|mongosh?|psql|createdb|mysql|redis-cli|mc\s+(alias|mb)|curl|pg_dump)\b"
)
_TOPICS: Final = re.compile(r"kafka-topics|rpk\s+topic|rabbitmqadmin\s+declare|nats\s+stream\s+add|create-queue")
_TRAINS: Final = re.compile(r"(?i)(?<![a-z])(train|fine-?tune|finetune|training)(?![a-z])")
_OPTION: Final = re.compile(r"(?<!\S)--?[\w-]+")
_WORKER_WORDS: Final = re.compile(r"(?i)(^|[\s./_-])(workers?|consumers?|prediction_batch|subscriber)\b")
_ROLE_NAME: Final = re.compile(
    r"(?i)^([A-Z0-9]+_)?(MODE|ROLE)$|^(CONTAINER|APP|SERVICE|PROCESS|RUN|SERVER)_?(MODE|ROLE|TYPE)$"
)
"""Variables that choose which program of an image runs."""
_ROLES: Final = re.compile(r"(?i)^(?:celery[-_])?(?:(?P<worker>workers?|consumer)|(?P<scheduler>beat|scheduler|cron))$")
_TRAIN_PROGRAM: Final = re.compile(
    r"(?i)(^|[\s/])(re|pre)?(train|fine_?tune)\w*\.(py|sh)\b|\b(torchrun|accelerate\s+launch|deepspeed)\s"
)
_WORKER_IMAGE: Final = re.compile(r"[-_/]worker$")
_CLIENT_WORDS: Final = re.compile(r"(?i)(producer|publisher|simulat\w*|load[-_]?(test|gen)\w*|benchmark|traffic)")
_MONITOR_WORDS: Final = re.compile(r"(?i)(^|[\s./_-])(monitor|monitoring|dashboard|flower)\b")


def infer(units: Iterable[Unit], found: list[Evidence]) -> None:
    """Give every unit its kind; one that the format states stays. What the kinds show is added to the evidence."""
    ordered = list(units)
    out: dict[int, list[Evidence]] = {}
    into: dict[int, list[Evidence]] = {}
    for one in found:
        out.setdefault(id(one.source), []).append(one)
        into.setdefault(id(one.target), []).append(one)
    for unit in ordered:
        known = _by_itself(unit, into.get(id(unit), []))
        if known is not None and not unit.kind:
            _set(unit, known)
        elif not unit.uses:
            unit.uses = web_server(unit.command_text) or (known.uses if known is not None else "")
    waiting = [unit for unit in ordered if not unit.kind]
    for unit in waiting:
        own = [one for one in out.get(id(unit), []) if not one.shared]
        known = _by_callers(unit, own, into.get(id(unit), []), out)
        if known is not None:
            _set(unit, known)
    for unit in ordered:
        if unit.kind == "cache":
            _cache_or_queue(unit, into.get(id(unit), []))
    twins = _twins(waiting, out)
    for unit in waiting:
        if not unit.kind and id(unit) in twins:
            _set(unit, Known("model-server", "", f"one of several that are alike, behind {twins[id(unit)]}"))
    for unit in waiting:
        if not unit.kind:
            _set(unit, _by_relations(unit, out.get(id(unit), []), into.get(id(unit), []), into))
    _producers(waiting, out)
    found += _taken(waiting, out)
    _only_server(ordered, out)


def _twins(waiting: list[Unit], out: dict[int, list[Evidence]]) -> dict[int, str]:
    """Return the units of the project that one caller asks, that are alike and use nothing: variants of a model."""
    open_ones = {id(unit) for unit in waiting if not unit.kind}
    found: dict[int, str] = {}
    for group in out.values():
        alike: dict[str, dict[int, Unit]] = {}
        for one in group:
            is_own = id(one.target) in open_ones and not out.get(id(one.target))
            if is_own and one.strength in {CERTAIN, STRONG} and one.target.program_key:
                alike.setdefault(one.target.program_key, {})[id(one.target)] = one.target
        for targets in alike.values():
            if len(targets) > 1:
                found.update(dict.fromkeys(targets, group[0].source.name))
    return found


def _producers(waiting: list[Unit], out: dict[int, list[Evidence]]) -> None:
    """A worker that uses a queue only, beside one that uses more than the queue, writes to it."""
    workers = [unit for unit in waiting if unit.kind == "worker"]
    more = [
        unit for unit in workers
        if unit.gpu or any(one.target.kind not in _QUEUED for one in out.get(id(unit), []))
    ]  # fmt: skip
    for unit in workers:
        if unit not in more and more and not _is_worker_by_name(unit) and not unit.env.keys() & {"MODEL", "MODEL_ID"}:
            unit.kind, unit.reason = "client", "uses only the queue of a worker"


def _taken(waiting: list[Unit], out: dict[int, list[Evidence]]) -> Iterator[Evidence]:
    """Yield the queues of workers that start after the job which makes their topics."""
    for unit in waiting:
        own = out.get(id(unit), [])
        if unit.kind != "worker" or any(one.target.kind == "queue" for one in own):
            continue
        for one in own:
            if one.strength == ORDER and _prepares_queue(one.target):
                queues = {id(other.target): other.target for other in out.get(id(one.target), [])}
                for queue in queues.values():
                    if queue.kind == "queue":
                        how = f"starts after {one.target.name}, which makes its topics"
                        yield Evidence(unit, queue, FAIR, how, one.site, "consumes")


def _is_worker_by_name(unit: Unit) -> bool:
    """Whether its command names a worker; options such as `--workers 4` of a server do not."""
    return _WORKER_WORDS.search(_OPTION.sub(" ", unit.command_text)) is not None


def _only_server(units: list[Unit], out: dict[int, list[Evidence]]) -> None:
    """The only program of all files that answers requests, and that uses nothing, is what serves the model."""
    programs = [unit for unit in units if unit.role in {"container", "function"} and unit.kind not in _AROUND]
    if len(programs) != 1:
        return
    unit = programs[0]
    is_own = unit.kind == "service" and not unit.uses and unit.image is not None and not out.get(id(unit))
    if is_own and (unit.ports or unit.names):
        unit.kind, unit.reason = "model-server", ONLY_SERVER


def _set(unit: Unit, known: Known) -> None:
    unit.kind = known.kind
    unit.uses = unit.uses or known.uses
    unit.reason = unit.reason or known.reason


def _by_itself(unit: Unit, into: list[Evidence]) -> Known | None:
    """Return what a unit is by its role, its command and its image."""
    image = by_image(unit.image.text) if unit.image is not None and unit.image.text else None
    if image is None and unit.base is not None:
        image = by_image(unit.base.text)
        image = None if image is not None and image.kind in {"batch-job", "client"} else image
    text = unit.command_text
    if image is not None and image.uses == "airflow" and text:
        return by_command(f"airflow {text}") or Known("batch-job", "airflow", "a command of Airflow that ends")
    command = by_command(text)
    if unit.role in {"loader", "job"}:
        if unit.role == "job" and _TRAINS.search(text):
            return Known("training-job", "", "its command trains")
        return Known("batch-job", "", f"{unit.what} runs to its end")
    if command is not None and command.kind == "batch-job":
        ends = not unit.ports and (_ends(unit, into) or UTILITIES.search(_repository(unit)) is not None)
        return command if ends else image if image is None or image.kind != "batch-job" else None
    if image is not None and image.kind in STORES:
        if not unit.ports and _PREPARES.search(text) and not any(one.strength in _USED for one in into):
            return Known("batch-job", "", "its command prepares a store and ends")
        return image
    if command is not None and (image is None or command.kind != "load-balancer"):
        return command
    if image is not None:
        return None if image.kind == "batch-job" and unit.ports else image
    name, role = _role(unit)
    if role == "scheduler":
        return Known("scheduler", "", f"{name} says so")
    return Known("batch-job", "", "others wait until it has ended") if _ends(unit, into) else None


def _ends(unit: Unit, into: list[Evidence]) -> bool:
    """Whether another unit waits until this one has ended."""
    return any(
        value.tag == "service_completed_successfully" and value.site is one.site
        for one in into if one.strength == ORDER for value in one.source.after
    )  # fmt: skip


def _cache_or_queue(unit: Unit, into: list[Evidence]) -> None:
    """A Redis that carries jobs is a queue."""
    if any(_QUEUE_NAMES.search(one.derivation) for one in into if one.strength in _USED):
        unit.kind, unit.reason = "queue", f"{unit.reason}, used as a broker"
        return
    users = [one.source for one in into if one.strength in _USED | {ORDER}]
    workers = [user for user in users if _is_worker(user) or _WORKER_IMAGE.search(_repository(user))]
    if workers and len(users) > len(workers):
        unit.kind, unit.reason = "queue", f"{unit.reason}, shared with a worker"


def _role(unit: Unit) -> tuple[str, str]:
    """Return the variable that chooses the program of a unit, and whether that is a `worker` or a `scheduler`."""
    for name, value in unit.env.items():
        found = _ROLES.match(value.text.strip()) if _ROLE_NAME.match(name) else None
        if found is not None:
            return name, found.lastgroup or ""
    return "", ""


def _repository(unit: Unit) -> str:
    return repository_of(unit.image.text) if unit.image is not None else ""


def _is_worker(unit: Unit) -> bool:
    """Whether a unit accepts no connections, and its command or its role names a worker."""
    return unit.kind == "worker" or (not unit.ports and (_is_worker_by_name(unit) or _role(unit)[1] == "worker"))


def _has_only_workers(unit: Unit, out: list[Evidence], into: dict[int, list[Evidence]]) -> bool:
    """Whether a queue of a unit has other users, and all of them are workers; schedulers and monitors do not count."""
    for queue in (one.target for one in out if one.target.kind == "queue"):
        used = [one.source for one in into.get(id(queue), []) if one.source is not unit and one.strength in _USED]
        users = [user for user in used if user.kind not in {"scheduler", "monitoring"}]
        if users and all(map(_is_worker, users)):
            return True
    return False


def _prepares_queue(unit: Unit) -> bool:
    """Whether a unit is a job that makes the topics of a queue."""
    return unit.kind == "batch-job" and _TOPICS.search(unit.command_text) is not None


def _apps_called(out: Iterable[Evidence]) -> list[Unit]:
    """The units that are called and keep no data."""
    found = {
        id(one.target): one.target for one in out
        if one.strength in _USED and one.target.kind not in STORES | {"batch-job", "monitoring"}
    }  # fmt: skip
    return list(found.values())


def _by_callers(
    unit: Unit, out: list[Evidence], into: list[Evidence], all_out: dict[int, list[Evidence]]
) -> Known | None:
    """Return a model server if the variables of its callers say so, and it calls no other unit itself."""
    if _apps_called(out) or _is_worker(unit):
        return None
    probe = next((path for path in unit.probes if _MODEL_PATH.search(path)), "")
    if probe:
        return Known("model-server", "", "its health check asks a model server")
    for one in into:
        if one.strength not in {CERTAIN, STRONG}:
            continue
        variable = one.derivation.partition(" ")[0].strip("`-")
        known = by_address(variable, one.scheme)
        if known is not None and (not out or (known.kind == "model-registry" and unit.image is None)):
            return known
        if _MODEL_PATH.search(one.path):
            return Known("model-server", "", f"{one.source.name} asks it for predictions, at {one.path[:40]}")
        if _SERVER_NAMES.search(variable.replace("-", "_")):
            return Known("model-server", "", f"{variable} of {one.source.name} names a model server")
        names = [name for name in one.source.env if _MODEL_NAME.search(name)]
        if names and not one.source.kind and len(_apps_called(all_out.get(id(one.source), []))) == 1:
            return Known("model-server", "", f"{names[0]} of its caller {one.source.name} names a model")
    return None


def _by_relations(unit: Unit, out: list[Evidence], into: list[Evidence], all_into: dict[int, list[Evidence]]) -> Known:
    """Return what a unit of the project's own is, by what it uses and who uses it."""
    apps = _apps_called(out)
    callers = [one.source for one in into if one.strength in {CERTAIN, STRONG}]
    waits_for = [one.target for one in out]
    uses_queue = any(
        (one.target.kind == "queue" and one.verb in {"", "consumes"}) or _prepares_queue(one.target) for one in out
    )
    text = unit.command_text
    fronted = unit.format == "kubernetes" and bool(unit.names)        # by a Service
    reached = bool(unit.ports or callers or fronted or unit.role == "function" or serves_requests(text))
    if "predictor_host" in text or "predictor-host" in text:
        return Known("service", "", "it prepares requests for a predictor")
    if not reached and _CLIENT_WORDS.search(text) and not _is_worker(unit):
        return Known("client", "", "its command sends requests")
    if uses_queue and not reached and not _is_worker(unit) and _has_only_workers(unit, out, all_into):
        return Known("service", "", "a queue needs something that puts work into it, and its other users take it")
    if not reached and _TRAIN_PROGRAM.search(text) and unit.format == "compose":
        return Known("training-job", "", "its command trains")
    if _is_worker(unit) or (uses_queue and not reached):
        return Known("worker", "", "takes work from a queue" if uses_queue else "its command starts a worker")
    if _MONITOR_WORDS.search(text) and not callers:
        return Known("monitoring", "", "its command starts a monitor")
    names = [name for name in unit.env if _MODEL_NAME.search(name)]
    flags = [word for word in unit.words if _MODEL_FLAG.search(word)]
    if (names or flags) and not apps:
        what = (names or flags)[0].partition("=")[0]
        if reached:
            return Known("model-server", "", f"{what} names a model")
        return Known("worker", "", f"{what} names a model, and nothing calls it")
    if any(one.verb == "loads" for one in out) and reached:
        return Known("model-server", "", "a job fills its volume before it starts")
    if unit.gpu and not apps and (reached or not waits_for):
        return Known("model-server", "", "it requests an accelerator")
    if {port.number for port in unit.ports} >= _SERVING_PORTS and not apps:
        return Known("model-server", "tensorflow-serving", "ports 8500 and 8501")
    if not reached and apps and not any(target.kind in STORES for target in waits_for):
        return Known("client", "", "calls others, and nothing reaches it")
    return Known("service", "", unit.what if unit.role == "function" else "an image of the project")


__all__ = ["infer"]
