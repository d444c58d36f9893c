"""The application: routes of the HTTP API and the page that uses them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from archlint import __version__
from archlint.errors import ArchlintError
from archlint.serve import bodies, jobs
from archlint.serve.events import Changes
from archlint.serve.files import ConflictError, Store
from archlint.serve.guard import Guard, Policy
from archlint.serve.jobs import Done, Job, Setup
from archlint.serve.openapi import describe, reported
from archlint.serve.overview import Systems, when
from archlint.serve.page import add_page
from archlint.serve.pool import BusyError, Pool
from archlint.serve.runs import Runs
from archlint.serve.workspace import UnknownFileError

_STATUSES: Final = {"unknown": 404, "invalid": 422, "defect": 500}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": bodies.Problem, "description": "No such file in the folders of the server"},
    422: {"model": bodies.Problem, "description": "The request cannot be carried out"},
    429: {"model": bodies.Problem, "description": "Too many requests wait; send it again later"},
    400: {"model": bodies.Problem, "description": "The body is not JSON"},
    413: {"model": bodies.Problem, "description": "The body is too large"},
}


class Limits(msgspec.Struct, frozen=True):
    """The limits of the work of a server."""

    processes: int = 2
    time_s: float = 20.0
    most_waiting: int = 200
    memory_bytes: int = 2 * 1024**3


class Served:
    """What the routes of an application share."""

    def __init__(self, setup: Setup, limits: Limits, runs_url: str) -> None:
        self.runs_url = runs_url
        self._recording: set[asyncio.Task[jobs.Reply]] = set()
        self.runs = Runs(runs_url)
        self.store = Store(setup.workspace)
        self.changes = Changes(self.store)
        quick = max(1, limits.processes)
        self.quick = Pool(setup, quick, limits.time_s, limits.most_waiting)
        self.slow = Pool(setup, max(1, quick // 2), limits.time_s, limits.most_waiting)
        self.systems = Systems(self.store, self.slow, self.runs)

    @contextlib.asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncIterator[None]:
        """Start the workers, and watch the folders, as long as the application runs."""
        await self.quick.start()
        watching = asyncio.create_task(self.changes.watch())
        try:
            yield
        finally:
            self.changes.stop()
            await asyncio.gather(self.quick.close(), self.slow.close())
            await asyncio.wait({watching}, timeout=2)
            watching.cancel()
            self.runs.close()

    def record(self, file: str) -> None:
        """Record a run of a file that was saved, beside the work for requests."""
        job = jobs.Overview(jobs.Given(file), self.runs_url, self.changes.generation)
        task = asyncio.create_task(self.slow.do(job))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)
        task.add_done_callback(_noted)

    async def answer(self, job: Job, is_quick: bool = False, headers: dict[str, str] | None = None) -> Response:
        """Return the response to a job."""
        job = msgspec.structs.replace(job, generation=self.changes.generation)
        reply = await (self.quick if is_quick else self.slow).do(job)
        if isinstance(reply, Done):
            return Response(reply.body, media_type=reply.media, headers=headers)
        return problem(_STATUSES[reply.kind], reply.message, reply.hint)


def _noted(task: asyncio.Task[jobs.Reply]) -> None:
    """Log why a run was not recorded; the save itself has succeeded."""
    if task.cancelled():
        return
    error = task.exception()
    reply = None if error else task.result()
    if error or isinstance(reply, jobs.Refused):
        said = reply.message if isinstance(reply, jobs.Refused) else str(error)
        logging.getLogger("uvicorn.error").warning("a run was not recorded: %s", said)


class _Described(FastAPI):
    """An application that describes the reports of its responses too."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self.routes)
        return self.openapi_schema


def make_app(served: Served, policy: Policy) -> ASGIApp:
    """Return the application with its guard."""
    return Guard(make_api(served, policy), policy)


def make_api(served: Served, policy: Policy) -> FastAPI:
    """Return the application without its guard."""
    app = _Described(
        title="archlint serve", version=__version__, docs_url=None, redoc_url=None, lifespan=served.running,
        responses=_REFUSALS, redirect_slashes=False,
    )  # fmt: skip
    _add_errors(app)
    _add_work(app, served)
    _add_files(app, served)
    _add_systems(app, served)
    add_page(app, policy)
    return app


