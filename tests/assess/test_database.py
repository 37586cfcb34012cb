"""The database: what its errors say."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from assess.transactions import Transaction


def test_an_error_of_the_database_never_quotes_what_was_to_be_stored(tx: Transaction) -> None:
    tx.db.execute(text("CREATE TABLE note (words TEXT UNIQUE)"))
    tx.db.execute(text("INSERT INTO note VALUES (:words)"), {"words": "told in confidence"})

    with pytest.raises(IntegrityError) as error:
        tx.db.execute(text("INSERT INTO note VALUES (:words)"), {"words": "told in confidence"})

    assert "in confidence" not in str(error.value)
