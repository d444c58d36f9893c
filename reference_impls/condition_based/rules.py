"""Rules as data: which model answers in which region and hour. All errors in them are reported at the start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Hour = Annotated[int, Field(ge=0, le=23)]
Word = Annotated[str, Field(max_length=64, pattern="^[ -~]+$")]  # names go into headers
HOURS = range(24)


class RulesError(Exception):
    """Rules that are not valid; `reasons` has one line for each problem."""

    def __init__(self, reasons: Collection[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class Rule(BaseModel):
    """A model for some regions, from the first hour up to the second, in UTC; 22 to 6 spans midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Word
    regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    hours: tuple[Hour, Hour] = (0, 0)
    model: Word

    def holds(self, region: str, hour: int) -> bool:
        """Return whether the rule applies to a request."""
        start, end = self.hours
        within = start <= hour < end if start < end else hour >= start or hour < end
        return region in self.regions and within


class Rules(BaseModel):
    """The first rule that matches decides. `unknown` is the model for other regions; without it, they are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    unknown: Word | None = None

    def choose(self, region: str, hour: int) -> tuple[str, str] | None:
        """Return the names of the rule and the model for a request, or None if no model answers for its region."""
        if region not in self.regions:
            return None if self.unknown is None else ("unknown", self.unknown)
        return next(((rule.name, rule.model) for rule in self.rules if rule.holds(region, hour)), None)

    def problems(self, models: Collection[str]) -> Iterator[str]:
        """Yield problems: models without a server, unknown regions, hours without a rule, rules that never match."""
        wanted = {rule.name: rule.model for rule in self.rules} | ({"unknown": self.unknown} if self.unknown else {})
        for name, model in wanted.items():
            if model not in models:
                yield f"rule `{name}`: unknown model `{model}`; known models: {', '.join(sorted(models))}"
        names = [rule.name for rule in self.rules]
        yield from (f"duplicate rule name `{name}`" for name in sorted(set(names)) if names.count(name) > 1)
        for rule in self.rules:
            for region in rule.regions:
                if region not in self.regions:
                    yield f"rule `{rule.name}`: unknown region `{region}`"
        deciding = set()
        for region in self.regions:
            chosen = {hour: self.choose(region, hour) for hour in HOURS}
            deciding |= {found[0] for found in chosen.values() if found}
            gaps = [str(hour) for hour, found in chosen.items() if found is None]
            if gaps:
                yield f"region `{region}`: no rule matches in the hours {', '.join(gaps)}"
        yield from (f"rule `{name}`: never matches, because earlier rules do" for name in names if name not in deciding)


def read_rules(file: Path, models: Collection[str]) -> Rules:
    """Read and check the rules for the models that are served; raises `RulesError` with all problems."""
    try:
        rules = Rules.model_validate_json(file.read_bytes())
    except OSError as error:
        raise RulesError([f"{file}: cannot read the file: {error.strerror}"]) from None
    except ValidationError as error:
        reasons = [f"{file}: {'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()]
        raise RulesError(reasons) from None
    problems = [f"{file}: {problem}" for problem in rules.problems(models)]
    if problems:
        raise RulesError(problems)
    return rules
