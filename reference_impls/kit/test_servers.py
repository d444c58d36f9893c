"""The servers of the tests are real ones, and empty."""

from __future__ import annotations

import asyncio

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import create_engine, text

from kit.testing.service import PATIENCE_S


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.set("kit", "1") and client.get("kit") == b"1"


def test_postgresql_answers(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert "PostgreSQL" in str(connection.execute(text("select version()")).scalar_one())
    engine.dispose()


@pytest.mark.xdist_group("rabbitmq")
def test_rabbitmq_answers(rabbitmq_url: str) -> None:
    import aio_pika

    async def roundtrip() -> bytes:
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("kit", auto_delete=True)
            await channel.default_exchange.publish(aio_pika.Message(b"hello"), "kit")
            message = await queue.get(timeout=PATIENCE_S)
            await message.ack()
            return message.body

    assert asyncio.run(roundtrip()) == b"hello"


def test_the_broker_speaks_kafkas_protocol(kafka_url: str) -> None:
    async def roundtrip() -> bytes:
        async with AIOKafkaProducer(bootstrap_servers=kafka_url) as producer:
            await producer.send_and_wait("kit", b"hello")
        consumer = AIOKafkaConsumer("kit", bootstrap_servers=kafka_url, group_id="kit", auto_offset_reset="earliest")
        async with consumer:
            message = await asyncio.wait_for(consumer.getone(), PATIENCE_S)
            return bytes(message.value or b"")

    assert asyncio.run(roundtrip()) == b"hello"


def test_postgresql_outlives_a_start_of_pytest_that_closes_the_folder(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = create_engine(postgres_url)
    for parent in tmp_path_factory.getbasetemp().parents[:2]:
        if parent.name.startswith("pytest-of-"):
            parent.chmod(0o700)                            # as each start of pytest does
    with engine.connect() as connection:
        connection.execute(text("create table kit_outlives (n int)"))
        connection.execute(text("checkpoint"))
        connection.rollback()
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
    engine.dispose()
