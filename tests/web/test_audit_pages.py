"""The lead's pages on instruments, as a browser without JavaScript sees them."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from assess.analysis.models import AuditRun, ResponseFile, ResponseSet
from assess.instruments.rules import Instrument
from assess.jobs import Job, run_next
from assess.people.models import Person, Role
from assess.programmes.models import Programme
from assess.release.models import VerdictRow
from assess.release.rules import Use
from assess.responses.models import DeidentifiedAdministration
from assess.simulation import Difference, simulate
from assess.transactions import Installation
from assess.work import handlers
from tests.factories import make_person, make_programme


@pytest.fixture
def lead(installation: Installation) -> Person:
    with installation.transaction() as tx:
        return make_person(tx, Role.LEAD, name="Lea Lead")


@pytest.fixture
def programme(installation: Installation, lead: Person) -> Programme:
    with installation.transaction() as tx:
        return make_programme(tx, lead=lead, battery=("phq-8", "mini-ipip"))


@pytest.fixture
def browser(client: FlaskClient, lead: Person, sign_in: Callable[[FlaskClient, Person], None]) -> FlaskClient:
    sign_in(client, lead)
    return client


def work_through(installation: Installation) -> None:
    while run_next(installation.sessions, handlers(installation)):
        pass


def as_csv(instrument: Instrument, people: Sequence[tuple[str, Mapping[str, int | str]]]) -> bytes:
    """Write simulated answers with the columns Q1, Q2, … and the language they were given in."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*(f"Q{number}" for number in range(1, len(instrument.items) + 1)), "spoken"])
    for locale, answers in people:
        codes = [answers[item.id] for item in instrument.items]
        writer.writerow([*("" if isinstance(code, str) else code for code in codes), locale])
    return gzip.compress(stream.getvalue().encode())


@pytest.fixture
def upload(browser: FlaskClient, installation: Installation, programme: Programme) -> Callable[..., str]:
    """Upload a file for the PHQ-8; return the address it leads to."""

    def send(content: bytes, *, source: str = "a simulation") -> str:
        reply = browser.post(
            f"/programmes/{programme.id}/responses/import",
            data={"instrument": "phq-8/1", "source": source, "file": (io.BytesIO(content), "answers.csv.gz")},
        )
        assert reply.status_code == 303, reply.text
        return reply.headers["Location"]

    return send


def simulated(installation: Installation, difference: Difference | None = None) -> bytes:
    phq8 = installation.catalogue.latest("phq-8")
    return as_csv(phq8, simulate(phq8, {"en": 300, "es": 300}, rng=np.random.default_rng(5), difference=difference))


COLUMNS = {f"item-phq{number}": f"Q{number}" for number in range(1, 9)} | {"language_column": "spoken"}


def only(installation: Installation, table: type):
    with installation.transaction() as tx:
        return tx.db.scalars(select(table)).one()


def audit_of_an_import(browser, installation, programme, upload, difference=None) -> str:
    """Import simulated answers, audit them, and return the address of the audit."""
    browser.post(upload(simulated(installation, difference)), data=COLUMNS)
    work_through(installation)
    kept = only(installation, ResponseSet)
    reply = browser.post(
        f"/programmes/{programme.id}/audits",
        data={"instrument": "phq-8/1", "source": kept.id, "scales": "total", "groupings": "language"},
    )
    return reply.headers["Location"]


def test_the_overview_shows_evidence_and_state_of_every_language(browser, programme):
    page = browser.get(f"/programmes/{programme.id}/instruments")

    assert page.status_code == 200
    assert "PHQ-8" in page.text
    assert "Waiting 1" in page.text
    assert "Held 5" in page.text


def test_an_import_asks_for_columns_shows_progress_and_deletes_the_file(browser, installation, programme, upload):
    address = upload(simulated(installation))
    asked = browser.get(address)
    browser.post(address, data=COLUMNS)
    waiting = browser.get(address)
    work_through(installation)
    done = browser.get(address)

    assert asked.text.count('<option value="Q3" selected') == 1
    assert waiting.headers["Refresh"] == "2"
    assert "<progress" in waiting.text
    assert "600 people imported" in done.text
    with installation.transaction() as tx:
        assert tx.db.scalars(select(ResponseFile.content)).one() is None
        assert tx.db.scalars(select(ResponseSet)).one().groups == {"language": ["en", "es"]}


