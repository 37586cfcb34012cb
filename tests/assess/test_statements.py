from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import bindparam, exists, insert, select, update

from assess.db import new_id
from assess.people.models import Person
from assess.programmes.models import Engagement, Wave
from assess.statements import Statement
from tests.factories import make_engagement, make_person

_PERSON, _ENGAGEMENT, _WAVE = Person.__table__, Engagement.__table__, Wave.__table__


def test_rows_hold_what_the_entity_holds(tx):
    engagement = make_engagement(tx)

    row = Statement(select(_ENGAGEMENT).where(_ENGAGEMENT.c.id == bindparam("id"))).first(tx.db, id=engagement.id)

    assert row._asdict() == {name: getattr(engagement, name) for name in row._fields}
    assert isinstance(row.starts_on, date)
    assert row.created_at.tzinfo is not None


def test_truth_values_and_constants_are_read_and_written_as_such(tx):
    person = make_person(tx)
    statement = select(_PERSON.c.simulated, exists().where(_PERSON.c.id == "nobody").label("is_there")).limit(1)

    row = Statement(statement.where(_PERSON.c.id == person.id)).first(tx.db)

    assert (row.simulated, row.is_there) == (False, False)


def test_several_rows_are_written_and_changed_again(tx):
    engagement = make_engagement(tx)
    add, change = (
        Statement(insert(_WAVE)),
        Statement(update(_WAVE).where(_WAVE.c.id == bindparam("wave")).values(due_after_days=bindparam("days"))),
    )
    of_programme = Statement(select(_WAVE.c.id, _WAVE.c.due_after_days).where(_WAVE.c.kind.like("new%")))
    rows = [
        {"id": new_id(), "programme_id": engagement.programme_id, "kind": f"new{n}", "position": n, "due_after_days": n}
        for n in range(3)
    ]

    add.run(tx.db, *rows)
    change.run(tx.db, {"wave": rows[0]["id"], "days": 90})

    assert sorted(row.due_after_days for row in of_programme.all(tx.db)) == [1, 2, 90]


def test_a_moment_without_a_time_zone_is_refused(tx):
    closed = Statement(
        select(_PERSON.c.id).where(_PERSON.c.closed_at > bindparam("moment", type_=_PERSON.c.closed_at.type))
    )

    assert closed.first(tx.db, moment=datetime(2026, 1, 1, tzinfo=UTC)) is None
    with pytest.raises(ValueError, match="time zone"):
        closed.first(tx.db, moment=datetime(2026, 1, 1))


def test_a_value_that_is_not_given_is_an_error(tx):
    with pytest.raises(KeyError, match="id"):
        Statement(select(_PERSON.c.id).where(_PERSON.c.id == bindparam("id"))).first(tx.db)
