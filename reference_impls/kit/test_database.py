"""SQLite and PostgreSQL behave alike: for several processes at once, and where there is nothing to connect to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, func, select

from kit.database import DatabaseSettings, RefusedDatabaseError, create_tables, open_database, put, reading, writing
from kit.ports import free_port
from kit.testing.service import PATIENCE_S

WORDS = Table("kit_words", MetaData(), Column("word", String, primary_key=True), Column("times", Integer))
COUNT = """
import sys
from kit.test_database import WORDS, engine_of, create_tables, select, writing
engine = engine_of(sys.argv[1], sys.argv[2])
create_tables(engine, WORDS.metadata)
for _ in range(25):
    with writing(engine) as connection:
        times = connection.execute(select(WORDS.c.times).with_for_update()).scalar_one_or_none()
        if times is None:
            connection.execute(WORDS.insert(), {"word": sys.argv[3], "times": 1})
        else:
            connection.execute(WORDS.update().values(times=times + 1))
"""


def engine_of(url: str, folder: str) -> Engine:
    return open_database(DatabaseSettings.model_validate({"database_url": url, "data_dir": folder}), "kit")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""


def test_rows_are_put_once_and_replaced_where_asked(url: str, tmp_path: Path) -> None:
    engine = engine_of(url, str(tmp_path))
    create_tables(engine, WORDS.metadata)
    with writing(engine) as connection:
        put(connection, WORDS, [{"word": "a", "times": 1}, {"word": "b", "times": 1}], replace=False)
        put(connection, WORDS, [{"word": "a", "times": 2}], replace=False)
        put(connection, WORDS, [{"word": "b", "times": 2}], replace=True)
        put(connection, WORDS, [], replace=True)
    with reading(engine) as connection:
        assert sorted(tuple(row) for row in connection.execute(select(WORDS))) == [("a", 1), ("b", 2)]
    WORDS.drop(engine)
    engine.dispose()


def test_processes_that_start_at_once_make_the_tables_and_count_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNT, "", str(tmp_path), "a"]
    paths = str(Path(__file__).resolve().parents[1])
    running = [subprocess.Popen(command, env={"PYTHONPATH": paths}, stderr=subprocess.PIPE) for _ in range(4)]
    ends = [process.communicate(timeout=PATIENCE_S)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * 4, ends
    engine = engine_of("", str(tmp_path))
    with reading(engine) as connection:
        assert connection.execute(select(func.sum(WORDS.c.times))).scalar_one() == 100
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("nothing", "is not a URL"),
        ("mysql://host/name", "unknown database mysql"),
        ("sqlite:////proc/none/x.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused(url: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedDatabaseError, match=what):
        create_tables(engine_of(url, str(tmp_path)), WORDS.metadata)


def test_nothing_that_listens_is_refused_without_the_password(tmp_path: Path) -> None:
    engine = engine_of(f"postgresql://someone:secret@127.0.0.1:{free_port()}/none", str(tmp_path))
    with pytest.raises(RefusedDatabaseError, match="cannot be used") as raised:
        create_tables(engine, WORDS.metadata)
    assert "secret" not in str(raised.value)


WRONG = [
    "postgresql://u:secret@h:port/db", "postgresql://u:secret@[::1/db", "sqlite:///a?timeout=secret", "x", "mysql://u:secret@h",
    "postgresql://u:secret@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db?password=secret", "postgresql://h/db?foo=secret",
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_url_is_refused_in_one_line_without_its_password(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedDatabaseError) as refused:
        create_tables(engine_of(wrong, str(tmp_path)), WORDS.metadata)
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)
