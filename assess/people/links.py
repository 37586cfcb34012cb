"""Sign-in links that people ask for."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from assess.i18n import gettext as _
from assess.i18n import speaking
from assess.people.mail import send
from assess.people.models import Link, Person
from assess.people.service import find_by_mail, issue_link
from assess.transactions import Transaction

_LINK_HOURS = 2  # of a link someone asked for; an invitation lives longer (settings.link_hours)
_LINKS_AN_HOUR = 5


def send_sign_in_link(tx: Transaction, mail: str, *, target: str) -> None:
    """Mail a sign-in link to whoever has this address; an unknown address is not told apart."""
    person = find_by_mail(tx, mail)
    if person is None or not _may_send(tx, person):
        return
    link = issue_link(tx, person, target=target, hours=_LINK_HOURS)
    with speaking(person.locale):
        text = _(
            "Hello,\n\nthis link signs you in. It works once, within %(hours)s hours:\n\n%(link)s\n\n"
            "If you did not ask for it, you need not do anything.",
            hours=_LINK_HOURS,
            link=link,
        )
        send(tx, person, kind="sign_in", subject=_("Your sign-in link"), text=text)


def _may_send(tx: Transaction, person: Person) -> bool:
    """Return whether another link may go to this person: a few in an hour are enough.

    Invitations live longer and do not count, so that being invited again never keeps anyone from signing in.
    """
    asked_for_within_an_hour = Link.expires_at.between(
        tx.now + timedelta(hours=_LINK_HOURS - 1), tx.now + timedelta(hours=_LINK_HOURS)
    )
    recent = select(Link).where(Link.person_id == person.id, asked_for_within_an_hour)
    return len(tx.db.scalars(recent).all()) < _LINKS_AN_HOUR
