"""The kind of each unit, with its reason: from its format, command, image, variables and relations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from archlint.importers.evidence import CERTAIN, FAIR, ORDER, STRONG, Evidence
from archlint.importers.objects import Unit
from archlint.importers.technologies import UTILITIES, Known, by_command, by_image, repository_of, web_server

STORES: Final = frozenset(
    {"database", "cache", "queue", "vector-store", "object-store", "warehouse", "feature-store", "model-registry",
     "config-store", "log-store"}
)  # fmt: skip
_USED: Final = frozenset({CERTAIN, STRONG, FAIR})
_MODEL_NAME: Final = re.compile(
    r"(?i)(^|_)(MODEL|MODELS|CHECKPOINT|ONNX|LABEL|TOKENIZER)_?(FILE|FILES|FILEPATH|PATH|DIR|DIRECTORY|URI|URL|ID|NAME|STORE|"
    r"VERSION|CACHE|REPO|REPOSITORY|WEIGHTS|BASE_PATH)?$|^(MODEL_|LABEL_FILEPATH)"
)
_MODEL_FLAG: Final = re.compile(
    r"(?i)^--?(model|model[-_](id|name|path|dir|uri|file|filepath|base[-_]path|repository))(=|$)"
)
_QUEUE_NAMES: Final = re.compile(r"(?i)broker|celery|queue|rq_|amqp|kafka|stream")
_JOB_WORDS: Final = re.compile(
    r"(?i)\b(init|migrate|migrations?|seed|setup|bootstrap|create[-_]topics?|provision)\b|kafka-topics"
)
_WORKER_WORDS: Final = re.compile(r"(?i)(^|[\s./_-])(workers?|consumers?|prediction_batch|subscriber)\b")
_WEB_PORTS: Final = frozenset({80, 443, 3000, 4200, 5000, 5173, 8000, 8001, 8080, 8501, 8888})


def infer(units: Iterable[Unit], found: Iterable[Evidence]) -> None:
    """Give every unit its kind; one that the format states stays."""
    ordered = list(units)
    evidence = list(found)
    out: dict[int, list[Evidence]] = {}
    into: dict[int, list[Evidence]] = {}
    for one in evidence:
        out.setdefault(id(one.source), []).append(one)
        into.setdefault(id(one.target), []).append(one)
    for unit in ordered:
        known = _by_itself(unit, into.get(id(unit), []))
        if known is not None and not unit.kind:
            _set(unit, known)
        elif not unit.uses:
            unit.uses = web_server(unit.command_text) or (known.uses if known is not None else "")
    for unit in ordered:
        if unit.kind == "cache":
            _cache_or_queue(unit, into.get(id(unit), []))
    for unit in ordered:
        if not unit.kind:
            _set(unit, _by_relations(unit, out.get(id(unit), []), into.get(id(unit), [])))


def _set(unit: Unit, known: Known) -> None:
    unit.kind = known.kind
    unit.uses = unit.uses or known.uses
    unit.reason = unit.reason or known.reason


def _by_itself(unit: Unit, into: list[Evidence]) -> Known | None:
    """Return what a unit is by its role, its command and its image."""
    command = by_command(unit.command_text)
    image = by_image(unit.image.text) if unit.image is not None and unit.image.text else None
    name = repository_of(unit.image.text) if unit.image is not None else ""
    if unit.role in {"loader", "job"}:
        return Known("batch-job", "", f"{unit.what} runs to its end")
    if command is not None and command.kind == "batch-job" and (image is None or image.kind == "batch-job"):
        return command if _ends(unit, into) or UTILITIES.search(name) else None
    if command is not None and (image is None or command.kind != "load-balancer"):
        if image is not None and image.kind in STORES and command.kind == "batch-job":
            return image
        return command
    if image is not None and image.kind in STORES and _JOB_WORDS.search(unit.command_text):
        return Known("batch-job", "", "its command prepares a store and ends")
    if image is not None and image.kind == "batch-job" and unit.ports:
        return None
    if image is not None:
        return image
    if _ends(unit, into):
        return Known("batch-job", "", "others wait until it has ended")
    return None


def _ends(unit: Unit, into: list[Evidence]) -> bool:
    """Whether another unit waits until this one has ended."""
    return any(
        one.strength == ORDER and any(
            value.tag == "service_completed_successfully" and value.site is one.site for value in one.source.after
        ) for one in into
    )  # fmt: skip


def _cache_or_queue(unit: Unit, into: list[Evidence]) -> None:
    """A Redis that carries jobs is a queue."""
    if any(_QUEUE_NAMES.search(one.derivation) for one in into if one.strength in _USED):
        unit.kind, unit.reason = "queue", f"{unit.reason}, used as a broker"
        return
    users = [one.source for one in into if one.strength in _USED | {ORDER}]
    workers = [user for user in users if _is_worker(user)]
    if workers and len(users) > len(workers):
        unit.kind, unit.reason = "queue", f"{unit.reason}, shared with a worker"


def _is_worker(unit: Unit) -> bool:
    """Whether a unit accepts no connections and its command names a worker."""
    return unit.kind == "worker" or (not unit.ports and _WORKER_WORDS.search(unit.command_text) is not None)


def _by_relations(unit: Unit, out: list[Evidence], into: list[Evidence]) -> Known:
    """Return what a unit of the project's own is, by what it uses and who uses it."""
    calls = [one.target for one in out if one.strength in _USED]
    callers = [one.source for one in into if one.strength in {CERTAIN, STRONG}]
    waits_for = [one.target for one in out]
    uses_queue = any(target.kind == "queue" for target in waits_for)
    calls_models = any(target.kind == "model-server" for target in calls)
    if _is_worker(unit) or (uses_queue and not unit.ports and not callers):
        return Known("worker", "", "takes work from a queue" if uses_queue else "its command starts a worker")
    names = [name for name in unit.env if _MODEL_NAME.search(name)]
    flags = [word for word in unit.words if _MODEL_FLAG.search(word)]
    if (names or flags) and not calls_models:
        return Known("model-server", "", f"{(names or flags)[0].partition('=')[0]} names a model")
    if not unit.ports and not callers and calls and all(target.kind not in STORES for target in calls):
        return Known("client", "", "calls others, and nothing reaches it")
    if unit.gpu and not calls_models:
        return Known("model-server", "", "it requests an accelerator")
    return Known("service", "", "an image of the project")


__all__ = ["infer"]
