"""What deployment files state of the parts of a system, with its places: only imported systems have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from archlint.model.places import Place
from archlint.source.document import Document
from archlint.source.nodes import Span

LITERAL, DEFAULT, ENV_FILE, EXAMPLE, UNRESOLVED, SECRET = (
    "literal", "default", "env-file", "example", "unresolved", "secret",
)  # fmt: skip
"""How a value is known. The text of a secret is never kept."""
STATED: Final = "stated"
"""The tag of a secret whose text is in the files."""
ONLY_SERVER: Final = "the only server of the files, and it uses nothing"
"""The reason for a model server that nothing but its place suggests: whether it runs a model is unknown."""


class Site(msgspec.Struct, frozen=True, gc=False):
    """A place in a deployment file."""

    document: Document
    span: Span

    @property
    def shown(self) -> str:
        """The file and the line: `compose.yaml:12`."""
        return f"{self.document.name}:{self.document.position(self.span.start).line}"

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.document.name


class Spot(Place, frozen=True, eq=False):
    """A place of an imported system that knows its text in a deployment file."""

    site: Site


class Value(msgspec.Struct, frozen=True, gc=False):
    """A scalar after substitution of variables; parts without a value are left out of `text`.

    `raw` is the scalar as written; `via` are the further places that its text comes from, such as a line of `.env`.
    """

    text: str
    site: Site
    status: str = LITERAL
    raw: str = ""
    plain: bool = True
    tag: str = ""
    via: tuple[Site, ...] = ()

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as null."""
        return self.plain and self.raw in {"", "~", "null", "Null", "NULL"}


class Port(msgspec.Struct, frozen=True, gc=False):
    """A port of a part; `published` is true if it can be reached from outside the deployment."""

    number: int
    site: Site
    published: bool = False
    name: str = ""


class Mount(msgspec.Struct, frozen=True, gc=False):
    """A volume or a path of the host in a container; `key` names what is shared between parts.

    `modes` are the access modes of its claim. A mount of the `host` is a path of one machine.
    """

    key: str
    target: str
    site: Site
    read_only: bool = False
    kind: str = "volume"
    modes: tuple[str, ...] = ()
    host: bool = False


class Probe(msgspec.Struct, frozen=True, gc=False):
    """A check of a container: `kind` is `readiness`, `liveness`, `startup` or `healthcheck`.

    `port` is a number or the name of a port; `text` is the command of a check that runs one, as written.
    """

    kind: str
    site: Site
    port: str = ""
    text: str = ""
    off: bool = False


class Front(msgspec.Struct, frozen=True, gc=False):
    """A Service, an Ingress or a route in front of a part: its ports, as the part sees them, and who can reach it."""

    kind: str
    name: str
    site: Site
    type: str = ""
    ports: tuple[str, ...] = ()
    guarded: bool = False


class Scaler(msgspec.Struct, frozen=True, gc=False):
    """An autoscaler of a part; `metrics` are the resources whose use it measures, relative to what is requested."""

    kind: str
    name: str
    site: Site
    metrics: tuple[str, ...] = ()
    minimum: str = ""
    maximum: str = ""


class Breaker(msgspec.Struct, frozen=True, gc=False):
    """When a proxy ejects a replica that fails: after so many errors one after another."""

    site: Site
    errors: str = ""


class Thing(msgspec.Struct, frozen=True, gc=False):
    """A resource of the files that is no part. `own`: it belongs to the part that keeps it.

    `empty` says what it selects or names if no part matches. `secret`: it holds credentials.
    """

    kind: str
    api: str
    name: str
    site: Site
    own: bool = False
    empty: str = ""
    secret: bool = False
    host: str = ""


class Exposed(msgspec.Struct, frozen=True, gc=False):
    """A secret whose text is in a file that a part reads: the `key` that names it, and where it is."""

    key: str
    site: Site


