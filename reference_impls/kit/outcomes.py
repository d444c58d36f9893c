"""The results of asynchronous work: one path for each result, and one status code for each state."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from kit.database import DatabaseSettings, RefusedDatabaseError, open_database, reason
from kit.inputs import Predictions, Storable
from kit.results import Result, Results, Status
from kit.settings import refuse

AGAIN = {"Retry-After": "1"}


class Outcome(BaseModel):
    """The state of an id: pending, done with an answer, or dead with a reason."""

    id: str
    status: Status
    answer: Predictions | None = None
    reason: str | None = None

    @classmethod
    def of(cls, result: Result) -> Outcome:
        """Return a stored result in the form of the answer."""
        said = Predictions.model_validate_json(result.answer) if result.answer else None
        return cls(id=result.id, status=result.status, answer=said, reason=result.reason or None)


def open_results(settings: DatabaseSettings) -> Results:
    """Return the store of results; exit with the reason if it cannot be used."""
    try:
        results = Results(open_database(settings, "results"))
        results.create()
    except RefusedDatabaseError as error:
        refuse(str(error))
    return results


def add_outcomes(app: FastAPI, results: Results, path: str) -> None:
    """Answer GET at `path/ID`: 200 with the answer, 202 while it is pending, 410 with the reason if it is dead."""

    @app.get(path + "/{key}")
    def look(key: Annotated[str, Storable]) -> JSONResponse:
        result = results.get(key)
        if result is None:
            raise HTTPException(404, "no request with this id was accepted")
        status = {"pending": 202, "done": 200, "dead": 410}[result.status]
        body = Outcome.of(result).model_dump(exclude_none=True)
        headers = {"Cache-Control": "no-store", **(AGAIN if status == 202 else {})}  # a dead one may be retried
        return JSONResponse(body, status, headers)

    @app.exception_handler(SQLAlchemyError)
    async def store_down(_request: Request, error: SQLAlchemyError) -> JSONResponse:
        return JSONResponse({"error": f"the result store failed: {reason(error)}"}, 503, AGAIN)
