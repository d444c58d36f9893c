"""Open questions, grouped by the key that decides them, and recognised patterns, as HTML."""

from __future__ import annotations

from archlint.report.html.tags import Lines, element, prose, text
from archlint.report.layout import flat, joined
from archlint.report.plain import NO_KEY, fact_text, more_needs, place_text
from archlint.report.undecided import MissingFact
from archlint.verdicts import RecognisedPattern


def fact_item(fact: MissingFact, count: int, root: str) -> Lines:
    """Write a key to add, with the questions that wait for it."""
    rules = " ".join(dict.fromkeys(question.rule for question in fact.listed))
    yield f'<li class="item undecided" data-kind="undecided" data-rules="{text(rules)}">'
    head = f'<code class="key">{text(fact.key)}</code> {fact_text(fact, count)}' if fact.key else NO_KEY
    yield f'<p class="fact">{head}</p><ul>'
    for question in fact.listed:
        others = [*(f"`{flat(need)}`" for need in question.needs if need != fact.key), *more_needs(question)]
        more = [f"also needs {joined(others)}"] if others else []
        more += [f"unknown: {flat(question.because)}"] if question.because else []
        place = element("code", place_text(question.location, root))
        name = f'<code class="rule">{text(question.rule)}</code> {text(question.name)}'
        yield f"<li>{name} at {place} {element('span', question.at, klass='at')} {prose('; '.join(more))}</li>"
    yield "</ul></li>"


def pattern_row(found: RecognisedPattern) -> str:
    """Write a pattern with the components in its roles."""
    roles = "; ".join(f"{flat(role)}: {', '.join(map(flat, names))}" for role, names in found.roles.items())
    cells = [text(found.workload) or "-", text(roles)]
    return f'<tr><th scope="row">{text(found.pattern)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