def test_a_faulty_file_is_refused_line_by_line_and_nothing_of_it_is_kept(browser, installation, programme, upload):
    rows = ",".join(f"Q{n}" for n in range(1, 9)) + ",spoken\n0,1,2,3,0,1,2,3,en\n0,1,2,3,0,1,2,8,en\n"
    address = upload(rows.encode())
    browser.post(address, data=COLUMNS)
    work_through(installation)

    page = browser.get(address)

    assert "Nothing was imported: 1 fault in the file" in page.text
    assert "is none of the answers 0, 1, 2, 3" in page.text
    with installation.transaction() as tx:
        assert tx.db.scalars(select(ResponseSet)).all() == []


def test_a_mapping_without_columns_is_refused_and_what_was_chosen_stays(browser, installation, programme, upload):
    address = upload(simulated(installation))

    page = browser.post(address, data={"item-phq1": "Q1", "groups": "spoken"})

    assert page.status_code == 422
    assert "no column is given for phq2" in page.text
    assert re.search(r'name="groups" value="spoken"[^>]* checked', page.text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"instrument": "phq-8/1", "source": "x"}, "Please choose a file"),
        ({"instrument": "no/1", "source": "x", "file": (b"a,b\n1,2\n", "a.csv")}, "Please choose an instrument"),
        ({"instrument": "phq-8/1", "source": " ", "file": (b"a,b\n1,2\n", "a.csv")}, "where the answers come from"),
        ({"instrument": "phq-8/1", "source": "x", "file": (b"", "a.csv")}, "no header"),
        ({"instrument": "phq-8/1", "source": "x", "file": (b"\xff\xfe", "a.csv")}, "not UTF-8"),
    ],
)
def test_an_upload_that_lacks_something_says_what_and_keeps_what_was_typed(browser, programme, data, message):
    if "file" in data:
        data = data | {"file": (io.BytesIO(data["file"][0]), data["file"][1])}

    page = browser.post(f"/programmes/{programme.id}/responses/import", data=data | {"licence": "public domain"})

    assert page.status_code == 422
    assert message in page.text
    assert "public domain" in page.text


def test_an_audit_shows_progress_then_the_verdict_before_the_evidence(browser, installation, programme, upload):
    address = audit_of_an_import(browser, installation, programme, upload)
    waiting = browser.get(address)
    work_through(installation)
    done = browser.get(address)

    assert waiting.headers["Refresh"] == "2"
    assert "Refresh" not in done.headers
    verdict, evidence = done.text.index("May be released"), done.text.index("<figure")
    assert verdict < evidence
    assert "People of equal standing score alike" in done.text
    assert done.text.count('class="chart"') >= 4
    assert "English – Spanish" in done.text


def test_a_held_comparison_names_its_items_and_offers_no_signature(browser, installation, programme, upload):
    harder = Difference("total", "es", ("phq1", "phq2", "phq3"), 0.4)
    address = audit_of_an_import(browser, installation, programme, upload, harder)
    work_through(installation)

    page = browser.get(address)
    with installation.transaction() as tx:
        row = tx.db.scalars(select(VerdictRow).where(VerdictRow.use == Use.GROUP_COMPARISON)).one()
    sign = browser.get(f"/verdicts/{row.id}/sign")

    assert "from 0.30 on groups may not be compared" in page.text
    assert "3 items work differently in the two groups" in page.text
    assert "Sign and release" not in sign.text


def test_an_audit_that_stopped_says_so_and_does_not_look_again(browser, installation, programme, upload):
    address = audit_of_an_import(browser, installation, programme, upload)
    with installation.transaction() as tx:
        job = tx.db.get_one(Job, tx.db.scalars(select(AuditRun)).one().job_id)
        job.state, job.problem = "failed", "The worker stopped three times."

    page = browser.get(address)

    assert "The worker stopped three times." in page.text
    assert "Refresh" not in page.headers


def waiting_report(installation: Installation) -> VerdictRow:
    with installation.transaction() as tx:
        return tx.db.scalars(
            select(VerdictRow).where(
                VerdictRow.instrument_id == "phq-8", VerdictRow.use == Use.INDIVIDUAL_REPORT, VerdictRow.current
            )
        ).one()


def test_signing_releases_and_stands_in_the_history_with_name_and_reason(browser, installation, programme):
    browser.get(f"/programmes/{programme.id}/instruments")
    row = waiting_report(installation)
    data = {"decision": "sign", "confirm": "y", "reason": "Well studied.", f"basis-{row.id}": row.basis_digest}

    reply = browser.post(f"/verdicts/{row.id}/sign", data=data)

    assert reply.status_code == 303
    assert waiting_report(installation).state == "signed"
    history = browser.get(f"/programmes/{programme.id}/releases").text
    assert "Well studied." in history
    assert "Lea Lead" in history


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        ({"decision": "sign"}, 422, "Please tick that you have read"),
        ({"decision": "refuse", "reason": ""}, 422, "Please say why"),
    ],
)
def test_a_decision_that_lacks_something_is_asked_for_again(browser, installation, programme, data, status, message):
    browser.get(f"/programmes/{programme.id}/instruments")
    row = waiting_report(installation)

    page = browser.post(f"/verdicts/{row.id}/sign", data=data)

    assert page.status_code == status
    assert message in page.text
    assert waiting_report(installation).state == "waiting"


