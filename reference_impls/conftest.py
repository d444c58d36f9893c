"""Fixtures for the tests of the patterns."""

from __future__ import annotations

from kit.testing.servers import kafka_url, nginx_program, postgres_url, rabbitmq_url, redis_url

__all__ = ["kafka_url", "nginx_program", "postgres_url", "rabbitmq_url", "redis_url"]
