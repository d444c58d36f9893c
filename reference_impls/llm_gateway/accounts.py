"""Lets requests in: what an answer can use at most is taken before it, and what it did not use comes back after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from kit.llm.protocol import ApiError, ChatRequest, Usage, usage
from kit.llm.upstreams import Body
from llm_gateway.limits import Bucket, Ledger, Tenant
from llm_gateway.routing import Route

_LETTERS_PER_TOKEN = 2                             # rather too many tokens than too few


@dataclass(slots=True)
class Job:
    """A request that was let in: what was taken for it, and the answer so far."""

    tenant: Tenant
    body: Body
    tokens: float
    usd: float
    with_usage: bool
    texts: list[str] = field(default_factory=list)
    reason: str = ""
    used: Usage | None = None


class Accounts:
    """The tenants by their keys, with what they used."""

    def __init__(
        self, tenants: Mapping[str, Tenant], file: Path, routes: Sequence[Route], registry: CollectorRegistry
    ) -> None:
        self._tenants, self._ledger = tenants, Ledger(file)
        self._buckets = {one.name: Bucket(one.tokens_per_min) for one in tenants.values()}
        self._dearest = Route(routes[0].upstream, max(r.usd_in for r in routes), max(r.usd_out for r in routes))
        self._tokens = Counter("gateway_tokens_total", "Tokens of answers.", ("tenant", "kind"), registry=registry)
        self._refusals = Counter("gateway_refused_total", "Requests that were not let in.", ("tenant", "why"),
                                 registry=registry)  # fmt: skip

    def close(self) -> None:
        """Close the file of the ledger."""
        self._ledger.close()

    def tenant_of(self, authorization: str) -> Tenant:
        """Return who asks; raises `ApiError` for an unknown key."""
        given = authorization.partition(" ")[2].strip().encode()
        found = [tenant for key, tenant in self._tenants.items() if compare_digest(key.encode(), given)]
        if not found:
            raise ApiError(401, "no known key in `Authorization: Bearer KEY`", "invalid_api_key")
        return found[0]

    def admit(self, tenant: Tenant, asked: ChatRequest, body: Body) -> Job:
        """Take the most that an answer can use; raises `ApiError` if the tenant has less."""
        prompt, most = len(asked.prompt()) / _LETTERS_PER_TOKEN, asked.most_tokens()
        usd = self._dearest.cost(prompt, most)
        wait_s = self._buckets[tenant.name].take(prompt + most)
        if wait_s:
            self._refusals.labels(tenant.name, "tokens").inc()
            text = f"{tenant.name} may use {tenant.tokens_per_min:g} tokens per minute"
            raise ApiError(429, text, "rate_limit_exceeded", max(1.0, wait_s))
        if not self._ledger.charge(tenant.name, usd, tenant.usd_per_month):
            self._buckets[tenant.name].give_back(prompt + most)
            self._refusals.labels(tenant.name, "budget").inc()
            text = f"{tenant.name} has spent its budget of {tenant.usd_per_month:g} USD this month"
            raise ApiError(429, text, "insufficient_quota")
        with_usage = not asked.stream or bool(asked.stream_options and asked.stream_options.include_usage)
        return Job(tenant, body, prompt + most, usd, with_usage)

    def settle(self, job: Job, route: Route | None) -> None:
        """Give back what was not used; of an answer that broke off, its text is counted."""
        used = job.used or (usage(0) if route is None else usage(
            round(len(str(job.body["messages"])) / _LETTERS_PER_TOKEN), len(job.texts)))  # fmt: skip
        spent = route.cost(used.prompt_tokens, used.completion_tokens) if route else 0.0
        self._buckets[job.tenant.name].give_back(job.tokens - used.prompt_tokens - used.completion_tokens)
        self._ledger.settle(job.tenant.name, spent - job.usd)
        self._tokens.labels(job.tenant.name, "prompt").inc(used.prompt_tokens)
        self._tokens.labels(job.tenant.name, "completion").inc(used.completion_tokens)
