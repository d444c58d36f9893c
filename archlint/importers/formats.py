"""The formats that an import knows, one row each: which files a folder search considers, what marks one, who reads it.

A new format is one row here, and a reader in a module of its own: `read(paths, files, notes, left_out)` returns units.
It adds what it does not read to `left_out` with the reason, and what a user should know to `notes`. Nothing of a reader
is imported before a file of its format is met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.detect import ARCHITECTURE, COMPOSE, KUBERNETES, Detected, detect, is_template
from archlint.importers.files import Files
from archlint.importers.objects import Unit
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence

Reader = Callable[[list[Path], Files, list[str], list[tuple[str, str]]], list[Unit]]
YAML: Final = (".yaml", ".yml")
CODE: Final = (".py", ".sh", ".bash", ".tf", ".tofu", ".tfvars", ".properties", ".pbtxt", ".toml")
"""Suffixes of files that are read only as a format that names the suffix, or the file."""
HEAD_BYTES: Final = 64 * 1024


class Candidate:
    """A file whose format is looked for; its YAML is parsed only if a format asks for it."""

    def __init__(self, path: Path, text: str, files: Files) -> None:
        self.path = path
        self.text = text
        self.files = files
        self._detected: Detected | None = None

    @property
    def documents(self) -> list[Document]:
        """Its YAML documents; raises `UnreadableInputError`."""
        return self.files.documents(self.path)

    @property
    def detected(self) -> Detected:
        """What the keys at the top of its documents say."""
        if self._detected is None:
            self._detected = detect(self.documents)
        return self._detected

    @property
    def root(self) -> Node | None:
        """The content of its first document that is not empty."""
        found = (one.root for one in self.documents)
        return next((one for one in found if one is not None and not (isinstance(one, Scalar) and not one.text)), None)

    def at(self, *keys: str) -> Node | None:
        """The value at a path of keys of its first document."""
        found = self.root
        for key in keys:
            entry = found.entries.get(key) if isinstance(found, Mapping) else None
            found = entry.value if entry is not None else None
        return found

    def has(self, *keys: str) -> bool:
        """Whether its first document has all of these keys at the top."""
        root = self.root
        return isinstance(root, Mapping) and all(key in root.entries for key in keys)


Test = Callable[[Candidate], bool]


class Format(msgspec.Struct, frozen=True):
    """A format.

    A folder search considers a file of one of the `names` (without case) or `suffixes`. One that is not YAML must also
    match `head` in its first 64 KiB, if that is given, and have the `word` there. Content decides: the text must match
    `marks`, a fast test, and `accepts` must agree. `reader` is `module:function`. A format without one is only named,
    with its `advice`. One that `is_last` is read only if no other file describes containers, or if the call names its
    files.
    """

    name: str
    title: str
    reader: str = ""
    names: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    head: str = ""
    word: str = ""
    marks: str = ""
    accepts: Test | None = None
    advice: str = ""
    is_last: bool = False

    def considers(self, name: str) -> bool:
        """Whether a folder search considers a file of this name."""
        lower = name.lower()
        return lower in self.names or (bool(self.suffixes) and lower.endswith(self.suffixes))


def _is(name: str) -> Test:
    return lambda one: one.detected.format == name


def _is_chart(one: Candidate) -> bool:
    return one.path.name == "Chart.yaml" and one.has("name", "version") and not one.has("kind")


def _is_kustomization(one: Candidate) -> bool:
    named = one.path.name.lower().startswith("kustomization")
    if not named and "kustomize.config.k8s.io/" not in one.text:
        return False
    api = one.at("apiVersion")
    text = api.text if isinstance(api, Scalar) else ""
    return isinstance(one.root, Mapping) and text.startswith("kustomize.config.k8s.io/" if text or not named else "")


def _is_cortex(one: Candidate) -> bool:
    root = one.root
    items = root.items[:1] if isinstance(root, Sequence) else []
    found = [item for item in items if isinstance(item, Mapping) and "name" in item.entries and "kind" in item.entries]
    kinds = [item.entries["kind"].value for item in found if {"pod", "predictor", "handler"} & set(item.entries)]
    return any(isinstance(kind, Scalar) and kind.text.endswith("API") for kind in kinds)


def _is_litellm(one: Candidate) -> bool:
    models = one.at("model_list")
    items = models.items[:1] if isinstance(models, Sequence) else []
    return any(isinstance(item, Mapping) and "litellm_params" in item.entries for item in items)


def _is_mlserver(one: Candidate) -> bool:
    return one.path.name in {"model-settings.json", "settings.json"} and isinstance(one.root, Mapping)


_TORCHSERVE: Final = (
    r"(?m)^[ \t]*(inference_address|management_address|metrics_address|model_store|load_models|model_snapshot|"
    r"default_workers_per_model|workflow_store)[ \t]*[=:]"
)
_MLSERVER: Final = (
    r'"(implementation|debug|http_port|grpc_port|metrics_port|parallel_workers|load_models_at_startup|kafka_enabled|'
    r'model_repository_root|model_repository_implementation|parameters|name)"\s*:'
)


def _is_terraform(one: Candidate) -> bool:
    if one.path.name.endswith((".tf", ".tofu", ".tfvars", ".tf.json", ".tofu.json", ".tfvars.json")):
        return True
    stated = one.path.suffix == ".json" and '"format_version"' in one.text and '"terraform_version"' in one.text
    return stated and (one.has("planned_values") or one.has("values"))


_TERRAFORM: Final = (
    r"(?m)^[ \t]*(resource|data|module|provider|variable|locals|output|terraform|check|import|moved|removed)\b[^\n]*\{|"
    r'^[ \t]*\w+[ \t]*=[ \t]*\S|"(resource|module|provider|terraform|planned_values|terraform_version)"\s*:'
)


def _is_bentoml(one: Candidate) -> bool:
    if one.path.suffix.lower() in YAML:
        return one.path.stem == "bentofile" and one.has("service")
    return True


def _is_ray(one: Candidate) -> bool:
    if one.path.suffix.lower() == ".py":
        return True
    applications = one.at("applications")
    items = applications.items[:1] if isinstance(applications, Sequence) else []
    return any(isinstance(item, Mapping) and "import_path" in item.entries for item in items)


_RAY: Final = r"(?m)^[ \t]*(?:import[ \t]+ray\.serve|from[ \t]+ray\.serve|from[ \t]+ray[ \t]+import\b[^\n]*\bserve)\b"
_RUN: Final = r"\b(?:docker|podman|nvidia-docker)[ \t]+(?:container[ \t]+)?run\b"
_IMPORTS: Final = r"(?m)^[ \t]*(?:import|from)[ \t]+{}\b"
def _is_cloudformation(one: Candidate) -> bool:
    resources = one.at("Resources")
    found = list(resources.entries.values())[:50] if isinstance(resources, Mapping) else []
    kinds = [inner.entries.get("Type") for entry in found if isinstance(inner := entry.value, Mapping)]
    texts = [kind.value.text for kind in kinds if kind is not None and isinstance(kind.value, Scalar)]
    return any(text.startswith(("AWS::", "Custom::", "Alexa::")) for text in texts)


SYNTHESISE: Final = "archlint executes nothing: run `{}`, and give archlint the result"
FORMATS: Final[tuple[Format, ...]] = (
    Format(
        "compose", "Docker Compose", "archlint.importers.compose.reading:read_projects", suffixes=YAML,
        marks=r"(?m)^[\"']?(services|include)[\"']?[ \t]*:|\A\s*\{", accepts=_is(COMPOSE),
    ),
    Format(
        "helm", "Helm", "archlint.importers.helm.reading:read_charts", names=("chart.yaml",),
        marks=r"(?m)^[\"']?apiVersion[\"']?[ \t]*:", accepts=_is_chart,
    ),
    Format(
        "kustomize", "kustomize", "archlint.importers.kustomize.reading:read_kustomizations", names=("kustomization",),
        suffixes=YAML, marks=r"(?m)^[\"']?\w+[\"']?[ \t]*:|\A\s*\{", accepts=_is_kustomization,
    ),
    Format(
        "terraform", "Terraform", "archlint.importers.terraform.reading:read",
        suffixes=(".tf", ".tofu", ".tfvars", ".json"), head=_TERRAFORM, marks=_TERRAFORM, accepts=_is_terraform,
    ),
    Format(
        "kubernetes", "Kubernetes", "archlint.importers.kubernetes.reading:read_cluster", suffixes=(*YAML, ".json"),
        head=r"\A\s*\{\s*\"(apiVersion|kind)\"\s*:", marks=r"(?m)^[\"']?(apiVersion|kind)[\"']?[ \t]*:|\A\s*\{",
        accepts=_is(KUBERNETES),
    ),
    Format(
        "litellm", "proxies of LiteLLM", "archlint.importers.serving_files.litellm:read", suffixes=YAML,
        marks=r"(?m)^[\"']?model_list[\"']?[ \t]*:", accepts=_is_litellm,
    ),
    Format(
        "triton", "model repositories of Triton", "archlint.importers.serving_files.triton:read",
        names=("config.pbtxt",), accepts=lambda one: one.path.name.lower() == "config.pbtxt",
    ),
    Format(
        "torchserve", "TorchServe", "archlint.importers.serving_files.torchserve:read", names=("ts.config",),
        suffixes=(".properties",), head=_TORCHSERVE, marks=_TORCHSERVE,
    ),
    Format(
        "mlserver", "MLServer", "archlint.importers.serving_files.mlserver:read",
        names=("model-settings.json", "settings.json"), head=_MLSERVER, marks=_MLSERVER, accepts=_is_mlserver,
    ),
    Format(
        "bentoml", "BentoML", "archlint.importers.serving_files.bentoml:read",
        names=("bentofile.yaml", "bentofile.yml", "pyproject.toml"), suffixes=(".py",), word="bentoml",
        head=rf"{_IMPORTS.format('bentoml')}|^\[tool\.bentoml",
        marks=rf"{_IMPORTS.format('bentoml')}|^\[tool\.bentoml|^service[ \t]*:", accepts=_is_bentoml,
    ),
    Format(
        "modal", "Modal", "archlint.importers.serving_files.modal:read", suffixes=(".py",),
        head=_IMPORTS.format("modal"), word="modal", marks=_IMPORTS.format("modal"),
    ),
    Format(
        "ray", "Ray Serve", "archlint.importers.serving_files.ray:read", suffixes=(*YAML, ".py"), head=_RAY,
        word="serve", marks=rf"{_RAY}|^applications[ \t]*:", accepts=_is_ray,
    ),
    Format(
        "airflow", "Airflow", "archlint.importers.serving_files.airflow:read", suffixes=(".py",),
        head=_IMPORTS.format("airflow"), word="airflow", marks=_IMPORTS.format("airflow"),
    ),
    Format(
        "docker", "docker run", "archlint.importers.serving_files.docker:read", suffixes=(".sh", ".bash"), head=_RUN,
        word="run", marks=_RUN, is_last=True,
    ),
    Format(
        "langgraph", "LangGraph", "archlint.importers.serving_files.single:read_langgraph", names=("langgraph.json",),
        marks=r'"graphs"\s*:', accepts=lambda one: one.path.name == "langgraph.json" and one.has("graphs"),
    ),
    Format(
        "cog", "Cog", "archlint.importers.serving_files.single:read_cog", names=("cog.yaml",),
        marks=r"(?m)^(build|predict|image)[ \t]*:",
        accepts=lambda one: one.path.name == "cog.yaml" and one.has("build"),
    ),
    Format(
        "cloudformation", "CloudFormation and SAM", "archlint.importers.cloudformation.reading:read",
        suffixes=(*YAML, ".json", ".template"), head=r"\"?Resources\"?\s*:",
        marks=r"(?m)^Resources[ \t]*:|[\"']Resources[\"']\s*:", accepts=_is_cloudformation,
    ),
    Format(
        "cdk", "AWS CDK", names=("cdk.json",), marks=r"\"app\"\s*:", accepts=lambda one: one.path.name == "cdk.json",
        advice=SYNTHESISE.format("cdk synth > template.yaml"),
    ),
    Format(
        "cdktf", "CDK for Terraform", names=("cdktf.json",), marks=r"\"app\"\s*:",
        accepts=lambda one: one.path.name == "cdktf.json", advice=SYNTHESISE.format("cdktf synth"),
    ),
    Format(
        "pulumi", "Pulumi", names=("pulumi.yaml", "pulumi.yml"), marks=r"(?m)^runtime[ \t]*:",
        accepts=lambda one: one.has("name", "runtime") and one.path.stem == "Pulumi",
        advice=SYNTHESISE.format("pulumi preview --json > plan.json"),
    ),
    Format(
        "serverless", "Serverless Framework", names=("serverless.yml", "serverless.yaml"),
        marks=r"(?m)^provider[ \t]*:", accepts=lambda one: one.has("service", "provider"),
        advice=SYNTHESISE.format("serverless package"),
    ),
    Format(
        "cortex", "Cortex", suffixes=YAML, marks=r"(?m)^-[ \t]+\w+[ \t]*:", accepts=_is_cortex,
        advice="Cortex is retired, and archlint does not read its APIs: write them into an arch.yaml",
    ),
)  # fmt: skip
"""The first row that accepts a file reads it; readers run in this order."""


class Found(msgspec.Struct, frozen=True):
    """The format of a file, or why it has none."""

    format: Format | None
    reason: str = ""
    is_advice: bool = False


def recognise(path: Path, files: Files) -> Found:
    """Return the format of a file; raises `UnreadableInputError`."""
    text = files.text(path)
    if _search(r"(?m)^[\"']?archlint[\"']?[ \t]*:", text):
        return Found(None, "already an architecture file")
    rows = [row for row in rows_for(path.name) if not row.marks or _search(row.marks, text)]
    one = Candidate(path, text, files)
    reason = "no format that archlint imports"
    try:
        for row in rows:
            if row.accepts is None or row.accepts(one):
                return Found(row) if row.reader else Found(None, f"{row.title}: {row.advice}", True)
        if any(row.name in {COMPOSE, KUBERNETES} for row in rows):
            found = one.detected
            reason = "already an architecture file" if found.format == ARCHITECTURE else found.reason
    except UnreadableInputError:
        if is_template(text):
            return Found(None, "a template: render it first, such as with `helm template`")
        raise
    return Found(None, reason)


def rows_for(name: str) -> tuple[Format, ...]:
    """Return the formats that a file of this name may have: any, unless its suffix is one of YAML or of code."""
    if name.lower().endswith((*YAML, *CODE)):
        return tuple(row for row in FORMATS if row.considers(name))
    return FORMATS


def load(row: Format) -> Reader:
    """Import the reader of a format."""
    module, _, name = row.reader.partition(":")
    found: Reader = getattr(import_module(module), name)
    return found


def is_considered(name: str) -> bool:
    """Whether a folder search considers a file of this name: YAML, and what a format names."""
    names, suffixes = _considered()
    lower = name.lower()
    return lower.endswith(suffixes) or lower in names


def likely(paths: Iterable[Path]) -> Iterator[Path]:
    """Leave out the files that are not YAML and cannot be of a format, by their beginning."""
    for path in paths:
        rows = _rows(path.name)
        if path.name.endswith(YAML) or any(not row.head for row in rows) or _begins(path, rows):
            yield path


@cache
def _considered() -> tuple[frozenset[str], tuple[str, ...]]:
    names = frozenset(name for row in FORMATS for name in row.names)
    return names, tuple(sorted({suffix for row in FORMATS for suffix in (*row.suffixes, *YAML)}))


def _rows(name: str) -> tuple[Format, ...]:
    """Return the formats that consider a file of this name."""
    lower = name.lower()
    dot = lower.find(".", 1)
    return _rows_by_end(lower if lower in _considered()[0] else lower[dot:] if dot > 0 else "")


@cache
def _rows_by_end(end: str) -> tuple[Format, ...]:
    return tuple(row for row in FORMATS if row.considers(end))


def _begins(path: Path, rows: Iterable[Format]) -> bool:
    """Whether a file begins as one of some formats asks."""
    try:
        with path.open("rb") as file:
            data = file.read(HEAD_BYTES)
    except OSError:
        return False
    rows = [row for row in rows if row.word.encode() in data]
    text = data.decode("utf-8", errors="replace").lstrip("\ufeff") if rows else ""
    return any(_search(row.head, text) for row in rows)


def _search(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
