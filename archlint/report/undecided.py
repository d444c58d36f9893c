"""Which missing fact would decide the most."""

from __future__ import annotations

import msgspec

from archlint.verdicts import OpenQuestion, Report


class MissingFact(msgspec.Struct, frozen=True):
    """A key to add to a file, with the open questions that wait for it, alone or among others.

    `file` is the file that was checked. `listed` are those questions that stand under no more decisive key.
    """

    file: str
    key: str
    questions: tuple[OpenQuestion, ...]
    listed: tuple[OpenQuestion, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that wait for it, in order of their ids."""
        return tuple(sorted({question.rule for question in self.questions}))


def missing_facts(report: Report) -> tuple[MissingFact, ...]:
    """Return the keys that open questions wait for, the most decisive first; each question is `listed` once.

    A question that names no key stands under the empty key, which comes last.
    """
    facts = []
    for file in report.files:
        waiting: dict[str, list[OpenQuestion]] = {}
        for question in file.undecided:
            for key in dict.fromkeys(question.needs or ("",)):
                waiting.setdefault(key, []).append(question)
        listed: set[int] = set()
        for key, questions in sorted(waiting.items(), key=lambda item: _rank(item[0], item[1])):
            fresh = tuple(question for question in questions if id(question) not in listed)
            listed.update(id(question) for question in fresh)
            facts.append(MissingFact(file.file, key, tuple(questions), fresh))
    return tuple(sorted(facts, key=lambda fact: _rank(fact.key, fact.questions)))


def _rank(key: str, questions: list[OpenQuestion] | tuple[OpenQuestion, ...]) -> tuple[bool, int, int, str]:
    alone = sum(len(question.needs) == 1 for question in questions)
    return not key, -len(questions), -alone, key
