"""Whatever is asked for in whatever order: without a valid consent no page holds a question of a questionnaire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import pytest
from flask.testing import FlaskClient

from assess.administration import service as administrations
from assess.administration.models import Administration
from assess.consent import service as consent
from assess.people.models import Person
from assess.programmes import service as programmes
from assess.programmes.models import Assignment
from assess.responses import service as responses
from assess.responses.rules import Missing
from assess.transactions import Installation, Transaction
from tests.assess.consent.test_service import add_version
from tests.factories import make_consent, make_engagement

ACTS = (
    ("GET", ""),
    ("POST", ""),
    ("GET", "/answers"),
    ("POST", "/answers"),
    ("GET", "/pages/1"),
    ("POST", "/pages/1"),
    ("GET", "/review"),
    ("POST", "/submit"),
    ("GET", "/done"),
    ("GET", "/result"),
)
FIELDS = {"language": "en", "m01@0": "3", "go": "next"}


def never(tx: Transaction, assignment: Assignment, installation: Installation) -> None:
    """The client was never asked."""


def withdrawn(tx: Transaction, assignment: Assignment, installation: Installation) -> None:
    """The client began, skipped a question, and took the consent back."""
    record = _begin(tx, assignment)
    consent.withdraw(tx, record)


def outdated(tx: Transaction, assignment: Assignment, installation: Installation) -> None:
    """The client began, and then the text changed in something that matters."""
    _begin(tx, assignment)
    add_version(installation.settings.data, material=True)


def _begin(tx: Transaction, assignment: Assignment) -> consent.ConsentRecord:
    record = make_consent(tx, tx.db.merge(assignment).engagement)
    sitting = administrations.start(tx, assignment.id, locale="en")
    responses.save(tx, sitting, {"m02": Missing.SKIPPED}, seen={})
    return record


@pytest.mark.parametrize("without", [never, withdrawn, outdated], ids=lambda way: way.__name__)
def test_no_sequence_of_addresses_shows_a_question(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None], without: Callable[..., None]
) -> None:
    with installation.transaction() as tx:
        engagement = make_engagement(tx)
        assignment = programmes.assignments_of(tx, engagement.id)[0]
        without(tx, assignment, installation)
        assert consent.valid_record(tx, engagement.id) is None
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)
    instrument = installation.catalogue.get(assignment.instrument_id, assignment.instrument_version)
    questions = [text for language in instrument.languages.values() for text in language.items.values()]

    shown = [
        (sequence, question)
        for sequence in permutations(ACTS, 2)
        for page in _asked_for(client, assignment.id, sequence)
        for question in questions
        if question in page
    ]

    assert shown == []
    with installation.transaction() as tx:
        sitting = tx.db.query(Administration).one_or_none()
        assert sitting is None or (sitting.submitted_at is None and "m01" not in responses.touched(tx, sitting))


def _asked_for(client: FlaskClient, assignment_id: str, sequence: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for method, ending in sequence:
        fields = FIELDS if method == "POST" else None
        address = f"/assignments/{assignment_id}{ending}"
        yield client.open(address, method=method, data=fields, follow_redirects=True).text


def test_the_same_addresses_show_questions_to_who_has_consented(
    installation: Installation, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    with installation.transaction() as tx:
        engagement = make_engagement(tx)
        assignment = programmes.assignments_of(tx, engagement.id)[0]
        make_consent(tx, engagement)
        person = tx.db.get_one(Person, engagement.client_id)
    sign_in(client, person)

    begun, page = _asked_for(client, assignment.id, (("POST", ""), ("GET", "/pages/1")))

    first = (
        installation.catalogue.get(assignment.instrument_id, assignment.instrument_version).language("en").items["m01"]
    )
    assert first in begun
    assert first in page
