"""The settings of the experiment, which are fixed before it begins."""

from __future__ import annotations

from pydantic import Field, model_validator

from kit.database import DatabaseSettings
from online_ab.statistics_ab import users_needed


class OnlineAbSettings(DatabaseSettings):
    """The `share` of users of the `experiment` who get the candidate.

    The experiment ends when each group has enough users with an outcome. Enough means: a rise of the success rate from
    `baseline` by `least_effect` is detected with the probability `power`, at `confidence`.
    """

    current_url: str = "http://127.0.0.1:8001"
    candidate_url: str = "http://127.0.0.1:8002"
    call_timeout_s: float = Field(2, gt=0)
    experiment: str = Field("forest-1", min_length=1, max_length=100)
    share: float = Field(0.1, ge=0, le=1)
    baseline: float = Field(0.5, gt=0, lt=1)
    least_effect: float = Field(0.1, gt=0, lt=1)
    confidence: float = Field(0.95, gt=0.5, lt=1)
    power: float = Field(0.8, gt=0.5, lt=1)

    @model_validator(mode="after")
    def reaches_no_more_than_all(self) -> OnlineAbSettings:
        """Reject a rate above 1."""
        if self.baseline + self.least_effect >= 1:
            raise ValueError("SERVE_BASELINE and SERVE_LEAST_EFFECT together must stay below 1")
        return self

    @property
    def users_needed(self) -> int:
        """The number of users with an outcome that each group needs before the decision."""
        return users_needed(self.baseline, self.least_effect, self.confidence, self.power)
