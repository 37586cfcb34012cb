"""The demonstration: one programme with simulated people, so that a newcomer can live the whole story at once.

Everything is made through the same services as the real thing, at the times at which it would have happened; only the
six hundred administrations behind the audits are written directly, without people. Every page that shows any of it says
that it is simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from assess.administration import service as administration
from assess.analysis.service import start_run
from assess.app import HOOKS
from assess.consent import service as consent
from assess.consent import steps
from assess.consent.rules import Scope, Text
from assess.jobs import run_next
from assess.people import service as people
from assess.people.models import Person, Role
from assess.programmes import service as programmes
from assess.programmes.models import Assignment, Engagement, Programme, ProgrammeLead
from assess.release import verdicts
from assess.release.models import VerdictRow, VerdictState
from assess.release.rules import Outcome, Use
from assess.responses import service as responses
from assess.responses.models import DeidentifiedAdministration
from assess.responses.rules import Answer, Missing, pages_of
from assess.transactions import Installation, Transaction
from assess.work import handlers

SEED = 20261122
BATTERY = ("mini-ipip", "ipip-50", "phq-8", "gad-7")
_SIGNED = ("mini-ipip", "phq-8")
_WAVES = (("baseline", 14), ("end", 150))
_STAFF = (
    ("Lena Brandt", "lead@demonstration.example", Role.LEAD),
    ("Daniel Okoro", "coach@demonstration.example", Role.COACH),
    ("Priya Nair", "administrator@demonstration.example", Role.ADMINISTRATOR),
)
# name, address, language, days since the engagement began, length in days
_CLIENTS = (
    ("Amélie Laurent", "amelie@demonstration.example", "fr", 6, 180),
    ("Tomás Vega", "tomas@demonstration.example", "en", 160, 200),
    ("Noor Rahman", "noor@demonstration.example", "en", 1, 180),
    ("Grace Mensah", "grace@demonstration.example", "en", 260, 200),
)
_LINKS = (
    ("client, half-way through", "amelie@demonstration.example"),
    ("client, with results", "tomas@demonstration.example"),
    ("client, just invited", "noor@demonstration.example"),
    ("coach", "coach@demonstration.example"),
    ("programme lead", "lead@demonstration.example"),
    ("administrator", "administrator@demonstration.example"),
)


def is_wanted(installation: Installation) -> bool:
    """Return whether the installation is still empty."""
    with installation.transaction() as tx:
        return tx.db.scalar(select(Person.id).limit(1)) is None


def sign_in_links(installation: Installation) -> Iterator[tuple[str, str]]:
    """Yield a fresh sign-in link for each role of the demonstration; nothing where it was not loaded."""
    with installation.transaction() as tx:
        for role, address in _LINKS:
            person = people.find_by_mail(tx, address)
            if person is not None and person.simulated:
                yield role, people.issue_link(tx, person)


def load(installation: Installation) -> None:
    """Make the programme, its people, their answers, the audits and the signatures."""
    now = installation.clock()
    with _at(installation, now - timedelta(days=300)).transaction() as tx:
        programme = _make_programme(tx)
        _simulate_administrations(tx, programme)
    engagements = [_engage(installation, programme, client, now) for client in _CLIENTS]
    _live(installation, engagements, now)
    _audit_and_sign(installation, programme)


def _at(installation: Installation, moment: datetime) -> Installation:
    """Return the installation as it is at another time."""
    return replace(installation, clock=lambda: moment)


def _make_programme(tx: Transaction) -> Programme:
    staff = {
        role: people.create_person(tx, name=name, mail=address, roles=[role], simulated=True)
        for name, address, role in _STAFF
    }
    return programmes.create_programme(
        tx,
        name="Leading with others (simulated)",
        contact="Lena Brandt, lead@demonstration.example",
        lead_id=staff[Role.LEAD].id,
        battery=[(instrument_id, tx.catalogue.latest(instrument_id).version) for instrument_id in BATTERY],
        waves=_WAVES,
        simulated=True,
    )


def _simulate_administrations(tx: Transaction, programme: Programme) -> None:
    """Write the answers of 300 people in each of two languages; in German, four items of one scale are harder."""
    import numpy as np

    from assess.simulation import Difference, simulate

    rng = np.random.default_rng(SEED)
    harder = Difference("E", "de", ("b01", "b06", "b11", "b21"), 0.4)
    wanted: Sequence[tuple[str, Mapping[str, int], Difference | None]] = (
        ("ipip-50", {"en": 300, "de": 300}, harder),
        ("mini-ipip", {"en": 400}, None),
        ("phq-8", {"en": 260}, None),
        ("gad-7", {"en": 260}, None),
    )
    for instrument_id, locales, difference in wanted:
        instrument = tx.catalogue.latest(instrument_id)
        for locale, answers in simulate(instrument, locales, rng=rng, difference=difference):
            tx.db.add(
                DeidentifiedAdministration(
                    programme_id=programme.id, instrument_id=instrument.id, instrument_version=instrument.version,
                    locale=locale, wave_kind="baseline", month=tx.today.replace(day=1), simulated=True,
                    groups={"gender": str(rng.choice(("woman", "man")))}, answers=answers,
                )
            )  # fmt: skip
    tx.db.flush()


def _engage(
    installation: Installation, programme: Programme, client: tuple[str, str, str, int, int], now: datetime
) -> Engagement:
    """Invite one client; both sides declare that there is no tie."""
    name, address, locale, days_ago, length = client
    begun = now - timedelta(days=days_ago)
    with _at(installation, begun).transaction() as tx:
        person = people.create_person(tx, name=name, mail=address, roles=[Role.CLIENT], locale=locale, simulated=True)
        coach = people.find_by_mail(tx, _STAFF[1][1])
        if coach is None:
            raise RuntimeError("the demonstration lost its coach")
        engagement = programmes.create_engagement(
            tx, programme_id=programme.id, client=person, coach=coach, starts_on=begun.date(),
            ends_on=begun.date() + timedelta(days=length),
        )  # fmt: skip
        programmes.invite(tx, engagement)
        programmes.declare_ties(tx, engagement, person_id=coach.id, ties=[])
        return engagement


def _live(installation: Installation, engagements: Sequence[Engagement], now: datetime) -> None:
    """Let the clients do what they have done so far."""
    halfway, with_results, _invited, ended = engagements
    everything = frozenset(Scope)
    _agree(_at(installation, now - timedelta(days=5)), halfway, "fr", everything - {Scope.RESEARCH})
    _answer(_at(installation, now - timedelta(days=5)), halfway, "baseline", "mini-ipip", "en")
    _answer(_at(installation, now - timedelta(days=4)), halfway, "baseline", "ipip-50", "de", pages=4)
    for engagement, begun, level in ((with_results, 158, 0.0), (ended, 255, 0.3)):
        _agree(_at(installation, now - timedelta(days=begun)), engagement, "en", everything)
        for instrument_id in BATTERY:
            _answer(_at(installation, now - timedelta(days=begun)), engagement, "baseline", instrument_id, "en", level)
    for instrument_id in BATTERY:
        _answer(_at(installation, now - timedelta(days=9)), with_results, "end", instrument_id, "en", 1.2)


def _agree(installation: Installation, engagement: Engagement, locale: str, scopes: Iterable[Scope]) -> None:
    """Declare no tie, read, understand and consent, step by step."""
    with installation.transaction(actor=engagement.client_id) as tx:
        engagement = programmes.engagement(tx, engagement.id)
        programmes.declare_ties(tx, engagement, person_id=engagement.client_id, ties=[])
        text: Text = steps.texts_in_force(tx)[locale]
        steps.answer_eligibility(tx, engagement, eligible=True)
        steps.acknowledge_text(tx, engagement, text)
        right = {question.id: question.right for question in text.questions}
        steps.answer_check(tx, engagement, text, number=1, answers=right)
        steps.choose_scopes(tx, engagement, scopes)
        consent.grant(tx, engagement, text)


def _answer(
    installation: Installation, engagement: Engagement, wave: str, instrument_id: str, locale: str,
    level: float = 0.0, *, pages: int | None = None,
) -> None:  # fmt: skip
    """Answer one questionnaire, wholly or only its first pages; `level` is where the person stands on the trait."""
    with installation.transaction(actor=engagement.client_id) as tx:
        assignment = tx.db.scalars(
            select(Assignment).where(
                Assignment.engagement_id == engagement.id,
                Assignment.wave_kind == wave,
                Assignment.instrument_id == instrument_id,
            )
        ).one()
        sitting = administration.start(tx, assignment.id, locale=locale)
        instrument = tx.catalogue.get(sitting.instrument_id, sitting.instrument_version)
        shown = pages_of(instrument)[:pages]
        answers = _plausible(tx, [item.id for page in shown for item in page], instrument_id, level)
        responses.save(tx, sitting, answers, seen={})
        sent = administration.submit(tx, assignment.id) if pages is None else None
        for act in HOOKS.on_submit if sent else ():
            act(tx, sent)


def _plausible(tx: Transaction, item_ids: Iterable[str], instrument_id: str, level: float) -> dict[str, Answer]:
    """Return one person's seeded answers around their level, one of them skipped."""
    instrument = tx.catalogue.latest(instrument_id)
    keys = {keyed.item: keyed.key for scale in instrument.scales for keyed in scale.items}
    level = -level / 2 if instrument_id in {"phq-8", "gad-7"} else level  # coaching helped: fewer complaints, not more
    random = Random(f"{SEED}{instrument_id}{level}")  # noqa: S311 plausible answers, nothing secret
    answers: dict[str, Answer] = {}
    for item_id in item_ids:
        codes = instrument.options_of(item_id).codes
        place = (len(codes) - 1) * (0.45 if len(codes) == 5 else 0.3) + random.gauss(level, 0.8)
        step = min(max(round(place), 0), len(codes) - 1)
        answers[item_id] = codes[step] if keys.get(item_id, 1) == 1 else codes[-1 - step]
    skipped = random.choice(sorted(answers))
    answers[skipped] = Missing.SKIPPED
    return answers


