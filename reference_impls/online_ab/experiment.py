"""The groups of the users, their predictions and outcomes, and the comparison of the groups."""

from __future__ import annotations

import time
import uuid
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Engine, Float, MetaData, String, Table, func, select

from kit.database import put, reading, writing
from online_ab.settings import OnlineAbSettings
from online_ab.statistics_ab import difference

Group = Literal["current", "candidate"]
Decision = Literal["not yet", "candidate is better", "candidate is worse", "no difference shown"]
GROUPS: tuple[Group, Group] = ("current", "candidate")
METADATA = MetaData()
PREDICTIONS = Table(
    "ab_predictions", METADATA,
    Column("prediction", String(32), primary_key=True),
    Column("experiment", String(100), nullable=False, index=True),
    Column("user", String(32), nullable=False),    # a pseudonym
    Column("group", String(16), nullable=False),
    Column("version", String(64), nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip
OUTCOMES = Table(
    "ab_outcomes", METADATA,
    Column("prediction", String(32), primary_key=True),
    Column("success", Boolean, nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip


class GroupResult(BaseModel):
    """The users of a group who are included, and the share of them whose outcome was a success."""

    users: int
    successes: int
    rate: float | None


class Report(BaseModel):
    """The comparison: `difference` is the candidate's rate minus the current model's rate, with its interval."""

    experiment: str
    users_needed: int
    current: GroupResult
    candidate: GroupResult
    difference: float | None = None
    interval: tuple[float, float] | None = None
    decision: Decision = "not yet"


def group_of(user: str, experiment: str, share: float) -> Group:
    """Return the group of a user: constant, and independent of other experiments; a larger share only adds users."""
    place = int.from_bytes(sha256(f"{experiment}\0{user}".encode()).digest()[:8], "big") / 2**64
    return "candidate" if place < share else "current"


def remember(engine: Engine, experiment: str, user: str, group: Group, version: str) -> str:
    """Store a prediction, and return the number with which its outcome is reported."""
    number = uuid.uuid4().hex
    pseudonym = sha256(f"{experiment}\0pseudonym\0{user}".encode()).hexdigest()[:32]
    row = {"prediction": number, "experiment": experiment, "user": pseudonym, "group": group, "version": version,
           "at": time.time()}  # fmt: skip
    with writing(engine) as connection:
        put(connection, PREDICTIONS, [row], replace=False)
    return number


def tell(engine: Engine, number: str, success: bool) -> bool | None:
    """Store an outcome; return the stored one, which is the first reported, or None for an unknown prediction."""
    with writing(engine) as connection:
        known = connection.execute(select(PREDICTIONS.c.prediction).where(PREDICTIONS.c.prediction == number)).first()
        if known is None:
            return None
        put(connection, OUTCOMES, [{"prediction": number, "success": success, "at": time.time()}], replace=False)
        noted = connection.execute(select(OUTCOMES.c.success).where(OUTCOMES.c.prediction == number)).scalar_one()
        return bool(noted)


def compare(engine: Engine, settings: OnlineAbSettings) -> Report:
    """Compare the groups by the first outcome of each user, and decide once both have enough users.

    Users are counted, not predictions, because the outcomes of one user are not independent. Only the first
    `users_needed` users of each group are counted: anyone who looks every day until a difference shows will find one in
    the end (Johari et al., "Peeking at A/B tests", KDD 2017).
    """
    needed = settings.users_needed
    current, candidate = (_result(engine, settings.experiment, group, needed) for group in GROUPS)
    report = Report(experiment=settings.experiment, users_needed=needed, current=current, candidate=candidate)
    if not current.users or not candidate.users:
        return report
    apart, low, high = difference(
        (candidate.successes, candidate.users), (current.successes, current.users), settings.confidence
    )
    report.difference, report.interval = apart, (low, high)
    if min(current.users, candidate.users) >= needed:
        report.decision = _decision(low, high)
    return report


def _decision(low: float, high: float) -> Decision:
    if low > 0:
        return "candidate is better"
    return "candidate is worse" if high < 0 else "no difference shown"


def _result(engine: Engine, experiment: str, group: Group, most: int) -> GroupResult:
    place = func.row_number().over(partition_by=PREDICTIONS.c.user, order_by=(OUTCOMES.c.at, OUTCOMES.c.prediction))
    told = (
        select(OUTCOMES.c.success, OUTCOMES.c.at, PREDICTIONS.c.user, place.label("place"))
        .join(PREDICTIONS, PREDICTIONS.c.prediction == OUTCOMES.c.prediction)
        .where(PREDICTIONS.c.experiment == experiment, PREDICTIONS.c.group == group)
        .subquery()
    )
    first = select(told.c.success).where(told.c.place == 1).order_by(told.c.at, told.c.user).limit(most)
    with reading(engine) as connection:
        outcomes = [bool(success) for success in connection.execute(first).scalars()]
    users, successes = len(outcomes), sum(outcomes)
    return GroupResult(users=users, successes=successes, rate=successes / users if users else None)
