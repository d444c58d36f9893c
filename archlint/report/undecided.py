"""The missing keys that would decide the most open questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from archlint.verdicts import FileReport, OpenQuestion, Report


class MissingFact(msgspec.Struct, frozen=True):
    """A key to add to a file, with the open questions that need it, alone or together with other keys.

    `file` is the file that was checked. `listed` are the questions that no earlier key lists already. Without a key,
    its questions wait for a correction of the file (`to_correct`), or no key can decide them.
    """

    file: str
    key: str
    questions: tuple[OpenQuestion, ...]
    listed: tuple[OpenQuestion, ...]
    to_correct: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that need it, in order of their ids."""
        return rules_of(self.questions)

    @property
    def alone(self) -> int:
        """How many questions need no other key."""
        return alone(self.questions)


class Decision(msgspec.Struct, frozen=True):
    """Keys that together decide questions of one file."""

    file: str
    keys: tuple[str, ...]
    questions: tuple[OpenQuestion, ...]


def rules_of(questions: tuple[OpenQuestion, ...]) -> tuple[str, ...]:
    """Return the ids of the rules, each once, in order."""
    return tuple(sorted({question.rule for question in questions}))


def missing_facts(report: Report) -> tuple[MissingFact, ...]:
    """Return the keys that open questions need, the one that most of them need first; each question is `listed` once.

    Of keys that as many questions need, the one that decides more of them alone comes first. Questions that wait for a
    correction of the file come first, and those that no key can decide come last; both are under the empty key.
    """
    facts = []
    for file in report.files:
        if wrong := to_correct(file):
            facts.append(MissingFact(file.file, "", wrong, wrong, to_correct=True))
        waiting: dict[str, list[OpenQuestion]] = {}
        for question in file.undecided:
            if question.mistakes:
                continue
            for key in dict.fromkeys(question.needs or ("",)):
                waiting.setdefault(key, []).append(question)
        listed: set[int] = set()
        for key, questions in sorted(waiting.items(), key=lambda item: _rank(item[0], item[1])):
            fresh = tuple(question for question in questions if id(question) not in listed)
            listed.update(id(question) for question in fresh)
            facts.append(MissingFact(file.file, key, tuple(questions), fresh))
    return tuple(sorted(facts, key=lambda fact: (not fact.to_correct, *_rank(fact.key, fact.questions))))


def to_correct(file: FileReport) -> tuple[OpenQuestion, ...]:
    """Return the questions that stay open until mistakes in the file are corrected."""
    return tuple(question for question in file.undecided if question.mistakes)


def _rank(key: str, questions: list[OpenQuestion] | tuple[OpenQuestion, ...]) -> tuple[bool, int, int, str]:
    return not key, -len(questions), -alone(questions), key


def alone(questions: Iterable[OpenQuestion]) -> int:
    """Return how many questions need one key only."""
    return sum(question.needs_total == 1 for question in questions)


def best_decision(report: Report) -> Decision | None:
    """Return the set of keys that decides the most questions per key; None if no question names all its keys."""
    counts: Counter[tuple[int, frozenset[str]]] = Counter(
        (index, frozenset(question.needs))
        for index, file in enumerate(report.files)
        for question in file.undecided
        if _named(question)
    )
    if not counts:
        return None
    waiting = Counter(
        (index, key) for (index, needs), count in counts.items() for key in needs for _ in range(count)
    )

    def order(item: tuple[tuple[int, frozenset[str]], int]) -> tuple[float, int, int, int, list[str]]:
        (index, needs), count = item
        others = sum(waiting[index, key] for key in needs)
        return -count / len(needs), len(needs), -others, index, sorted(needs)

    (index, best), _ = min(counts.items(), key=order)
    file = report.files[index]
    decided = tuple(
        question for question in file.undecided
        if _named(question) and best.issuperset(question.needs)
    )
    keys = dict.fromkeys(key for question in decided for key in question.needs)
    return Decision(file.file, tuple(keys), decided)


def _named(question: OpenQuestion) -> bool:
    """Whether the keys that a question names decide it."""
    return bool(question.needs) and not question.more and not question.mistakes
