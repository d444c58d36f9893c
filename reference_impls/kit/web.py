"""The FastAPI service of all patterns: limits, clear errors, health checks, metrics, logs, a clean stop."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from types import FrameType

import structlog
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.guards import Admit, InFlight, LimitBody, protocol
from kit.inputs import UnfitInputError
from kit.logs import configure_logs, logger
from kit.models import ModelOutputError
from kit.ports import address_of, listen
from kit.settings import Settings
from kit.spans import export_spans, span, stop_spans
from kit.tracing import received

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
QUIET = ("/live", "/ready", "/metrics")
_ROUTED = "-"
_AFTER_DRAIN_S = 5.0
log = logger(__name__)


class Metrics:
    """The metrics of one service, in its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("route", "status")
        self.requests = Counter("requests_total", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram("request_seconds", "Time to answer.", ("route",), registry=self.registry)
        self.in_flight = Gauge("requests_in_flight", "Requests being answered.", registry=self.registry)


def make_app(
    title: str, settings: Settings, lifespan: Lifespan | None = None, not_ready: Callable[[], str] = lambda: "",
    detail: Callable[[], dict[str, str]] = dict,
) -> FastAPI:  # fmt: skip
    """Return an app with `/live`, `/ready` and `/metrics`; its `state.metrics.registry` takes further metrics.

    `not_ready` returns why the service cannot take traffic, or nothing if it can; `detail` returns further fields of
    `/ready`. Everything that `lifespan` loads before it yields is loaded before the first connection is accepted.
    """
    app = FastAPI(title=title, lifespan=_with_threads(settings.threads, lifespan))
    metrics = app.state.metrics = Metrics()
    in_flight = InFlight(settings.most_in_flight, settings.hung_s)
    hung = Gauge("requests_hung", "Requests in flight for more than SERVE_HUNG_S.", registry=metrics.registry)
    hung.set_function(in_flight.hung)
    app.state.stopping = False

    @app.get("/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        reason = "it is stopping" if app.state.stopping else in_flight.problem() or not_ready()
        return JSONResponse({"status": reason or "ready", **detail()}, 503 if reason else 200)

    @app.get("/metrics", include_in_schema=False)
    async def exposition() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        details = [{"at": ".".join(map(str, e["loc"])), "reason": str(e["msg"])} for e in error.errors()[:20]]
        return JSONResponse({"error": "the request is not valid", "details": details}, 422)

    @app.exception_handler(UnfitInputError)
    async def unfit(_request: Request, error: UnfitInputError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(ModelOutputError)
    async def no_output(_request: Request, error: ModelOutputError) -> JSONResponse:
        log.error("prediction failed", reason=str(error))
        return JSONResponse({"error": str(error)}, 500)

    @app.exception_handler(StarletteHTTPException)
    async def refused(_request: Request, error: StarletteHTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    app.add_middleware(LimitBody, most=settings.max_body_bytes, receive_s=settings.receive_s)
    app.add_middleware(Admit, in_flight=in_flight, quiet=QUIET)
    app.add_middleware(_Observe, metrics=metrics)
    return app


def _with_threads(count: int, lifespan: Lifespan | None) -> Lifespan:
    """Return a lifespan in which routes that are no coroutines share a number of threads."""

    @asynccontextmanager
    async def both(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = count
        async with lifespan(app) if lifespan is not None else nullcontext():
            yield

    return both


class _Observe:
    """Counts, times and logs each request, with the id from its caller or a new one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bound = received({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        request = bound.setdefault("request", uuid.uuid4().hex)
        structlog.contextvars.bind_contextvars(**bound)
        start, status, started = time.perf_counter(), 500, False
        scope.setdefault("state", {})["arrived"] = time.monotonic()

        async def observed(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = [*message["headers"], (b"x-request-id", request.encode())]
            await send(message)

        self.metrics.in_flight.inc()
        with nullcontext() if scope["path"] in QUIET else span(scope["method"], "server") as traced:
            try:
                await self.app(scope, receive, observed)
            except Exception as error:                 # a defect; the connection still works for other requests
                log.error("request failed", reason=repr(error), exc_info=True)
                if started:
                    raise
                said = {"error": "the service failed; the reason is in its log", "request": request}
                await JSONResponse(said, 500)(scope, receive, observed)
            finally:
                seconds = time.perf_counter() - start
                route = getattr(scope.get("route"), "path", _ROUTED)
                self.metrics.in_flight.dec()
                self.metrics.requests.labels(route, str(status)).inc()
                self.metrics.seconds.labels(route).observe(seconds)
                if traced is not None:
                    traced.name, traced.failed = f"{scope['method']} {route}", status >= 500
                    traced.attributes = {"http.request.method": scope["method"], "http.route": route,
                                         "http.response.status_code": status, "request": request}  # fmt: skip
                if scope["path"] not in QUIET:
                    ms = round(seconds * 1000, 2)
                    log.info("request", method=scope["method"], path=scope["path"], status=status, ms=ms)
                structlog.contextvars.unbind_contextvars(*bound)


class _Server(uvicorn.Server):
    """Prints the address when the server is ready."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, settings: Settings, finish_s: float) -> None:
        super().__init__(config)
        self.app = app
        self.settings = settings
        self.finish_s = finish_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; after SIGTERM, first fail `/ready` for a while, so that balancers stop sending requests."""
        lame_s = self.settings.lame_duck_s
        if sig == signal.SIGTERM and lame_s > 0 and not self.app.state.stopping:
            self.app.state.stopping = True
            later = threading.Timer(lame_s, super().handle_exit, (sig, frame))
            later.daemon = True
            later.start()
            return
        self.app.state.stopping = True
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()                               # loaded objects stay: scanning them again would delay requests
        gc.freeze()                                # by 100 ms occasionally
        if self.started and sockets:
            announce(self.app.title, address(sockets[0]), self.settings)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Threads cannot be cancelled: if one continues, the process exits anyway.
        watch = threading.Timer(self.finish_s + _AFTER_DRAIN_S, os._exit, (4,))
        watch.daemon = True
        watch.start()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: Settings, finish_s: float = 0) -> None:
    """Serve until SIGTERM or SIGINT; then accept no connections, and finish the requests in flight.

    After SIGTERM, `/ready` fails for `lame_duck_s` first, while requests are still accepted. `finish_s` is how long the
    work outside of requests may take at the end.
    """
    configure_logs(settings, app.title)
    export_spans(settings.traces_url, settings.part or app.title)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=max(1, round(settings.drain_s)),
        server_header=False, http=protocol(settings.receive_s),
    )  # fmt: skip
    server = _Server(config, app, settings, max(settings.drain_s, finish_s))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)                # uvicorn raises the signal again at the end
    try:
        server.run(sockets=[listen(settings)])
    finally:
        stop_spans()
    sys.exit(0 if server.started else 3)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def address(listener: socket.socket) -> str:
    """Return the address of a listening socket for a browser."""
    host, port = listener.getsockname()[:2]
    return address_of(host, port)


def announce(title: str, where: str, settings: Settings) -> None:
    """Print the address of a service; a part of a larger pattern only logs it, because callers use the front end."""
    if settings.part:
        log.info("listening", address=where)
    else:
        print(f"{title} listens on {where}", flush=True)
