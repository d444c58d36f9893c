"""Shared by the API and the workers: the settings, the fields of a job, and the hosts that callbacks may go to."""

from __future__ import annotations

import httpx
from pydantic import Field

from kit.database import DatabaseSettings
from kit.inputs import Records
from kit.queues import QueueSettings

QUEUE, CALLBACKS = "predictions", "callbacks"


class AsynchronousSettings(QueueSettings, DatabaseSettings):
    """`workers` is the number of processes that predict.

    `callback_hosts` lists the hosts that callbacks may go to, as `host` or `host:port`, separated by commas. If it is
    empty, requests with a callback are rejected: otherwise a caller could make the service call internal addresses that
    only the service can reach.
    """

    workers: int = Field(2, ge=1, le=64)
    callback_hosts: str = ""
    callback_timeout_s: float = Field(5, gt=0)

    def callback_refused(self, callback: str) -> str:
        """Return why a callback is not allowed, or an empty string."""
        try:
            url = httpx.URL(callback)
        except httpx.InvalidURL:
            return "the callback is not a valid URL"
        if url.scheme not in ("http", "https") or url.userinfo:
            return "the callback must be an http or https URL without a user name"
        hosts = {host.strip().lower() for host in self.callback_hosts.split(",")} - {""}
        where = url.netloc.decode("ascii")
        return "" if where in hosts else f"callbacks to {where or 'it'} are not allowed: see SERVE_CALLBACK_HOSTS"


class Job(Records):
    """Records to predict, and optionally a URL that receives the result."""

    callback: str | None = Field(None, max_length=2000)