def test_a_signature_for_evidence_that_has_changed_meanwhile_is_refused(browser, installation, programme):
    browser.get(f"/programmes/{programme.id}/instruments")
    row = waiting_report(installation)

    page = browser.post(
        f"/verdicts/{row.id}/sign", data={"decision": "sign", "confirm": "y", f"basis-{row.id}": "another"}
    )

    assert page.status_code == 409
    assert waiting_report(installation).state == "waiting"


def test_several_scales_can_be_signed_with_one_decision(browser, installation, programme):
    browser.get(f"/programmes/{programme.id}/instruments")
    with installation.transaction() as tx:
        rows = [
            row
            for row in tx.db.scalars(select(VerdictRow).where(VerdictRow.instrument_id == "mini-ipip"))
            if (row.use, row.language) == (Use.INDIVIDUAL_REPORT, "en") and row.outcome.startswith("released")
        ]
    data = {"decision": "sign", "confirm": "y", "also": [row.id for row in rows[1:]]}

    browser.post(f"/verdicts/{rows[0].id}/sign", data=data | {f"basis-{row.id}": row.basis_digest for row in rows})

    with installation.transaction() as tx:
        assert {tx.db.get_one(VerdictRow, row.id).state for row in rows} == {"signed"}


def test_a_looser_policy_needs_a_reason_and_what_was_typed_stays(browser, installation, programme):
    address = f"/programmes/{programme.id}/policy"
    form = dict(re.findall(r'name="(\w+)" value="([\d.]+)"', browser.get(address).text))

    refused = browser.post(address, data=form | {"local_people": "50"})
    accepted = browser.post(address, data=form | {"local_people": "50", "reason": "We are few."})

    assert refused.status_code == 422
    assert "Please say why" in refused.text
    assert 'value="50"' in refused.text
    assert accepted.status_code == 303
    assert "We are few." in browser.get(f"/programmes/{programme.id}/releases").text


@pytest.mark.parametrize(("typed", "message"), [("abc", "Please give a number"), ("7", "between 0 and 1")])
def test_a_threshold_that_is_no_sensible_number_is_refused(browser, programme, typed, message):
    address = f"/programmes/{programme.id}/policy"
    form = dict(re.findall(r'name="(\w+)" value="([\d.]+)"', browser.get(address).text))

    page = browser.post(address, data=form | {"reliability_released": typed})

    assert page.status_code == 422
    assert message in page.text


def test_the_lead_of_another_programme_gets_the_reply_of_a_page_that_does_not_exist(
    client, sign_in, installation, programme, lead
):
    with installation.transaction() as tx:
        stranger = make_person(tx, Role.LEAD)
        make_programme(tx, lead=stranger)
    sign_in(client, lead)
    client.get(f"/programmes/{programme.id}/instruments")
    row = waiting_report(installation)

    sign_in(client, stranger)
    pages = [
        client.get(path)
        for path in (f"/programmes/{programme.id}/instruments", f"/verdicts/{row.id}/sign", "/verdicts/none/sign")
    ]

    assert {page.status_code for page in pages} == {404}
    assert pages[1].text == pages[2].text


def test_an_audit_of_own_answers_shows_no_figures_of_items_that_a_few_people_skipped(browser, installation, programme):
    with installation.transaction() as tx:
        phq8 = tx.catalogue.latest("phq-8")
        for locale, answers in simulate(phq8, {"en": 120}, rng=np.random.default_rng(5)):
            tx.db.add(
                DeidentifiedAdministration(
                    programme_id=programme.id, instrument_id="phq-8", instrument_version="1", locale=locale,
                    wave_kind="baseline", month=date(2026, 1, 1), groups={}, answers={**answers, "phq1": 1},
                )
            )  # fmt: skip
    reply = browser.post(
        f"/programmes/{programme.id}/audits",
        data={"instrument": "phq-8/1", "source": "programme", "scales": "total"},
    )
    work_through(installation)

    page = browser.get(reply.headers["Location"]).text

    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    assert any("phq1" in row and "120" in row and "too few to show" not in row for row in rows)
    assert any("phq2" in row and row.count("too few to show") == 4 for row in rows)
