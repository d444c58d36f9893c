"""Runs rules on a system and makes the report, in order, with what is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from archlint.acceptance.present import may_accept
from archlint.analysis.mentioned import mentioned
from archlint.analysis.system import System
from archlint.maker import Made, Maker, Seen
from archlint.packs import Rule
from archlint.verdicts import Accepted, FileReport, Finding, RecognisedPattern, ShownRelated, order_of

if TYPE_CHECKING:
    from archlint.copies import Copy

MANY_COMPONENTS = 3_000
"""From here on, the rules take long enough to divide them between two processes."""
_IN_A_COPY = ("DOC", "OPS", "SEC", "SRV")
"""Families with about half of the work; the rules of one family share what they compute."""


def lint(
    system: System, rules: Iterable[Rule], today: str, known: frozenset[str] = frozenset(), accept: bool = True,
    recognise: bool = False,
) -> FileReport:  # fmt: skip
    """Run rules on a system.

    `today` is an ISO date, for acceptances that end. `known` are the ids and names of all rules: an acceptance of a
    rule that does not run is not a mistake, but one of an unknown rule is. With `accept` false, acceptances are
    ignored. With `recognise`, the patterns that the system follows are reported too.
    """
    active = list(rules)
    maker = Maker(system.architecture)
    words = mentioned(system)
    spoken = [rule for rule in active if rule.pack.may_speak(words)]
    made = _run(system, maker, spoken)
    findings = [finding for one in made for finding in one.findings]
    questions = [question for one in made for question in one.questions]
    silent = [question for one in made for question in one.silent]
    accepted: tuple[Accepted, ...] = ()
    if accept and may_accept(system.architecture):
        from archlint.acceptance.apply import Acceptances

        names = frozenset(name for rule in active for name in (rule.pack.id, rule.pack.name))
        acceptances = Acceptances(system.architecture, names, known | names, today)
        findings, accepted = acceptances.apply(findings, [*questions, *silent])
        reporters = {
            rule.pack.params["problem"].value: rule
            for rule in active if rule.pack.check == "reader_problem" and "problem" in rule.pack.params
        }
        for problem in acceptances.problems:
            if problem.kind in reporters:
                findings.append(maker.of_problem(reporters[problem.kind], problem))
    findings.sort(key=order_of)
    accepted = tuple(sorted(accepted, key=lambda entry: order_of(entry.finding)))
    questions.sort(key=lambda question: (question.location.line, question.location.column, question.rule))
    return FileReport(
        system.architecture.document.name, system.architecture.name or "", tuple(findings), tuple(questions), accepted,
        _recognised(system) if recognise else (), len(active),
        hints=tuple(_hints(system, active, maker, findings)), sources=maker.sources,
        imported=system.architecture.document.imported,
    )  # fmt: skip


def _run(system: System, maker: Maker, rules: Sequence[Rule]) -> list[Made]:
    """Run rules; for a large system, some of them in a copy of this process, if there can be one."""
    copied = [rule for rule in rules if rule.pack.family in _IN_A_COPY]
    copy = _copied(system, maker, copied) if len(system.components) >= MANY_COMPONENTS and copied else None
    if copy is None:
        return [maker.run(system, rule) for rule in rules]
    try:
        made = {rule.pack.id: maker.run(system, rule) for rule in rules if rule.pack.family not in _IN_A_COPY}
        others, seen = copy.result()
    finally:
        copy.close()
    made |= {rule.pack.id: one for rule, one in zip(copied, others, strict=True)}
    maker.seen |= seen
    return [made[rule.pack.id] for rule in rules]


def _copied(system: System, maker: Maker, rules: Sequence[Rule]) -> Copy[tuple[list[Made], Seen]] | None:
    from archlint.copies import Copy, can_copy

    if system.architecture.deployment is not None or not can_copy():      # rules add sources of a deployment
        return None
    try:
        return Copy(lambda: ([maker.run(system, rule) for rule in rules], maker.seen))
    except OSError:                                # no further process, or no memory for one
        return None


def _hints(
    system: System, active: Sequence[Rule], maker: Maker, findings: Iterable[Finding]
) -> Iterator[ShownRelated]:
    """Yield what is lost with a cache that is no single point of failure: others then get its requests.

    A finding at its hit ratio says more.
    """
    cached = any(r.hit_ratio is not None for component in system.components.values() for r in component.relations)
    if cached and any(rule.pack.check == "single_point_of_failure" for rule in active):
        from archlint.analysis.loads import surges

        judged = {finding.at for finding in findings}
        for surge in surges(system):
            at = surge.look_up.place()
            if at.key("hit_ratio").at in judged:
                continue
            yield ShownRelated(at.at, surge.message, maker.at(at))


def _recognised(system: System) -> tuple[RecognisedPattern, ...]:
    from archlint.analysis.patterns import recognise

    return recognise(system)
