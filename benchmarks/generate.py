"""Writes the architecture of an invented company: `python benchmarks/generate.py 10000 > big.yaml`.

The same size and seed give the same text on every machine. Product teams of three forms (see `company/`)
share authentication, monitoring, a model registry, a prediction log, a data lake, and services of the
business that several teams call. Nearly every fact is stated. About one component in fifty has a fault that
a rule reports.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

SMALLEST: Final = 30
"""Components of the smallest system: the shared ones, one domain, and one product."""
_FAULTY_SHARE: Final = 0.035
"""Share of the entries with possible faults that get one: about one component in fifty."""
_PRODUCTS_OF_A_DOMAIN: Final = 20
_MOST_HELPERS: Final = 10
_FORMS: Final = ("online", "asynchronous", "batch")
_SECTIONS: Final = ("workloads", "models", "components")
_BUSINESS: Final = (
    "search", "fraud", "feed", "prices", "photos", "claims", "music", "maps",
    "support", "delivery", "credit", "video", "travel", "voice", "adverts", "stock",
)  # fmt: skip
_DOMAINS: Final = ("customers", "catalogue", "orders", "payments")
_HELPERS: Final = (
    "refunds", "returns", "limits", "alerts", "quotas", "reports", "coupons", "tickets", "exports", "audits",
)  # fmt: skip
_HEAD: Final = """\
archlint: 1
system: company-of-{size}
description: An invented company with {size} components (seed {seed}).
owner: {{team: platform, contact: "#platform-oncall", runbook: docs/runbook.md}}
team: {{engineers: 400, on_call: true}}
"""

Sections = dict[str, list[str]]
"""The entries of each section of a file, each with its lines."""
Draw = Callable[[random.Random], str]


def _one_of(*words: str) -> Draw:
    return lambda chance: words[int(chance.random() * len(words))]


def _number(least: int, most: int, unit: str = "") -> Draw:
    return lambda chance: f"{least + int(chance.random() * (most - least + 1))}{unit}"


def _time(least_ms: int, most_ms: int) -> Draw:
    """A service time whose p99 is two to four times its median."""

    def draw(chance: random.Random) -> str:
        median = least_ms + int(chance.random() * (most_ms - least_ms + 1))
        return f"{{p50: {median}ms, p99: {int(median * (2 + 2 * chance.random())) + 1}ms}}"

    return draw


_DRAWS: Final[dict[str, Draw]] = {
    "some": _number(2, 6), "zones": _one_of("[a, b]", "[a, c]", "[b, c]"), "rate": _number(5, 20, "/s"),
    "peak": _number(30, 60, "/s"), "quick": _time(1, 4), "query": _time(200, 400), "prediction": _time(8, 30),
    "slow": _time(200, 700), "megabytes": _number(40, 900, "MB"), "parameters": _number(10, 20, "M"),
    "records": _number(1, 9, "M"), "framework": _one_of("xgboost", "lightgbm", "pytorch", "tensorflow"),
    "version": lambda chance: f"{_number(1, 9)(chance)}.{_number(0, 20)(chance)}.{_number(0, 9)(chance)}",
    "web": _one_of("fastapi", "flask", "grpc", "django"), "balancer": _one_of("nginx", "envoy", "haproxy"),
    "gateway": _one_of("kong", "istio", "envoy"), "keyvalue": _one_of("redis", "memcached", "valkey"),
    "sql": _one_of("postgresql", "mysql"), "queue": _one_of("kafka", "rabbitmq", "nats-jetstream"),
    "bucket": _one_of("s3", "gcs", "minio"),
    "server": _one_of("triton", "tensorflow-serving", "torchserve", "bentoml"),
}  # fmt: skip


class _Words(Mapping[str, object]):
    """The values of the words with a dollar: names are given, everything else is drawn each time."""

    def __init__(self, chance: random.Random, names: Mapping[str, str]) -> None:
        self.chance = chance
        self.names = names

    def __getitem__(self, word: str) -> str:
        known = self.names.get(word)
        return known if known is not None else _DRAWS[word](self.chance)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.names, *_DRAWS))

    def __len__(self) -> int:
        return len(self.names) + len(_DRAWS)


class Fault(NamedTuple):
    """One way to make an entry wrong: the text that replaces a pattern, and the rule that then reports it.

    With `open`, a fact is missing, and the rule is undecided.
    """

    rule: str
    pattern: str
    put: str = ""
    open: bool = False

    def apply(self, entry: str) -> str:
        """Return the entry with the fault."""
        text, count = re.subn(self.pattern, self.put, entry, count=1)
        if not count:
            raise ValueError(f"this entry cannot get the fault of {self.rule}: {entry}")
        return text


FAULTS: Final[dict[str, Fault]] = {
    "replicas": Fault("REL001", r"replicas: (?:\d+|\{.*?\})((?:.|\n)*?)zones: \[.*?\]", r"replicas: 1\1zones: [a]"),
    "zones": Fault("REL001", r"zones: \[.*?\]", "zones: [a]"),
    "timeout": Fault("REL003", r", timeout: \w+"),
    "dead-letter": Fault("REL009", r"dead_letter: [\w-]+, "),
    "log": Fault("OPS001", r"    logs_to: .*\n"),
    "monitoring": Fault("OPS002", r"    monitored_by: .*\n"),
    "version": Fault("OPS004", r"    version: .*\n|version: [\w.]+, "),
    "slow": Fault("SRV001", r"service_time: \{.*?\}", "service_time: {p50: 300ms, p99: 420ms}"),
    "unknown": Fault("REL001", r"    replicas: .*\n|replicas: \d+, ", open=True),
}


class Entry(NamedTuple):
    """One entry of a template, and the faults that it can get."""

    text: Template
    faults: tuple[str, ...]


class Company:
    """A company that grows until it has `size` components; `faults` has the fault of each faulty entry.

    Its keys are places in the file: `components.fraud-1-edge`, `models.feed-2-ranking`.
    """

    def __init__(self, size: int, seed: int = 1) -> None:
        if size < SMALLEST:
            raise ValueError(f"the smallest system has {SMALLEST} components, not {size}")
        self.size = size
        self.seed = seed
        self.chance = random.Random(seed)
        self.sections: Sections = {section: [] for section in _SECTIONS}
        self.faults: dict[str, Fault] = {}
        self._grow()

    @property
    def missing(self) -> int:
        return self.size - len(self.sections["components"])

    def _grow(self) -> None:
        self._add("platform", {})
        products = 0
        domain = ""
        while self.missing:
            if products % _PRODUCTS_OF_A_DOMAIN == 0:
                number = products // _PRODUCTS_OF_A_DOMAIN
                domain = f"{_DOMAINS[number % len(_DOMAINS)]}-{number // len(_DOMAINS) + 1}"
                self._add("domain", {"d": domain})
            name = f"{_BUSINESS[products % len(_BUSINESS)]}-{products // len(_BUSINESS) + 1}"
            self._product(_FORMS[products % len(_FORMS)], name, domain)
            products += 1

    def _product(self, form: str, name: str, domain: str) -> None:
        """Add one product team; the last one gets as many helpers as are missing."""
        core = len(_TEMPLATES[form]["components"])
        helpers = int(self.chance.random() * (_MOST_HELPERS + 1))
        if self.missing - core - helpers < _LARGEST:
            helpers = self.missing - core
        names = [_helper(number) for number in range(helpers)]
        more = "".join(f"      - {{to: {name}-{helper}, timeout: 400ms, optional: true}}\n" for helper in names)
        self._add(form, {"p": name, "d": domain, "more": more})
        for helper in names:
            self._add("helper", {"p": name, "d": domain, "h": helper})

    def _add(self, form: str, names: dict[str, str]) -> None:
        words = _Words(self.chance, names)
        for section, entries in _TEMPLATES[form].items():
            for entry in entries:
                text = entry.text.substitute(words)
                if entry.faults and self.chance.random() < _FAULTY_SHARE:
                    text = self._break(section, text, entry.faults)
                self.sections[section].append(text)

    def _break(self, section: str, text: str, ways: tuple[str, ...]) -> str:
        fault = FAULTS[ways[int(self.chance.random() * len(ways))]]
        self.faults[f"{section}.{text.lstrip().partition(':')[0]}"] = fault
        return fault.apply(text)

    def yaml(self) -> str:
        """The architecture file."""
        parts = [_HEAD.format(size=self.size, seed=self.seed)]
        for section in _SECTIONS:
            parts += [f"\n{section}:\n", *self.sections[section]]
        return "".join(parts)


def _helper(number: int) -> str:
    """The name of a product's helper: after ten, they have numbers."""
    rank, word = divmod(number, len(_HELPERS))
    return f"{_HELPERS[word]}-{rank + 1}" if rank else _HELPERS[word]


