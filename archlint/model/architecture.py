"""The content of an architecture file, as typed, immutable records.

Every attribute is what the file **states**; None means that the file does not state it. Each field in
`archlint.model.vocabulary` documents what an omitted value means (none, unknown, assumed, no objective). Names carry
units: `_s` seconds, `_bytes`, `_per_s`; shares are floats from 0 to 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from archlint.model.cron import Schedule
from archlint.model.pieces import (
    Batching,
    Extra,
    LoadTest,
    Price,
    RateLimit,
    Record,
    Slo,
    Team,
    Tokens,
)
from archlint.model.places import Place
from archlint.model.quantities import Money
from archlint.source.document import Document
from archlint.source.nodes import Entry, Span

if TYPE_CHECKING:
    from archlint.model.deployment import Deployment


class ServiceTime(Record, frozen=True):
    """How long one piece of work takes, unloaded.

    `constant_s` is a single duration. Otherwise `percentiles` holds (fraction, seconds) in rising order, or
    `mean_s` and `cv` (standard deviation over mean) are given.
    """

    constant_s: float | None = None
    percentiles: tuple[tuple[float, float], ...] = ()
    mean_s: float | None = None
    cv: float | None = None
    extra: Extra = ()


class Hardware(Record, frozen=True):
    """What one replica runs on: `gpus` accelerators of type `gpu`, or the share `gpu_share` of one."""

    cpu: float | None = None
    memory_bytes: int | None = None
    gpu: str | None = None
    gpus: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_share: float | None = None
    extra: Extra = ()


class Scaling(Record, frozen=True):
    """A range of replicas that scale with the load."""

    minimum: float | None = None
    maximum: float | None = None
    on: str | None = None
    extra: Extra = ()


class Owner(Record, frozen=True):
    """Who is responsible for a part or system."""

    team: str | None = None
    contact: str | None = None
    runbook: str | None = None
    extra: Extra = ()


class Preprocessing(Record, frozen=True):
    """Work on the input before the model, done inside the same server."""

    service_time: ServiceTime | None = None
    hardware: Hardware | None = None
    extra: Extra = ()


class Entrance(Record, frozen=True):
    """The client where a workload enters, and the relation that it takes there."""

    client: str
    to: str | None = None
    extra: Extra = ()


class Workload(Record, frozen=True):
    """A stream of prediction requests, with its objectives."""

    name: str
    entrance: Entrance
    rate_per_s: float | None = None
    peak_per_s: float | None = None
    models: tuple[str, ...] | None = None
    waits: bool | None = None
    inputs: str | None = None
    distinct: float | None = None
    repeats: float | None = None
    tokens: Tokens | None = None
    stream: bool | None = None
    slo: Slo = Slo()
    budget: Money | None = None
    description: str | None = None
    extra: Extra = ()

    @property
    def waiting(self) -> bool | None:
        """Whether somebody waits for the answer: stated, or true of an answer that is read while it is made."""
        streamed = self.stream or self.slo.ttft or self.slo.tpot or self.slo.ttft_mean_s or self.slo.tpot_mean_s
        return True if self.waits is None and streamed else self.waits

    def place(self, *keys: str) -> Place:
        """The place of the workload, or of one of its keys."""
        return Place(("workloads", self.name, *keys), ("workloads", self.name, *keys))


class Model(Record, frozen=True):
    """A trained model."""

    name: str
    framework: str | None = None
    artifact_bytes: int | None = None
    parameters: float | None = None
    active_parameters: float | None = None
    embedding_parameters: float | None = None
    precision: str | None = None
    family: str | None = None
    layers: float | None = None
    kv_heads: float | None = None
    head_dim: float | None = None
    kv_per_token_bytes: int | None = None
    context: float | None = None
    adapter_of: str | None = None
    quantised_from: str | None = None
    embedding_space: str | None = None
    service_time: ServiceTime | None = None
    ttft: ServiceTime | None = None
    tpot: ServiceTime | None = None
    version: str | None = None
    registry: str | None = None
    retrained_s: float | None = None
    evaluated: tuple[str, ...] | None = None
    format: str | None = None
    owner: Owner | None = None
    description: str | None = None
    extra: Extra = ()

    @property
    def states_generation(self) -> bool:
        """Whether the file states facts that only a model has which generates tokens."""
        stated = (self.ttft, self.tpot, self.kv_per_token_bytes, self.kv_heads, self.adapter_of)
        return any(fact is not None for fact in stated)

    def place(self, *keys: str) -> Place:
        """The place of the model, or of one of its keys."""
        return Place(("models", self.name, *keys), ("models", self.name, *keys))


class Relation(Record, frozen=True):
    """What one component does with another. `index` is its position in the list of its verb."""

    verb: str
    source: str
    target: str
    index: int
    timeout_s: float | None = None
    idle_timeout_s: float | None = None
    retries: float | None = None
    backoff: str | None = None
    retry_budget: float | None = None
    circuit_breaker: bool | None = None
    fallback: str | None = None
    optional: bool | None = None
    share: float | None = None
    when: str | None = None
    parallel: str | None = None
    either: str | None = None
    hit_ratio: float | None = None
    ttl_s: float | None = None
    caches: str | None = None
    payload_bytes: int | None = None
    wait: bool | None = None
    network_s: float | None = None
    bandwidth_bytes_per_s: float | None = None
    max_attempts: float | None = None
    redelivery_after_s: float | None = None
    quorum: float | None = None
    freshness_s: float | None = None
    fails: str | None = None
    in_process: bool | None = None
    extra: Extra = ()

    @property
    def waits(self) -> bool:
        """Whether the caller waits for the answer (a load on request is decided by its component)."""
        return self.verb in {"calls", "reads"} or (self.verb == "writes" and self.wait is not False)

    def place(self, *keys: str) -> Place:
        """The place of the relation, or of one of its attributes."""
        return Place(
            ("components", self.source, self.verb, self.index, *keys),
            ("components", self.source, self.verb, self.target, *keys),
        )


class Component(Record, frozen=True):
    """A part of the system. `relations` keep the order of the file.

    `zones` are names; `zone_count` is set instead if the file states only how many zones there are.
    """

    name: str
    kind: str
    uses: str | None = None
    relations: tuple[Relation, ...] = ()
    serves: tuple[str, ...] = ()
    trains: tuple[str, ...] = ()
    service_time: ServiceTime | None = None
    replicas: float | None = None
    scaling: Scaling | None = None
    autoscale: Scaling | None = None
    workers: float | None = None
    hardware: Hardware | None = None
    zones: tuple[str, ...] | None = None
    zone_count: float | None = None
    regions: tuple[str, ...] | None = None
    jurisdiction: str | None = None
    host: str | None = None
    balancing: str | None = None
    batching: Batching | None = None
    buffers: bool | None = None
    limit: float | None = None
    rate_limit: RateLimit | None = None
    max_sequences: float | None = None
    tensor_parallel: float | None = None
    pipeline_parallel: float | None = None
    stage: str | None = None
    shards: float | None = None
    index_of: str | None = None
    callback: tuple[str, ...] = ()
    features: str | None = None
    image: str | None = None
    image_bytes: int | None = None
    pull_bytes_per_s: float | None = None
    loads_model: str | None = None
    start_time_s: float | None = None
    ready_check: bool | None = None
    deadline_s: float | None = None
    schedule: Schedule | None = None
    records: float | None = None
    window_s: float | None = None
    run_time_s: float | None = None
    retry: str | None = None
    persistent: bool | None = None
    dead_letter: str | None = None
    max_length: float | None = None
    availability: float | None = None
    mtbf_s: float | None = None
    mttr_s: float | None = None
    price: Price | None = None
    exposed: str | None = None
    auth: str | None = None
    owner: Owner | None = None
    preprocessing: Preprocessing | None = None
    training_code: bool | None = None
    switch: str | None = None
    load_tested: LoadTest | None = None
    deployed_as: tuple[str, ...] = ()
    description: str | None = None
    extra: Extra = ()

    @property
    def starts_jobs(self) -> bool:
        """Whether it triggers jobs, as a scheduler does."""
        return any(relation.verb == "triggers" for relation in self.relations)

    def place(self, *keys: str) -> Place:
        """The place of the component, or of one of its keys."""
        return Place(("components", self.name, *keys), ("components", self.name, *keys))

    @property
    def different_zones(self) -> float | None:
        """The number of different zones, from their names or as stated; None if the file does not state them."""
        return float(len(set(self.zones))) if self.zones else self.zone_count

    @property
    def least_replicas(self) -> float | None:
        """The minimum number of replicas: the stated number, or the minimum of a range."""
        if self.replicas is not None:
            return self.replicas
        for scaling in (self.scaling, self.autoscale):
            if scaling is not None and scaling.minimum is not None:
                return scaling.minimum
        return None


class Acceptance(Record, frozen=True):
    """An accepted finding. `until` is an ISO date; `bound` is (term, operator, limit as written)."""

    rule: str
    reason: str
    place: Place
    at: str | None = None
    until: str | None = None
    bound: tuple[str, str, str] | None = None
    extra: Extra = ()


class Problem(Record, frozen=True):
    """A mistake in the file itself: the rule `kind` of the DOC family, and its place.

    `loses_meaning` is true if something in the file could not be understood. `means` is the intended place, if the
    format does not have the written one.
    """

    kind: str
    place: Place
    message: str
    document: Document
    span: Span
    suggestion: str = ""
    related: tuple[tuple[str, Document, Span], ...] = ()
    loses_meaning: bool = True
    means: Place | None = None

    @property
    def lost(self) -> Place:
        """The place whose meaning is lost: the intended one, if the written one does not exist."""
        return self.means or self.place


class Origin(Record, frozen=True):
    """Where a top-level name is defined: the document and the key's entry in it."""

    document: Document
    entry: Entry


