"""Tables, sessions and the two databases: an encrypted file by default, PostgreSQL by URL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from assess.paths import MIGRATIONS

# What a column may hold. `identity`: says who someone is, always sealed. `content`: what someone told us, always
# sealed. `pseudonym`: an id of a person. `deidentified`: an answer without a way back to a person. `internal`: none.
PRIVACY_CLASSES = frozenset({"identity", "content", "pseudonym", "deidentified", "internal"})

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; a value without a time zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 SQLAlchemy's signature
        """Return UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, str: String}  # noqa: RUF012 SQLAlchemy reads it from the class


def new_id() -> str:
    """Return an id nobody can guess and no two rows share."""
    return secrets.token_urlsafe(12)


def id_column(privacy: str = "internal") -> Any:
    """Return the primary key column that every entity has."""
    return mapped_column(String(24), primary_key=True, default=new_id, info={"privacy": privacy})


def column(privacy: str, *arguments: Any, **options: Any) -> Any:
    """Return a column that declares its privacy class."""
    if privacy not in PRIVACY_CLASSES:
        raise ValueError(f"no privacy class {privacy!r}")
    return mapped_column(*arguments, info={"privacy": privacy}, **options)


def declare_tables() -> None:
    """Declare the tables of every concept: whoever deletes or counts what is held must know them all."""
    for models in sorted(Path(__file__).parent.glob("*/models.py")):
        import_module(f"assess.{models.parent.name}.models")


def open_database(url: str | None, file: Path | None = None, key: bytes | None = None) -> Engine:
    """Open PostgreSQL by `url`, else the encrypted `file` by its 32-byte `key`, else (neither) one in memory."""
    if url is not None:
        _, _, rest = url.partition("://")
        return create_engine(f"postgresql+psycopg://{rest}", pool_size=8, max_overflow=8, pool_pre_ping=True,
                             hide_parameters=True)  # fmt: skip
    import sqlcipher3.dbapi2 as driver

    def connect() -> Any:
        connection = driver.connect(
            str(file) if file else ":memory:", isolation_level=None, check_same_thread=False, timeout=15
        )
        connection.execute("PRAGMA cipher_log_level = NONE")  # what goes wrong is raised, and said once
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "recursive_triggers = ON",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # One connection: writers queue in the process instead of failing in the file.
    engine = create_engine(
        "sqlite://", module=driver, creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=60,
        hide_parameters=True,
    )  # fmt: skip
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock first: a transaction that reads and then writes can then never be refused half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Return what makes sessions; objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def transaction(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Open a session, commit at the end, roll back on any error."""
    with sessions() as db, db.begin():
        yield db


def migrate(engine: Engine) -> bool:
    """Bring the tables to the newest revision; return whether anything had to be done."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == ScriptDirectory.from_config(config).get_current_head():
            return False
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