class Running(msgspec.Struct):
    """How a part is run, as its files state it; readers fill in what their format has.

    `managed`: an operator makes the pods, and adds images, probes and replicas. `claims` are accelerators by number,
    or `all`. `profiles` are alternatives of which a user picks some. `artefacts` are addresses of models, `packages`
    what is installed at each start. `faults` are further faults of the
    resource itself, as `tag: text`, such as a missing dead-letter sink. A job `predicts` if files that it mounts do.
    It is `watched` if a monitor that no file need define reads its metrics, or an alarm is about it.
    A part `aims` if it mounts targets of a load generator. `scripts` are the mounted files that the command runs.
    `exposed` are secrets in its files of settings. `own_network`: no other container shares its ports. `as_built`: no
    file is mounted, so that the settings are those of its image.
    """

    managed: bool = False
    api: str = ""
    probes: list[Probe] = []
    fronts: list[Front] = []
    scalers: list[Scaler] = []
    breakers: list[Breaker] = []
    replicas: Value | None = None
    requests: dict[str, Value] = {}
    limits: dict[str, Value] = {}
    claims: list[Value] = []
    selector: dict[str, str] = {}
    labels: dict[str, Value] = {}
    profiles: tuple[str, ...] = ()
    restart: Value | None = None
    pull: Value | None = None
    policy: dict[str, Value] = {}
    artefacts: list[Value] = []
    packages: list[Value] = []
    remote: list[Value] = []
    privileges: list[Value] = []
    identities: list[Value] = []
    sources: list[Mount] = []
    memory_of_models: list[Value] = []
    things: list[Thing] = []
    scripts: list[Value] = []
    listens: tuple[int, ...] = ()
    predicts: bool = False
    aims: bool = False
    watched: bool = False
    faults: list[Value] = []
    exposed: list[Exposed] = []
    own_network: bool = False
    as_built: bool = False


class Part(msgspec.Struct, eq=False):
    """One thing that a deployment runs or refers to.

    `role` is `container`, `job`, `loader`, `router`, `graph`, `model-server` or `external`, as its format says; the
    kind of component is inferred elsewhere. `names` are the names under which other parts reach it.
    """

    name: str
    format: str
    what: str
    scope: str
    site: Site
    role: str = "container"
    image: Value | None = None
    builds: bool = False
    command: tuple[Value, ...] = ()
    env: dict[str, Value] = {}
    names: list[str] = []
    ports: list[Port] = []
    mounts: list[Mount] = []
    after: list[Value] = []
    models: list[str] = []
    kind: str = ""
    uses: str = ""
    reason: str = ""
    gpu: bool = False
    anonymous: bool = False
    base: Value | None = None
    running: Running = msgspec.field(default_factory=Running)

    @property
    def words(self) -> list[str]:
        """The words of its command."""
        return [word for value in self.command for word in value.text.split()]

    @property
    def program_key(self) -> str:
        """What tells its program from others: the command with the names of its variables, else its image.

        Variants of one program have the same key, whatever the tags of their images.
        """
        if self.command and len(self.env) > 1:
            return "\n".join([self.command_text, *sorted(self.env)])
        return self.image.text if self.image is not None else ""

    @property
    def programs(self) -> tuple[Value, ...]:
        """Its command, and the scripts among its files that the command runs."""
        return (*self.command, *self.running.scripts)

    @property
    def command_text(self) -> str:
        """Its command in one line."""
        return " ".join(value.text for value in self.command)


class Dangling(msgspec.Struct, frozen=True, gc=False):
    """An address of something that no file defines."""

    source: str
    target: str
    site: Site


class Split(msgspec.Struct, frozen=True, gc=False):
    """Traffic that one part splits between others: `arms` are their names; `how` is `share`, `mirror` or `when`."""

    source: str
    arms: tuple[str, ...]
    how: str
    site: Site


class Deployment(msgspec.Struct):
    """Everything that the deployment files of a system state, by the names of its components."""

    parts: dict[str, Part] = {}
    dangling: list[Dangling] = []
    splits: list[Split] = []
    order: dict[str, tuple[str, ...]] = {}
    """What each part starts after, directly."""
    shared: set[tuple[str, str]] = set()
    """Which part uses which, if only variables that several parts are given say so: some of them need not use it."""
    sites: dict[tuple[str, ...], Site] = {}
    """Where facts stand that another file than that of their part sets, by the names of their places."""
    cover: Callable[[str], str] = str
    """Covers the secrets of a text, for excerpts."""

    def site(self, place: Place) -> Site | None:
        """Return the place of a fact in a file: its own, or that of the nearest fact above it that is elsewhere."""
        if isinstance(place, Spot):
            return place.site
        ends = range(len(place.names), 2, -1)
        return next((self.sites[place.names[:end]] for end in ends if place.names[:end] in self.sites), None)


def spot(name: str, site: Site, *keys: str) -> Spot:
    """Return the place of a key of a component, whose text is in a deployment file."""
    steps = ("components", name, *keys)
    return Spot(steps, steps, site)