WHOLE_FILE: Final = "*"
"""Marks the whole file as unread, so that nothing is taken as absent."""


class Architecture(Record, frozen=True):
    """A whole system, from its file and the files that it includes.

    `problems` are the mistakes that the reader found; `unread` are the identities of places that exist in the file
    but could not be read, so that no rule takes them as absent. `nones` are the identities of places where the file
    states `none`; `described` are the families of facts in which it leaves nothing out. `deployment` is what deployment
    files state of its parts, if the system was imported from them; `imported` says so in a file that an import wrote.
    """

    documents: tuple[Document, ...]
    name: str | None = None
    description: str | None = None
    owner: Owner | None = None
    team: Team | None = None
    described: tuple[str, ...] = ()
    imported: bool | None = None
    zone_availability: float | None = None
    region_availability: float | None = None
    workloads: dict[str, Workload] = msgspec.field(default_factory=dict)
    models: dict[str, Model] = msgspec.field(default_factory=dict)
    components: dict[str, Component] = msgspec.field(default_factory=dict)
    accept: tuple[Acceptance, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: frozenset[str] = frozenset()
    nones: frozenset[str] = frozenset()
    origins: dict[tuple[str, ...], Origin] = msgspec.field(default_factory=dict)
    extra: Extra = ()
    deployment: Deployment | None = None

    @property
    def is_imported(self) -> bool:
        """Whether it comes from deployment files, directly or through a file that an import wrote."""
        return self.deployment is not None or bool(self.imported)

    @property
    def incomplete(self) -> bool:
        """Whether something in the file could not be understood, so that absence proves nothing."""
        return any(problem.loses_meaning for problem in self.problems)

    def is_unread(self, place: Place) -> bool:
        """Whether a place, its container or a part of it exists in the file but could not be understood."""
        names = place.names
        above = (".".join(names[:end]) for end in range(len(names), 0, -1))
        return WHOLE_FILE in self.unread or any(identity in self.unread for identity in above)

    @property
    def document(self) -> Document:
        """The main file; it includes the others."""
        return self.documents[0]
