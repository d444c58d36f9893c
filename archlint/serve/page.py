"""The page of the workbench and its files; without the token, a form that asks for it."""

from __future__ import annotations

import gzip
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers

from archlint.serve.guard import COOKIE, Policy

_FOLDER: Final = Path(__file__).parent / "static"
_MEDIA: Final = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain", ".svg": "image/svg+xml"}
_SCRIPT: Final = "workbench.js"
"""It is kept compressed: a third of its size."""
_NAMES: Final = frozenset({_SCRIPT, "page.css", "icon.svg", "licences.txt"})


def add_page(app: FastAPI, policy: Policy) -> None:
    """Add the routes of the page."""

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        if not policy.accepts_token(Headers(scope=request.scope)):
            return _html("login.html", request, 401)
        return _html("index.html", request, 200)

    @app.post("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        try:
            fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5)
        except ValueError:                                 # more fields than that
            fields = {}
        given = fields.get("token", [""])[0].strip()
        if not policy.token or not policy.is_token(given):
            return _html("login.html", request, 401)
        response = Response(status_code=303, headers={"location": "/"})
        response.set_cookie(COOKIE, policy.token, httponly=True, samesite="strict")
        return response

    @app.get("/static/{name}", include_in_schema=False)
    async def static(request: Request, name: str) -> Response:
        if name not in _NAMES:
            return Response(status_code=404)
        headers = {"cache-control": "no-cache"}
        if name != _SCRIPT:
            return Response((_FOLDER / name).read_bytes(), media_type=_MEDIA[Path(name).suffix], headers=headers)
        data = (_FOLDER / f"{name}.gz").read_bytes()
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(data, media_type=_MEDIA[".js"], headers={**headers, "content-encoding": "gzip"})
        return Response(gzip.decompress(data), media_type=_MEDIA[".js"], headers=headers)


def _html(name: str, request: Request, status: int) -> Response:
    text = Template((_FOLDER / name).read_text(encoding="utf-8")).substitute(nonce=request.state.nonce)
    return Response(text, status, media_type="text/html")
