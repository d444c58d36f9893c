"""The log with both answers to each request, and the report that compares them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy import Column, Engine, Float, Integer, MetaData, String, Table, and_, case, func, select

from kit.database import put, reading, writing

METADATA = MetaData()
ANSWERS = Table(
    "shadow_answers", METADATA,
    Column("request", String(64), primary_key=True),
    Column("record", Integer, primary_key=True),   # its position in the request
    Column("role", String(16), primary_key=True),  # current or candidate
    Column("version", String(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("probability", Float, nullable=False),
    Column("ms", Float, nullable=False),
    Column("at", Float, nullable=False),           # seconds since 1970
)  # fmt: skip
_MOST_PAIRS = 20


class Disagreement(BaseModel):
    """How often the models differed in this way."""

    current: str
    candidate: str
    records: int


class Report(BaseModel):
    """How the answers compare: shares from 0 to 1 of the records that both models answered, times in milliseconds."""

    current_version: str | None
    candidate_version: str | None
    records: int
    answered_by_both: int
    agreement: float | None
    mean_probability_gap: float | None
    current_ms: float | None
    candidate_ms: float | None
    disagreements: list[Disagreement]


def write(engine: Engine, rows: Sequence[dict[str, object]]) -> None:
    """Store answers; existing ones do not change."""
    with writing(engine) as connection:
        put(connection, ANSWERS, rows, replace=False)


def compare(engine: Engine) -> Report:
    """Join both answers to each record, only for the newest pair of versions, and summarise them."""
    current, candidate = ANSWERS.alias("current"), ANSWERS.alias("candidate")
    same = and_(current.c.request == candidate.c.request, current.c.record == candidate.c.record)
    with reading(engine) as connection:
        newest = [
            connection.execute(
                select(ANSWERS.c.version).where(ANSWERS.c.role == role).order_by(ANSWERS.c.at.desc()).limit(1)
            ).scalar_one_or_none()
            for role in ("current", "candidate")
        ]
        of_current = and_(current.c.role == "current", current.c.version == newest[0])
        of_both = and_(of_current, candidate.c.role == "candidate", candidate.c.version == newest[1])
        pairs = current.join(candidate, same)
        agrees = case((current.c.label == candidate.c.label, 1.0), else_=0.0)
        records = connection.execute(select(func.count()).select_from(current).where(of_current)).scalar_one()
        both, agreement, gap, ms, other_ms = connection.execute(
            select(
                func.count(), func.avg(agrees), func.avg(func.abs(current.c.probability - candidate.c.probability)),
                func.avg(current.c.ms), func.avg(candidate.c.ms),
            ).select_from(pairs).where(of_both)
        ).one()  # fmt: skip
        differing = connection.execute(
            select(current.c.label, candidate.c.label, func.count())
            .select_from(pairs).where(of_both, current.c.label != candidate.c.label)
            .group_by(current.c.label, candidate.c.label).order_by(func.count().desc()).limit(_MOST_PAIRS)
        ).all()  # fmt: skip
    return Report(
        current_version=newest[0], candidate_version=newest[1], records=records, answered_by_both=both,
        agreement=agreement, mean_probability_gap=gap, current_ms=ms, candidate_ms=other_ms,
        disagreements=[Disagreement(current=a, candidate=b, records=n) for a, b, n in differing],
    )  # fmt: skip
