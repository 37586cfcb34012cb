"""The words of the mails that go to people, in the language being spoken."""

from __future__ import annotations

from assess.i18n import gettext as _


def invitation(*, client: str, coach: str, programme: str, link: str, hours: int) -> str:
    """Return the text of an invitation: what it is, that it is voluntary, and the link."""
    return "\n\n".join(
        (
            _("Hello %(name)s,", name=client),
            _(
                "you take part in the coaching programme “%(programme)s” with %(coach)s. We would like to invite you "
                "to answer some questionnaires.",
                programme=programme,
                coach=coach,
            ),
            _("First you read what will happen, and decide. You can skip any question and stop at any time."),
            _("This link is for you alone. It works once, within %(hours)s hours:", hours=hours),
            link,
            _("If it has run out, open the same address and ask for a new one."),
        )
    )
