"""Who may ask for what: one table, and a start that refuses a route which is missing from it.

Not allowed and not existing give the same reply. Ids in a route (`engagement_id`, `programme_id`, …) are turned into
the engagement or programme they belong to, and the relation of the person to that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from assess.people.models import Role

if TYPE_CHECKING:
    from flask import Flask

    from assess.people.service import Visitor
    from assess.programmes.rules import Term


class Relation(StrEnum):
    """How someone stands to what a route is about."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    CLIENT = "is a client"
    COACH = "is a coach"
    LEAD = "leads some programme"
    ADMINISTRATOR = "administers the installation"
    OWN_ENGAGEMENT = "is the client of this engagement"
    COACHED_ENGAGEMENT = "coaches this engagement, has declared ties to the client, and it is live"
    DECLARING_COACH = "coaches this engagement, which is not over"
    LED_PROGRAMME = "leads this programme"


@dataclass(frozen=True, slots=True)
class About:
    """What a route's ids point at."""

    engagement: Term | None = None
    programme_id: str | None = None


R = Relation
Rule = Mapping[str, frozenset[Relation]]


def _get(*relations: Relation) -> Rule:
    return {"GET": frozenset(relations)}


def _post(*relations: Relation) -> Rule:
    return {"POST": frozenset(relations)}


def _both(*relations: Relation) -> Rule:
    return {**_get(*relations), **_post(*relations)}


TABLE: Mapping[str, Rule] = {
    "static": _get(R.ANYONE),
    # administration
    "administration.begin": _get(R.OWN_ENGAGEMENT),
    "administration.start": _post(R.OWN_ENGAGEMENT),
    "administration.decline": _post(R.OWN_ENGAGEMENT),
    "administration.submit": _post(R.OWN_ENGAGEMENT),
    "administration.done": _get(R.OWN_ENGAGEMENT),
    "administration.about_you": _get(R.CLIENT),
    "administration.save_about_you": _post(R.CLIENT),
    # analysis
    "analysis.instruments": _get(R.LED_PROGRAMME),
    "analysis.instrument": _get(R.LED_PROGRAMME),
    "analysis.import_responses": _get(R.LED_PROGRAMME),
    "analysis.upload_responses": _post(R.LED_PROGRAMME),
    "analysis.response_file": _get(R.LED_PROGRAMME),
    "analysis.map_responses": _post(R.LED_PROGRAMME),
    "analysis.new_audit": _get(R.LED_PROGRAMME),
    "analysis.start_audit": _post(R.LED_PROGRAMME),
    "analysis.run": _get(R.LED_PROGRAMME),
    # consent
    "consent.start": _get(R.OWN_ENGAGEMENT),
    "consent.eligibility": _get(R.OWN_ENGAGEMENT),
    "consent.answer_eligibility": _post(R.OWN_ENGAGEMENT),
    "consent.not_eligible": _get(R.OWN_ENGAGEMENT),
    "consent.text": _get(R.OWN_ENGAGEMENT),
    "consent.acknowledge_text": _post(R.OWN_ENGAGEMENT),
    "consent.check": _get(R.OWN_ENGAGEMENT),
    "consent.answer_check": _post(R.OWN_ENGAGEMENT),
    "consent.choices": _get(R.OWN_ENGAGEMENT),
    "consent.choose": _post(R.OWN_ENGAGEMENT),
    "consent.confirm": _get(R.OWN_ENGAGEMENT),
    "consent.consent": _post(R.OWN_ENGAGEMENT),
    "consent.receipt": _get(R.OWN_ENGAGEMENT),
    "consent.receipt_json": _get(R.OWN_ENGAGEMENT),
    "consent.withdraw": _get(R.OWN_ENGAGEMENT),
    "consent.take_back": _post(R.OWN_ENGAGEMENT),
    "consent.scope": _get(R.OWN_ENGAGEMENT),
    "consent.change_scope": _post(R.OWN_ENGAGEMENT),
    # people
    "people.welcome": _get(R.ANYONE),
    "people.sign_in": _get(R.ANYONE),
    "people.send_link": _post(R.ANYONE),
    "people.open_link": _get(R.ANYONE),
    "people.use_link": _post(R.ANYONE),
    "people.help": _get(R.ANYONE),
    "people.health": _get(R.ANYONE),
    "people.sign_out": _post(R.SIGNED_IN),
    "people.home": _get(R.SIGNED_IN),
    "people.accounts": _get(R.ADMINISTRATOR),
    "people.new_account": _get(R.ADMINISTRATOR),
    "people.make_account": _post(R.ADMINISTRATOR),
    "people.account": _get(R.ADMINISTRATOR),
    "people.change_account": _post(R.ADMINISTRATOR),
    "people.installation": _get(R.ADMINISTRATOR),
    # privacy
    "privacy.my_data": _get(R.SIGNED_IN),
    "privacy.export_json": _get(R.SIGNED_IN),
    "privacy.export_csv": _get(R.SIGNED_IN),
    "privacy.close_account": _get(R.CLIENT),
    "privacy.close": _post(R.CLIENT),
    "privacy.erase": _get(R.CLIENT),
    "privacy.erase_everything": _post(R.CLIENT),
    "privacy.erase_someone": _get(R.ADMINISTRATOR),
    "privacy.erase_at_their_wish": _post(R.ADMINISTRATOR),
    "privacy.gone": _get(R.ANYONE),
    # programmes
    "programmes.overview": _get(R.LEAD),
    "programmes.new": _get(R.LEAD),
    "programmes.make": _post(R.LEAD),
    "programmes.programme": _get(R.LED_PROGRAMME),
    "programmes.battery": _post(R.LED_PROGRAMME),
    "programmes.outbox": _get(R.LED_PROGRAMME),
    "programmes.new_engagement": _get(R.LED_PROGRAMME),
    "programmes.make_engagement": _post(R.LED_PROGRAMME),
    "programmes.invite": _post(R.LED_PROGRAMME),
    "programmes.end_engagement": _post(R.LED_PROGRAMME),
    "programmes.ties": _get(R.OWN_ENGAGEMENT, R.DECLARING_COACH),
    "programmes.declare_ties": _post(R.OWN_ENGAGEMENT, R.DECLARING_COACH),
    # release
    "release.sign": _get(R.LED_PROGRAMME),
    "release.decide": _post(R.LED_PROGRAMME),
    "release.history": _get(R.LED_PROGRAMME),
    "release.policy": _get(R.LED_PROGRAMME),
    "release.change_policy": _post(R.LED_PROGRAMME),
    # responses
    "responses.resume": _get(R.OWN_ENGAGEMENT),
    "responses.save_answer": _post(R.OWN_ENGAGEMENT),
    "responses.page": _get(R.OWN_ENGAGEMENT),
    "responses.save_page": _post(R.OWN_ENGAGEMENT),
    "responses.review": _get(R.OWN_ENGAGEMENT),
    # reports
    "reports.aggregates": _get(R.LED_PROGRAMME),
    "reports.release_aggregates": _post(R.LED_PROGRAMME),
    "reports.client_home": _get(R.CLIENT),
    "reports.client_result": _get(R.OWN_ENGAGEMENT),
    "reports.coach_clients": _get(R.COACH),
    "reports.coach_report": _get(R.COACHED_ENGAGEMENT),
    # safeguarding: the service shows a question only to the one it is addressed to
    "safeguarding.ask": _get(R.OWN_ENGAGEMENT),
    "safeguarding.send": _post(R.OWN_ENGAGEMENT),
    "safeguarding.questions": _get(R.COACH, R.LEAD),
    "safeguarding.question": _get(R.COACHED_ENGAGEMENT, R.LED_PROGRAMME),
    "safeguarding.answer": _post(R.COACHED_ENGAGEMENT, R.LED_PROGRAMME),
}