def _read_template(form: str) -> dict[str, list[Entry]]:
    """The entries of a form, by section."""
    text = (Path(__file__).parent / "company" / f"{form}.yaml").read_text(encoding="utf-8")
    sections: dict[str, list[Entry]] = {}
    for part in re.split(r"^(?=\w+:$)", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition(":\n")
        entries = re.split(r"^(?=  \S)", body.rstrip("\n") + "\n", flags=re.MULTILINE)[1:]
        sections[head] = [_entry(entry) for entry in entries]
    return sections


def _entry(text: str) -> Entry:
    text, _, rest = text.partition("  # fault: ")
    words, _, following = rest.partition("\n")
    whole = f"{text}\n{following}" if rest else text
    return Entry(Template(whole.replace("$more\n", "$more")), tuple(words.split()))


_TEMPLATES: Final = {form: _read_template(form) for form in ("platform", "domain", "helper", *_FORMS)}
_LARGEST: Final = max(len(_TEMPLATES[form]["components"]) for form in _FORMS) + len(_TEMPLATES["domain"]["components"])
"""Components of the largest product, with a new domain before it."""


def generate(size: int, seed: int = 1) -> str:
    """An architecture file with `size` components; raises `ValueError` below `SMALLEST`.

    >>> generate(30) == generate(30)
    True
    """
    return Company(size, seed).yaml()


def main() -> None:
    """Write a system to standard output."""
    parser = argparse.ArgumentParser(description="Write the architecture of an invented company.")
    parser.add_argument("size", type=int, help=f"how many components; at least {SMALLEST}")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another company (default: 1)")
    options = parser.parse_args()
    if options.size < SMALLEST:
        parser.error(f"the smallest system has {SMALLEST} components")
    sys.stdout.write(generate(options.size, options.seed))


if __name__ == "__main__":
    main()
