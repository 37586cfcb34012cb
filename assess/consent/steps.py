"""The steps towards a record: eligibility, text, comprehension, choices; kept whatever tab or session they were in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select

from assess.audit import Event
from assess.consent import rules, texts
from assess.consent.models import ComprehensionAttempt, ConsentDraft, ConsentText
from assess.consent.rules import Comprehension, Scope, Step, Text
from assess.errors import AssessError, InvalidInput
from assess.i18n import gettext as _
from assess.instruments.rules import Instrument, Language
from assess.programmes import service as programmes
from assess.programmes.models import Engagement
from assess.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a client has come with the text of one language."""

    step: Step
    text: Text
    comprehension: Comprehension
    eligible: bool | None
    scopes: frozenset[Scope] | None


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One questionnaire of a battery as it is announced before consent: its name, and the languages it exists in."""

    words: Language
    locales: tuple[str, ...]
    speaks: bool


def texts_in_force(tx: Transaction) -> Mapping[str, Text]:
    """Return today's text in every language that has one."""
    found = {
        locale: rules.text_in_force(versions, tx.today)
        for locale, versions in texts.consent_texts(tx.settings.data).items()
    }
    return {locale: text for locale, text in found.items() if text is not None}


def remember(tx: Transaction, text: Text) -> None:
    """Keep a copy of a text under its digest; a version that was shown before must not have changed since."""
    same_version = select(ConsentText.digest).where(
        ConsentText.version == text.version, ConsentText.locale == text.locale
    )
    known = tx.db.scalar(same_version)
    if known == text.digest:
        return
    if known is not None:
        raise AssessError(
            _(
                "The consent text %(version)s in %(locale)s was edited after people had read it. "
                "Undo the edit and put the new wording into a version of its own.",
                version=text.version,
                locale=text.locale,
            )
        )
    tx.db.add(
        ConsentText(
            digest=text.digest, version=text.version, locale=text.locale, valid_from=text.valid_from,
            material=text.material, supersedes=text.supersedes, content=text.content, stored_at=tx.now,
        )
    )  # fmt: skip
    tx.db.flush()


def filled_in(tx: Transaction, engagement: Engagement) -> Mapping[str, str]:
    """Return what the text leaves open, for this programme and installation."""
    programme = engagement.programme
    return {
        "programme": programme.name,
        "contact": programme.contact or tx.settings.help_contact or _("the person who invited you"),
        "keep_months": str(programme.keep_months),
        "smallest_group": str(tx.settings.smallest_group),
        "server": urlsplit(tx.settings.base_address).hostname or "",
    }


def ages_of(tx: Transaction, engagement: Engagement) -> tuple[int, int | None]:
    """Return the ages that the questionnaires of an engagement are meant for."""
    return rules.age_range(instrument.ages for instrument in _assigned(tx, engagement))


def _assigned(tx: Transaction, engagement: Engagement) -> list[Instrument]:
    """Return what the client will be asked: a battery that was changed since is that of engagements to come."""
    keys = [(entry.instrument_id, entry.instrument_version) for entry in programmes.assignments_of(tx, engagement.id)]
    return [tx.catalogue.get(*key) for key in dict.fromkeys(keys)]


def progress(tx: Transaction, engagement: Engagement, text: Text) -> Progress:
    """Return which step of consenting to this text comes next, from what was done in whichever tab or session."""
    draft = tx.db.get(ConsentDraft, engagement.id)
    check = rules.comprehension(text.questions, [attempt.right for attempt in attempts(tx, engagement.id, text)])
    eligible = draft.eligible if draft else None
    scopes = frozenset(map(Scope, draft.scopes)) if draft and draft.scopes is not None else None
    is_read = draft is not None and draft.text_digest == text.digest
    step = rules.next_step(
        eligible=eligible, text_is_read=is_read, understood=check.passed, has_chosen=scopes is not None
    )
    return Progress(step, text, check, eligible, scopes)


def answer_eligibility(tx: Transaction, engagement: Engagement, *, eligible: bool) -> None:
    """Keep a yes or a no; with a no, nothing else is kept."""
    draft = _draft(tx, engagement)
    draft.eligible = eligible
    if not eligible:
        draft.text_digest, draft.scopes = None, None


def acknowledge_text(tx: Transaction, engagement: Engagement, text: Text) -> None:
    """Keep which text was read."""
    remember(tx, text)
    _draft(tx, engagement).text_digest = text.digest


def answer_check(
    tx: Transaction, engagement: Engagement, text: Text, *, number: int, answers: Mapping[str, str]
) -> Comprehension:
    """Mark one round of the comprehension check; a round that was sent before changes nothing."""
    rounds = [attempt.right for attempt in attempts(tx, engagement.id, text)]
    state = rules.comprehension(text.questions, rounds)
    if state.passed or number != state.rounds + 1:
        return state
    unanswered = {q.id: _("Please choose an answer.") for q in state.open if answers.get(q.id) not in q.options}
    if unanswered:
        raise InvalidInput(unanswered)
    marks = rules.mark(state.open, answers)
    state = rules.comprehension(text.questions, [*rounds, marks])
    tx.db.add(
        ComprehensionAttempt(
            engagement_id=engagement.id, text_digest=text.digest, round=number, right=dict(marks), passed=state.passed,
            attempted_at=tx.now,
        )
    )  # fmt: skip
    tx.record(Event.COMPREHENSION_TRIED, subject=engagement.client_id, about=engagement.id)
    return state


def choose_scopes(tx: Transaction, engagement: Engagement, scopes: Iterable[Scope]) -> None:
    """Keep what was ticked, until it is confirmed; without `store` nobody can take part."""
    chosen = frozenset(scopes)
    if Scope.STORE not in chosen:
        raise InvalidInput(
            {"scopes": _("Without the first box you cannot take part: we would have nowhere to keep your answers.")}
        )
    _draft(tx, engagement).scopes = sorted(chosen)


def _draft(tx: Transaction, engagement: Engagement) -> ConsentDraft:
    draft = tx.db.get(ConsentDraft, engagement.id)
    if draft is None:
        draft = ConsentDraft(engagement_id=engagement.id)
        tx.db.add(draft)
    draft.updated_at = tx.now
    return draft


def attempts(tx: Transaction, engagement_id: str, text: Text) -> Sequence[ComprehensionAttempt]:
    """Return every round of the check of this text, the first first."""
    return tx.db.scalars(
        select(ComprehensionAttempt)
        .where(ComprehensionAttempt.engagement_id == engagement_id, ComprehensionAttempt.text_digest == text.digest)
        .order_by(ComprehensionAttempt.round)
    ).all()


def questionnaires(tx: Transaction, engagement: Engagement, spoken: str) -> list[Questionnaire]:
    """Return each questionnaire to come with the languages it can be answered in, for a reader of one language."""
    return [
        Questionnaire(
            words=instrument.report_language(spoken),
            locales=instrument.answerable_locales,
            speaks=any(locale.partition("-")[0] == spoken for locale in instrument.answerable_locales),
        )
        for instrument in _assigned(tx, engagement)
    ]