# An id in a route → what it belongs to; each concept's entry is added by `app`.
Resolver = Callable[[Session, str], About | None]


def relations(
    visitor: Visitor | None,
    about: About,
    *,
    leads: Callable[[str, str], bool],
    open_to_coach: Callable[[Term], bool],
    over: Callable[[Term], bool],
) -> Iterable[Relation]:
    """Yield every relation of this person to what is asked for."""
    yield R.ANYONE
    if visitor is None:
        return
    yield R.SIGNED_IN
    for role, relation in _ROLE_RELATIONS.items():
        if role in visitor.roles:
            yield relation
    engagement, programme_id = about.engagement, about.programme_id
    if engagement is not None:
        if engagement.client_id == visitor.id:
            yield R.OWN_ENGAGEMENT
        if engagement.coach_id == visitor.id and Role.COACH in visitor.roles:
            if open_to_coach(engagement):
                yield R.COACHED_ENGAGEMENT
            if not over(engagement):
                yield R.DECLARING_COACH
    if programme_id is not None and Role.LEAD in visitor.roles and leads(visitor.id, programme_id):
        yield R.LED_PROGRAMME


_ROLE_RELATIONS = {
    Role.CLIENT: R.CLIENT,
    Role.COACH: R.COACH,
    Role.LEAD: R.LEAD,
    Role.ADMINISTRATOR: R.ADMINISTRATOR,
}


def resolve(db: Session, ids: Mapping[str, str], resolvers: Mapping[str, Resolver]) -> About | None:
    """Return what the ids of a route point at; None when any of them exists not, or they do not belong together."""
    engagement, programmes = None, set()
    for name, value in ids.items():
        if name not in resolvers:
            continue
        about = resolvers[name](db, value)
        if about is None or (engagement and about.engagement and engagement.id != about.engagement.id):
            return None
        engagement = about.engagement or engagement
        programmes.add(about.programme_id)
    programmes.discard(None)
    if len(programmes) > 1:
        return None
    return About(engagement, programmes.pop() if programmes else None)


def check_table(app: Flask) -> None:
    """Refuse to start when a route is missing from the table, or the table names one that does not exist."""
    served = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ())
        if method in _WRITTEN
    }
    written = {(endpoint, method) for endpoint, rule in TABLE.items() for method in rule}
    missing, stale = sorted(served - written), sorted(written - served)
    if missing or stale:
        raise RuntimeError(f"access table: routes without a rule {missing}; rules without a route {stale}")


_WRITTEN = {"GET", "POST", "PUT", "PATCH", "DELETE"}
