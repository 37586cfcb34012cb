"""Statements that are asked all the time: put together once, then run without the layers that would do so again.

SQLAlchemy looks a statement up, binds its values and wraps its rows anew at each call, which takes ten times as long as
the embedded database needs to answer. A `Statement` does that once for each kind of database and from then on hands its
SQL to the driver, in the transaction of the session. What the session changed must be flushed before it is asked.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Insert, Select, Update
from sqlalchemy.orm import Session

Convert = Callable[[Any], Any]


class Statement:
    """A select, insert or update whose values are given by name; rows come as named tuples."""

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def all(self, db: Session, **values: Any) -> list[Any]:
        """Return every row."""
        return self._of(db).rows(db, values)

    def first(self, db: Session, **values: Any) -> Any:
        """Return the first row, or None."""
        rows = self._of(db).rows(db, values)
        return rows[0] if rows else None

    def run(self, db: Session, *rows: Mapping[str, Any]) -> None:
        """Write: once for each mapping of values."""
        ready = self._of(db)
        cursor = _cursor(db)
        try:
            cursor.executemany(ready.sql, [ready.bound(values) for values in rows])
        finally:
            cursor.close()

    def _of(self, db: Session) -> _Ready:
        dialect = db.get_bind().dialect
        if dialect.name not in self._ready:
            self._ready[dialect.name] = _make_ready(self._statement, dialect)
        return self._ready[dialect.name]


@dataclass(frozen=True, slots=True)
class _Ready:
    """What one kind of database is sent: SQL, how each value is written, and how each column is read."""

    sql: str
    order: tuple[str, ...] | None  # of the values, where they go by position
    constants: Mapping[str, Any]
    write: Mapping[str, Convert]
    read: tuple[tuple[int, Convert], ...]
    row: Callable[[Iterable[Any]], Any]

    def rows(self, db: Session, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows for these values."""
        cursor = _cursor(db)
        try:
            cursor.execute(self.sql, self.bound(values))
            found = cursor.fetchall()
        finally:
            cursor.close()
        return [self._row(columns) for columns in found]

    def _row(self, columns: Sequence[Any]) -> Any:
        if self.read:
            columns = list(columns)
            for place, convert in self.read:
                columns[place] = convert(columns[place])
        return self.row(columns)

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        given = {**self.constants, **values}
        for name, convert in self.write.items():
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]


def _cursor(db: Session) -> Any:
    """Return a cursor of the session's connection, which stays the same for as long as its transaction lasts."""
    transaction, connection = db.info.get("driver", (None, None))
    if transaction is None or transaction is not db.get_transaction():
        connection = db.connection().connection
        db.info["driver"] = db.get_transaction(), connection
    return connection.cursor()


def _make_ready(statement: Any, dialect: Dialect) -> _Ready:
    compiled = statement.compile(dialect=dialect)
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    make_row: Any = namedtuple  # its fields are known only now
    reads = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    types = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
    writes = {name: kind.bind_processor(dialect) for name, kind in types.items()}
    return _Ready(
        sql=str(compiled),
        order=tuple(compiled.positiontup) if compiled.positional else None,
        constants={name: value for name, value in compiled.params.items() if value is not None},
        write={name: convert for name, convert in writes.items() if convert},
        read=tuple((place, convert) for place, convert in enumerate(reads) if convert),
        row=make_row("Row", [column.key for column in columns])._make,
    )