def problem(status: int, message: str, hint: str = "", headers: dict[str, str] | None = None) -> Response:
    """Return the response to a request that is refused."""
    body = bodies.Problem(message=_printable(message), hint=_printable(hint))
    return Response(body.model_dump_json(), status, headers, "application/json")


def _printable(text: str) -> str:
    """Return a text that can be encoded: names of files and keys of requests may hold lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[:5]
        if any(one["type"] == "json_invalid" for one in first):
            return problem(400, "the body is not JSON", "send a JSON object, as /openapi.json describes it")
        said = "; ".join(f"{'.'.join(str(step)[:80] for step in one['loc'])}: {one['msg']}" for one in first)
        return problem(422, said, "see /openapi.json")

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        hint = "see /openapi.json" if error.status_code in {400, 404, 405} else ""
        return problem(error.status_code, str(error.detail), hint, dict(error.headers or {}))

    @app.exception_handler(ArchlintError)
    async def wrong(_request: Request, error: ArchlintError) -> Response:
        return problem(404 if isinstance(error, UnknownFileError) else 422, error.message, error.hint)

    @app.exception_handler(Exception)
    async def defect(_request: Request, _error: Exception) -> Response:
        return problem(500, "archlint failed on this request", "see the server's log")     # which has the traceback

    @app.exception_handler(BusyError)
    async def busy(_request: Request, _error: BusyError) -> Response:
        return problem(429, "the server is busy", "send it again later", {"retry-after": "1"})


def _add_work(app: FastAPI, served: Served) -> None:
    @app.post("/check", responses=reported("Report", "The findings, as `archlint check -o json` writes them"))
    async def check(body: bodies.CheckRequest) -> Response:
        """Check an architecture."""
        return await served.answer(jobs.Check(body.given()), is_quick=True)

    @app.get("/schema", response_model=dict[str, Any])
    async def schema() -> Response:
        """Return the JSON Schema of arch.yaml, with which editors complete keys and names."""
        from archlint.listing import file_schema

        return JSONResponse(await asyncio.to_thread(file_schema))

    @app.post("/facts", response_model=bodies.Facts)
    async def facts(body: bodies.FactsRequest) -> Response:
        """List the quantities that an architecture states: what `/whatif` can change."""
        return await served.answer(jobs.Facts(body.given()), is_quick=True)

    @app.post("/analyze", responses=reported("Numbers", "The numbers, as `archlint analyze -o json` writes them"))
    async def analyze(body: bodies.AnalyzeRequest) -> Response:
        """Compute the numbers of an architecture."""
        settings = tuple(one.change() for one in body.settings)
        return await served.answer(jobs.Analyze(body.given(), body.workload, settings))

    @app.post("/whatif", responses=reported("WhatIf", "What changes, as `archlint whatif -o json` writes it"))
    async def whatif(body: bodies.WhatIfRequest) -> Response:
        """Compare an architecture with a version in which some facts are changed."""
        return await served.answer(jobs.WhatIf(body.given(), tuple(one.change() for one in body.settings)))

    @app.post("/diff", responses=reported("Difference", "What differs, as `archlint diff -o json` writes it"))
    async def diff(body: bodies.DiffRequest) -> Response:
        """Compare two versions of an architecture."""
        return await served.answer(jobs.Diff(body.before.given(), body.after.given()))

    @app.post("/import", response_model=bodies.Imported)
    async def import_files(body: bodies.ImportRequest) -> Response:
        """Write an arch.yaml from deployment files."""
        return await served.answer(jobs.Import(body.path, body.texts, body.system))

    pictures = {kind: {"schema": {"type": "string"}} for kind in (
        "image/svg+xml", "image/png", "application/pdf", "text/html; charset=utf-8", "text/plain; charset=utf-8",
        "application/json",
    )}  # fmt: skip

    @app.post("/render", response_class=Response, responses={200: {"description": "The picture", "content": pictures}})
    async def render(body: bodies.RenderRequest) -> Response:
        """Draw an architecture with its findings."""
        headers = {"content-disposition": f'attachment; filename="picture.{body.format}"'}
        if body.format == "html":                          # a page of its own, whose script is inline
            headers["content-security-policy"] = "sandbox; default-src 'none'"
        return await served.answer(jobs.Render(body.given(), body.look()), headers=headers)


def _add_files(app: FastAPI, served: Served) -> None:
    store = served.store

    @app.get("/files")
    async def files() -> bodies.Files:
        """List the architecture files."""
        found, notes = await asyncio.to_thread(store.listing)
        listed = [bodies.ListedFile(file=file, version=version) for file, version in found]
        return bodies.Files(files=listed, notes=list(map(_printable, notes)))

    @app.get("/files/{file:path}", response_model=bodies.FileText)
    async def read_file(file: str, response: Response) -> bodies.FileText:
        """Read a file; `ETag` holds its version."""
        found = await asyncio.to_thread(store.read, file)
        response.headers["etag"] = f'"{found.version}"'
        return bodies.FileText(file=file, version=found.version, text=found.text)

    conflicts: dict[int | str, dict[str, Any]] = {
        409: {"model": bodies.Conflict, "description": "The file changed since it was read; nothing was saved"},
        428: {"model": bodies.Problem, "description": "The request names no version"},
    }

    @app.put("/files/{file:path}", responses=conflicts, response_model=bodies.Saved)
    async def save_file(
        file: str, body: bodies.SaveRequest,
        if_match: Annotated[str | None, Header(description="The version that the text replaces, as `ETag`.")] = None,
        if_none_match: Annotated[str | None, Header(description="`*` to create a file.")] = None,
    ) -> Response:  # fmt: skip
        """Save a file, if its version is still the one that the client read."""
        if if_none_match != "*" and not if_match:
            return problem(428, "the request names no version", "send `If-Match` with the ETag of the file")
        version = if_match.strip().removeprefix("W/").strip('"') if if_match else None
        try:
            saved = await asyncio.to_thread(store.save, file, body.text, version)
        except ConflictError as error:
            return _conflict(file, body.text, error)
        await served.changes.announce({file: saved})
        served.record(file)
        answer = bodies.Saved(file=file, version=saved)
        return JSONResponse(answer.model_dump(), headers={"etag": f'"{saved}"'})

    @app.get("/events", include_in_schema=False)
    async def events() -> Response:
        """Send changes of files on disk as server-sent events: `{file: version}`."""
        return StreamingResponse(served.changes.stream(), media_type="text/event-stream")


def _add_systems(app: FastAPI, served: Served) -> None:
    @app.get("/systems")
    async def systems() -> bodies.Systems:
        """List all systems: state, objectives and findings now, and the last runs."""
        rows = await served.systems.rows(served.changes.generation)
        return bodies.Systems(systems=[
            bodies.SystemRow(
                file=row.file, system=_printable(row.line.system), state=row.line.state, errors=row.line.errors,
                warnings=row.line.warnings, infos=row.line.infos, error=_printable(row.line.error),
                objectives=[
                    bodies.ObjectivesOf(workload=one.workload, stated=one.stated) for one in row.line.objectives
                ],
                trend=[
                    bodies.RunOf(
                        at=when(run), errors=run.errors, warnings=run.warnings, infos=run.infos, source=run.source,
                        revision=run.revision,
                    )
                    for run in row.runs
                ],
            )
            for row in rows
        ])  # fmt: skip


def _conflict(file: str, text: str, error: ConflictError) -> Response:
    stored = error.stored
    answer = bodies.Conflict(
        message=f"{file} changed since it was read: nothing was saved", hint="merge both texts, and save the result",
        file=file, version=stored.version if stored else None, yours=text, theirs=stored.text if stored else None,
    )  # fmt: skip
    headers = {"etag": f'"{stored.version}"'} if stored else {}
    return JSONResponse(answer.model_dump(), 409, headers)