def _audit_and_sign(installation: Installation, programme: Programme) -> None:
    """Audit the instruments; sign two, refuse one for what was found, leave one waiting."""
    with installation.transaction() as tx:
        lead_id = tx.db.scalars(select(ProgrammeLead.person_id).where(ProgrammeLead.programme_id == programme.id)).one()
    with installation.transaction(actor=lead_id) as tx:
        for number, instrument_id in enumerate(BATTERY):
            instrument = tx.catalogue.latest(instrument_id)
            groupings = ["language"] if instrument_id == "ipip-50" else ["gender"]
            start_run(tx, programme_id=programme.id, instrument=instrument, groupings=groupings, seed=SEED + number)
    _work_through(installation)
    with installation.transaction(actor=lead_id) as tx:
        for row in [row for instrument_id in _SIGNED for row in _waiting(tx, programme, instrument_id)]:
            if row.use in {Use.INDIVIDUAL_REPORT, Use.CHANGE_OVER_TIME} and Outcome(row.outcome).releasable:
                verdicts.sign(tx, row, reason="Reliable enough for a talk about development.")
        for row in _waiting(tx, programme, "ipip-50"):
            if row.language == "de" and row.scale_id == "E":
                verdicts.refuse(tx, row, reason="Four items are harder in German; the scale reads too low there.")
    _work_through(installation)


def _waiting(tx: Transaction, programme: Programme, instrument_id: str) -> list[VerdictRow]:
    """Return the verdicts on an instrument that wait for a signature."""
    rows = verdicts.current(tx, programme.id, tx.catalogue.latest(instrument_id))
    return [row for row in rows if row.state == VerdictState.WAITING]


def _work_through(installation: Installation) -> None:
    """Do what waits for the worker."""
    work = handlers(installation)
    while run_next(installation.sessions, work):
        pass
