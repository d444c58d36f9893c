"""Tokens for changes to a running service, with the names of their holders, from the environment."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Annotated

from fastapi import HTTPException, Request
from pydantic import Field, SecretStr

from kit.settings import Settings

Token = Annotated[SecretStr, Field(min_length=16)]


class AdminSettings(Settings):
    """`admin_tokens` by name, as JSON: `SERVE_ADMIN_TOKENS='{"alice": "at-least-16-letters"}'`; by default none."""

    admin_tokens: dict[str, Token] = Field(default_factory=dict)


def holder_of(tokens: dict[str, Token]) -> Callable[[Request], str]:
    """Return a FastAPI dependency that returns the name of the token's holder, and answers 401 or 403 to others."""

    def holder(request: Request) -> str:
        if not tokens:
            raise HTTPException(403, "not allowed: SERVE_ADMIN_TOKENS contains no token")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        names = [
            name for name, token in tokens.items()
            if compare_digest(token.get_secret_value().encode(), given.strip().encode())
        ]  # fmt: skip
        if scheme.lower() != "bearer" or not names:
            raise HTTPException(401, "no known token in `Authorization: Bearer TOKEN`", {"WWW-Authenticate": "Bearer"})
        return names[0]

    return holder
