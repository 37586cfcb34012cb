"""The worker imports and audits; what it stores is whole or absent, and can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from sqlalchemy import select

from assess.analysis import service, sets, work
from assess.analysis.importing import read_responses
from assess.analysis.mapping import ColumnMapping, GroupColumn
from assess.analysis.models import AuditRun, ResponseSet
from assess.analysis.own import hidden_items
from assess.audit import AuditEvent, Event
from assess.errors import AssessError, InvalidInput, Refused
from assess.jobs import Job, Work, run_this
from assess.programmes.models import Programme
from assess.responses.models import DeidentifiedAdministration
from assess.simulation import simulate
from assess.transactions import Installation, Transaction
from tests.factories import make_programme


@pytest.fixture
def programme(installation: Installation) -> Programme:
    with installation.transaction() as tx:
        return make_programme(tx, battery=("phq-8",))


def add_answers(installation: Installation, programme: Programme, locales: Mapping[str, int]) -> None:
    """Keep de-identified answers of simulated people in a programme; every tenth is of a rare group."""
    with installation.transaction() as tx:
        phq8 = tx.catalogue.latest("phq-8")
        for number, (locale, answers) in enumerate(simulate(phq8, locales, rng=np.random.default_rng(3))):
            tx.db.add(
                DeidentifiedAdministration(
                    programme_id=programme.id, instrument_id="phq-8", instrument_version="1", locale=locale,
                    wave_kind="baseline", month=date(2026, 1, 1), answers=answers,
                    groups={"gender": "non_binary" if number % 100 == 0 else ("woman", "man")[number % 2]},
                )
            )  # fmt: skip


def start(installation: Installation, programme: Programme, *, seed: int = 1, **wanted: object) -> AuditRun:
    with installation.transaction(actor="lead") as tx:
        phq8 = tx.catalogue.latest("phq-8")
        return service.start_run(tx, programme_id=programme.id, instrument=phq8, seed=seed, **wanted)  # type: ignore[arg-type]


def perform(installation: Installation, run: AuditRun) -> AuditRun:
    assert run_this(installation.sessions, {"audit": partial(work.audit, installation)}, run.job_id or "")
    with installation.transaction() as tx:
        run = tx.db.get_one(AuditRun, run.id)
        assert tx.db.get_one(Job, run.job_id).problem == ""
        assert run.evidence is not None
        return run


def test_evidence_keeps_its_passport(installation, programme):
    add_answers(installation, programme, {"en": 260})

    run = perform(installation, start(installation, programme, groupings=("gender",)))

    evidence = run.evidence
    assert (run.n, evidence["seed"], evidence["source"]["kind"]) == (260, 1, "programme")
    assert set(evidence["versions"]) == {"python", "assess", "numpy", "scipy"}
    assert len(evidence["scales"][0]["digest"]) == len(run.evidence_digest) == 64
    with installation.transaction() as tx:
        events = tx.db.scalars(select(AuditEvent.event).where(AuditEvent.subject_id == programme.id)).all()
    assert events == [Event.AUDIT_STARTED, Event.AUDIT_FINISHED]


def test_the_same_answers_and_seed_give_the_same_figures(installation, programme):
    add_answers(installation, programme, {"en": 150, "es": 150})

    first, second = (perform(installation, start(installation, programme, groupings=("language",))) for _ in range(2))

    assert first.evidence["scales"] == second.evidence["scales"]


def test_a_group_of_fewer_than_ten_is_not_told_of_and_small_counts_are_withheld(installation, programme):
    add_answers(installation, programme, {"en": 400})

    run = perform(installation, start(installation, programme, groupings=("gender",)))

    (scale,) = run.evidence["scales"]
    (grouping,) = scale["audit"]["groupings"]
    assert [group["label"] for group in grouping["groups"]] == ["man", "woman"]
    counts = [count for _, count in scale["distribution"]["counts"]]
    assert all(count is None or count == 0 or (count >= 10 and count % 5 == 0) for count in counts)


def test_one_language_is_evidence_for_that_language_only(installation, programme):
    add_answers(installation, programme, {"en": 260})
    run = perform(installation, start(installation, programme))

    with installation.transaction() as tx:
        (figures,) = service.finished_runs(tx, programme.id, tx.catalogue.latest("phq-8"))
    total = figures.scale("total")

    assert run.scale_ids == ["total"]
    assert total is not None
    assert (total.language("en") is not None, total.language("de")) == (True, None)


def test_very_few_people_give_figures_that_are_not_known_and_no_failure(installation, programme):
    add_answers(installation, programme, {"en": 12, "es": 11})
    perform(installation, start(installation, programme, groupings=("language",)))

    with installation.transaction() as tx:
        (figures,) = service.finished_runs(tx, programme.id, tx.catalogue.latest("phq-8"))
    total = figures.scale("total")

    assert total is not None
    assert [(pair.reference.n, pair.focal.n, pair.impact) for pair in total.pairs] == [(12, 11, None)]


def test_the_answers_of_a_few_clients_give_no_figures_at_all(installation, programme):
    add_answers(installation, programme, {"en": 9})
    run = start(installation, programme)

    with pytest.raises(AssessError, match="Fewer than 10 people"):
        work.audit(installation, Work(run.job_id or "", {"run": run.id}, installation.sessions))

    with installation.transaction() as tx:
        assert tx.db.get_one(AuditRun, run.id).evidence is None


def test_a_run_that_was_finished_is_not_computed_again_by_a_second_worker(installation, programme):
    add_answers(installation, programme, {"en": 120})
    run = perform(installation, start(installation, programme))

    work.audit(installation, Work(run.job_id or "", {"run": run.id}, installation.sessions))

    with installation.transaction() as tx:
        assert tx.db.get_one(AuditRun, run.id).finished_at == run.finished_at


def test_evidence_and_what_follows_from_it_are_stored_together_or_not_at_all(installation, programme):
    add_answers(installation, programme, {"en": 120})
    run = start(installation, programme)

    def fail(tx: Transaction, run: AuditRun) -> None:
        raise RuntimeError("the gate broke")

    with pytest.raises(RuntimeError):
        work.audit(installation, Work(run.job_id or "", {"run": run.id}, installation.sessions), on_evidence=fail)

    with installation.transaction() as tx:
        assert tx.db.get_one(AuditRun, run.id).evidence is None


def test_an_empty_cell_counts_as_not_answered_and_who_answered_nothing_did_not_take_part(installation):
    phq8 = installation.catalogue.latest("phq-8")
    items = [item.id for item in phq8.items]
    rows = ["0,1,2,3,0,1,2,3,a"] * 150 + ["3,,1,2,2,2,1,0,b"] * 150 + [",,,,,,,,b"] * 50
    content = ",".join([*items, "side"]) + "\n" + "\n".join(rows)
    mapping = ColumnMapping({item: item for item in items}, {"side": GroupColumn("side")}, language="en")
    imported = read_responses(BytesIO(content.encode()), mapping, phq8)
    with installation.transaction(actor="lead") as tx:
        kept = sets.keep_set(tx, imported, phq8, programme_id=None, source="made up", language="en")
        run = service.start_run(tx, programme_id=None, instrument=phq8, response_set=kept, groupings=["side"], seed=1)

    run = perform(installation, run)

    audit = run.evidence["scales"][0]["audit"]
    skipping = audit["groupings"][0]["skipping"]
    rates = dict(zip(skipping["labels"], skipping["rate"]["estimate"][1], strict=True))
    assert audit["n"] == 300
    assert rates == {"a": 0.0, "b": 1.0}


def test_the_same_answers_are_kept_once(installation):
    phq8 = installation.catalogue.latest("phq-8")
    items = [item.id for item in phq8.items]
    content = (",".join(items) + "\n0,1,2,3,0,1,2,3\n").encode()
    imported = read_responses(BytesIO(content), ColumnMapping({item: item for item in items}), phq8)

    with installation.transaction() as tx:
        first = sets.keep_set(tx, imported, phq8, programme_id=None, source="made up")
        second = sets.keep_set(tx, imported, phq8, programme_id=None, source="made up again")

        assert first is second
        assert len(tx.db.scalars(select(ResponseSet)).all()) == 1


@pytest.mark.parametrize(
    ("wanted", "field"),
    [({"scale_ids": ["nothing"]}, "scales"), ({"groupings": ["shoe_size"]}, "groupings")],
)
def test_an_audit_of_what_is_not_there_is_refused(installation, programme, wanted, field):
    with pytest.raises(InvalidInput) as caught:
        start(installation, programme, **wanted)

    assert list(caught.value.faults) == [field]


def test_an_audit_that_differs_from_an_earlier_one_by_a_few_people_is_refused(installation, programme):
    add_answers(installation, programme, {"en": 40})
    perform(installation, start(installation, programme))
    add_answers(installation, programme, {"en": 9})

    with pytest.raises(Refused, match="fewer than 10 people"):
        start(installation, programme)
    add_answers(installation, programme, {"en": 1})

    assert perform(installation, start(installation, programme)).n == 50


def test_an_audit_of_the_very_same_answers_may_look_at_other_groups(installation, programme):
    add_answers(installation, programme, {"en": 40})
    first = perform(installation, start(installation, programme))

    again = perform(installation, start(installation, programme, groupings=("gender",)))

    assert (first.n, again.n) == (40, 40)


def test_who_says_something_else_about_themselves_counts_as_changed(installation, programme):
    add_answers(installation, programme, {"en": 40})
    perform(installation, start(installation, programme))
    with installation.transaction() as tx:
        tx.db.scalars(select(DeidentifiedAdministration).limit(1)).one().groups = {"gender": "woman", "country": "FR"}

    with pytest.raises(Refused):
        start(installation, programme)


def test_answers_that_came_while_an_audit_waited_cannot_be_subtracted_either(installation, programme):
    add_answers(installation, programme, {"en": 40})
    waiting = start(installation, programme)
    perform(installation, start(installation, programme))
    add_answers(installation, programme, {"en": 1})

    with pytest.raises(Refused):
        work.audit(installation, Work(waiting.job_id or "", {"run": waiting.id}, installation.sessions))

    with installation.transaction() as tx:
        assert tx.db.get_one(AuditRun, waiting.id).evidence is None


@pytest.mark.parametrize(("people", "told"), [(9, None), (10, 10), (13, 15), (22, 20)])
def test_how_many_answers_there_are_is_told_in_round_numbers_only(installation, programme, people, told):
    add_answers(installation, programme, {"en": people})

    with installation.transaction() as tx:
        (source,) = service.sources(tx, programme.id, tx.catalogue.latest("phq-8"))

    assert source.n == told


def test_items_that_a_few_people_skipped_or_answered_are_hidden():
    audit = {"n": 40, "item_names": ["all", "one", "few", "ten"], "items": {"n": [40, 39, 9, 30]}}

    assert hidden_items(audit, 10) == {"one", "few"}
    assert hidden_items(audit, 1) == set()
