"""The demonstration, with people added who stand where its own people do not: at every step, and before anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from assess.analysis import sets
from assess.analysis.mapping import ColumnMapping, guess_mapping
from assess.analysis.models import AuditRun, ResponseFile
from assess.consent import service as consent
from assess.consent import steps
from assess.consent.rules import Scope
from assess.instruments.rules import Instrument
from assess.jobs import Job, run_next
from assess.people import service as people
from assess.people.models import Person, Role
from assess.privacy import service as privacy
from assess.programmes import service as programmes
from assess.programmes.models import Engagement, Programme
from assess.release.models import VerdictRow
from assess.safeguarding import service as safeguarding
from assess.transactions import Installation, Transaction
from assess.work import handlers
from tests.factories import make_consent, make_engagement
from tests.sittings import assignment_of

_DEMONSTRATION = {
    "halfway": "amelie@demonstration.example",
    "results": "tomas@demonstration.example",
    "invited": "noor@demonstration.example",
    "coach": "coach@demonstration.example",
    "lead": "lead@demonstration.example",
    "administrator": "administrator@demonstration.example",
}


@dataclass(slots=True)
class World:
    """Who can sign in (a session token each; nobody has none), and pages that no link of theirs leads to."""

    tokens: dict[str, str] = field(default_factory=dict)
    extra: list[tuple[str, str]] = field(default_factory=list)

    def page(self, visitor: str, path: str) -> None:
        """Have a page looked at, as this person."""
        self.extra.append((visitor, path))


def make_world(installation: Installation) -> World:
    """Add people at every step to a loaded demonstration; sign everyone in."""
    world = World()
    with installation.transaction() as tx:
        for name, mail in _DEMONSTRATION.items():
            person = people.find_by_mail(tx, mail)
            assert person is not None, f"the demonstration has no {name}"
            world.tokens[name] = people.open_session(tx, person.id)
        _add_clients(tx, world)
        _add_newcomers(tx, world)
        _add_questions(tx, world)
        _add_ends(tx, world)
    _add_files(installation, world)
    _erase_someone(installation)
    return world


def _add_person(tx: Transaction, world: World, name: str, *roles: Role, locale: str = "en") -> Person:
    person = people.create_person(tx, name=name, mail=f"{_known_as(name)}@added.example", roles=roles, locale=locale)
    world.tokens[_known_as(name)] = people.open_session(tx, person.id)
    return person


def _engage(tx: Transaction, world: World, name: str, *, declared: bool = True, locale: str = "en") -> Engagement:
    coach, programme = people.find_by_mail(tx, _DEMONSTRATION["coach"]), _programme(tx)
    client = _add_person(tx, world, name, Role.CLIENT, locale=locale)
    return make_engagement(tx, programme=programme, client=client, coach=coach, declared=declared)


def _programme(tx: Transaction) -> Programme:
    return tx.db.scalars(select(Programme).where(Programme.simulated)).one()


def _add_clients(tx: Transaction, world: World) -> None:
    """Clients before ties, at the check, before their yes, not eligible, who took everything back, and who stopped."""
    _engage(tx, world, "Undeclared Ude-Wollschläger", declared=False)
    for locale, names in {
        "en": ("Checking Chen", "Deciding Dembélé"),
        "fr": ("Vérifiant Vidal", "Optant Oubihi"),
    }.items():
        _add_consenting(tx, world, locale, *names)
    engagement = _engage(tx, world, "Minor Moreau")
    steps.answer_eligibility(tx, engagement, eligible=False)
    world.page("minor", f"/engagements/{engagement.id}/consent/not-eligible")
    engagement = _engage(tx, world, "Withdrawn Wójcik")
    consent.withdraw(tx, make_consent(tx, engagement, set(Scope)))
    engagement = _engage(tx, world, "Stopped Suzuki")
    programmes.declare_ties(tx, engagement, person_id=engagement.client_id, ties=["manager"])
    world.page("stopped", f"/engagements/{engagement.id}/consent")
    engagement = _engage(tx, world, "Unanswered Umarov")
    make_consent(tx, engagement)


def _add_consenting(tx: Transaction, world: World, locale: str, checking: str, deciding: str) -> None:
    """Someone who answered one question of the check wrongly, and someone at the last step."""
    text = steps.texts_in_force(tx)[locale]
    right = {question.id: question.right for question in text.questions}
    mistaken = text.questions[0]
    wrong = {mistaken.id: next(option for option in mistaken.options if option != mistaken.right)}
    for name, answers in ((checking, right | wrong), (deciding, right)):
        engagement = _engage(tx, world, name, locale=locale)
        steps.answer_eligibility(tx, engagement, eligible=True)
        steps.acknowledge_text(tx, engagement, text)
        steps.answer_check(tx, engagement, text, number=1, answers=answers)
        world.page(_known_as(name), f"/engagements/{engagement.id}/consent/check")
    steps.choose_scopes(tx, engagement, {Scope.STORE, Scope.COACH_READS})
    for step in ("eligibility", "text", "choices", "confirm"):
        world.page(_known_as(deciding), f"/engagements/{engagement.id}/consent/{step}")


def _known_as(name: str) -> str:
    return name.split()[0].lower()


def _add_newcomers(tx: Transaction, world: World) -> None:
    """People of each role for whom there is nothing yet."""
    _add_person(tx, world, "Newclient Nowak", Role.CLIENT)
    _add_person(tx, world, "Newcoach Nguyen", Role.COACH)
    _add_person(tx, world, "Supervisor Silva", Role.SUPERVISOR)
    lead = _add_person(tx, world, "Newlead Navarro", Role.LEAD)
    programmes.create_programme(tx, name="A programme with a rather long name that nobody has joined yet",
                                contact="Newlead Navarro", lead_id=lead.id, battery=[("ipip-via-r-executive", "1")],
                                waves=[("baseline", 14)])  # fmt: skip


def _add_questions(tx: Transaction, world: World) -> None:
    """Questions about a result: one to the coach that waits, one to the lead, one that was answered."""
    client = people.find_by_mail(tx, _DEMONSTRATION["results"])
    assert client is not None
    engagement = programmes.engagements_of_client(tx, client.id)[0]
    assignment = assignment_of(tx, engagement, "mini-ipip")
    acting = _acting(tx, client.id)
    for owner in ("coach", "lead"):
        safeguarding.raise_concern(acting, assignment, owner=owner, text="What does the shaded band mean?")
    answered = safeguarding.raise_concern(acting, assignment, owner="coach", text="Why is one scale missing?")
    safeguarding.answer(
        _acting(tx, engagement.coach_id), answered.id, reader_id=engagement.coach_id, reply="Too few were answered."
    )
    world.page("coach", f"/questions/{answered.id}")


def _acting(tx: Transaction, person_id: str) -> Transaction:
    return Transaction(tx.db, tx.vault, tx.catalogue, tx.settings, tx.recorder, person_id, tx.now)


def _add_ends(tx: Transaction, world: World) -> None:
    """What is seen once: after sending, after erasing, on a link that can be used, and on one that cannot."""
    for name, instrument_id, ending in (("results", "mini-ipip", "done"), ("halfway", "ipip-50", "review")):
        client = people.find_by_mail(tx, _DEMONSTRATION[name])
        assert client is not None
        assignment = assignment_of(tx, programmes.engagements_of_client(tx, client.id)[0], instrument_id)
        world.page(name, f"/assignments/{assignment.id}/{ending}")
    for act in ("erased", "closed"):
        world.page("nobody", f"/goodbye/{act}")
    person = people.find_by_mail(tx, _DEMONSTRATION["invited"])
    assert person is not None
    world.page("nobody", "/open/" + people.issue_link(tx, person).rpartition("/")[2])
    world.page("nobody", "/open/used-up-or-never-made")


def _add_files(installation: Installation, world: World) -> None:
    """Response files at every stage, and an audit that is running."""
    instrument = installation.catalogue.latest("phq-8")
    names = [item.id for item in instrument.items]
    good = ",".join([*names, "gender"]) + "\n" + "\n".join(
        ",".join([*(str((row + n) % 4) for n in range(8)), ("woman", "man")[row % 2]]) for row in range(40)
    )  # fmt: skip
    faulty = good.replace("\n0,1,2,3", "\n9,1,2,x")
    with installation.transaction() as tx:
        lead = people.find_by_mail(tx, _DEMONSTRATION["lead"])
        assert lead is not None
        acting = _acting(tx, lead.id)
        programme = _programme(tx)
        files = {
            name: sets.keep_upload(acting, programme.id, instrument, name=f"{name}.csv", content=content.encode(),
                                   source="A survey of volunteers, 2024", licence="")
            for name, content in {"imported": good, "faulty": faulty, "importing": good, "unmapped": good}.items()
        }  # fmt: skip
        mapping = guess_mapping(files["imported"].header, instrument)
        mapping = ColumnMapping(mapping.items, mapping.groups, "en")
        for name in ("imported", "faulty", "importing"):
            sets.ask_import(acting, files[name], instrument, mapping)
        _hold(tx, files["importing"].job_id, 0.4, "reading")
        paths = [f"/responses/files/{file.id}" for file in files.values()]
        running = _running_audit(tx, programme, instrument)
    while run_next(installation.sessions, handlers(installation)):
        pass
    for path in (*paths, running):
        world.page("lead", path)
    with installation.transaction() as tx:
        assert tx.db.get_one(ResponseFile, paths[1].rpartition("/")[2]).faults
        for state in ("waiting", "signed", "refused"):
            row = tx.db.scalars(select(VerdictRow).where(VerdictRow.state == state, VerdictRow.current)).first()
            assert row is not None, f"the demonstration has no verdict that is {state}"
            world.page("lead", f"/verdicts/{row.id}/sign")


def _running_audit(tx: Transaction, programme: Programme, instrument: Instrument) -> str:
    job = Job(kind="audit", payload="{}", created_at=tx.now)
    tx.db.add(job)
    tx.db.flush()
    _hold(tx, job.id, 0.35, "total: items")
    run = AuditRun(programme_id=programme.id, instrument_id=instrument.id, instrument_version=instrument.version,
                   scale_ids=["total"], groupings=["gender"], references={}, seed=1, started_by="test",
                   started_at=tx.now, job_id=job.id)  # fmt: skip
    tx.db.add(run)
    tx.db.flush()
    return f"/audits/{run.id}"


def _hold(tx: Transaction, job_id: str | None, progress: float, stage: str) -> None:
    """Let a job look as if a worker were at it, for as long as the tests take."""
    job = tx.db.get_one(Job, job_id)
    job.state, job.progress, job.stage, job.leased_until = "running", progress, stage, tx.now + timedelta(days=1)


def _erase_someone(installation: Installation) -> None:
    """One client of the demonstration's coach is erased."""
    world = World()
    with installation.transaction() as tx:
        engagement = _engage(tx, world, "Erased Eriksen")
        person = tx.db.get_one(Person, engagement.client_id)
        privacy.erase(_acting(tx, person.id), person)
    privacy.destroy_key(installation, person.id)
