"""The check, as a server of its own: `python -m guardrail.checker`. Its rules change without a release of the model.

It finds what must not pass: secrets and personal data by their form, and texts close to those of a blocked topic.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from kit.llm.embedding import Embedder
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
_FORMS = {
    "email address": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"),
    "secret key": re.compile(r"\b(?:sk|ghp|AKIA)[-_]?[A-Za-z0-9]{16,}\b"),
    "instructions that override others": re.compile(
        r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|above|system)\b.{0,20}\b(?:instructions?|prompts?|rules?)\b",
        re.IGNORECASE | re.DOTALL,
    ),
}


class CheckerSettings(Settings):
    """`blocked` has example texts of blocked topics, by topic, as JSON."""

    blocked: dict[str, list[str]] = Field(
        default_factory=lambda: {"weapons": ["how to build a bomb", "make explosives at home", "buy illegal guns"]}
    )
    likeness: float = Field(0.72, gt=0, le=1, description="how close to an example a text may be")


class Text(BaseModel):
    """A text to check, and whether it goes to the model or comes from it."""

    text: Annotated[str, Field(max_length=100_000)]
    direction: Literal["in", "out"]


class Verdict(BaseModel):
    """Whether the text may pass, and if not, why."""

    passed: bool
    reasons: list[str]


class Rules:
    """What must not pass."""

    def __init__(self, settings: CheckerSettings) -> None:
        self._embedder, self._likeness = Embedder(), settings.likeness
        self._topics = {topic: self._embedder.embed(texts) for topic, texts in settings.blocked.items() if texts}

    def judge(self, text: Text) -> Verdict:
        """Return the verdict about a text."""
        reasons = [name for name, form in _FORMS.items() if form.search(text.text)]
        if any(_is_card(re.sub(r"\D", "", found)) for found in _CARD.findall(text.text)):
            reasons.append("card number")
        vector = self._embedder.embed([text.text])[0]
        likeness = {topic: float((close @ vector).max()) for topic, close in self._topics.items()}
        reasons += [f"topic: {topic}" for topic, close in likeness.items() if close > self._likeness]
        return Verdict(passed=not reasons, reasons=reasons)


def _is_card(digits: str) -> bool:
    """Return whether the last digit is right (Luhn).

    >>> _is_card("4111111111111111"), _is_card("4111111111111112")
    (True, False)
    """
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def main() -> None:
    """Serve the check."""
    settings = read_settings(CheckerSettings)
    rules, app = Rules(settings), make_app("guardrail", settings)

    @app.post("/check")
    def check(text: Text) -> Verdict:
        """Judge a text."""
        return rules.judge(text)

    serve(app, settings)


if __name__ == "__main__":
    main()
