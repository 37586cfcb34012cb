"""Forms about people, for staff."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, SelectChoice, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired

from assess.i18n import interface_languages
from assess.i18n import lazy_gettext as _
from assess.people.models import Role

ROLE_NAMES = {
    Role.CLIENT: _("Client"),
    Role.COACH: _("Coach"),
    Role.LEAD: _("Programme lead"),
    Role.SUPERVISOR: _("Supervisor"),
    Role.ADMINISTRATOR: _("Administrator"),
}


def language_choices() -> list[SelectChoice]:
    """Return the interface languages, each by its own name."""
    return [SelectChoice(code, name) for code, name in interface_languages()]


class AccountForm(FlaskForm):
    """A new account."""

    name = StringField(_("Name"), [DataRequired(_("Please give a name."))])
    mail = EmailField(_("E-mail address"), [DataRequired(_("Please give an e-mail address such as name@example.org."))])
    roles = SelectMultipleField(
        _("What this person does here"),
        [DataRequired(_("Please choose at least one."))],
        choices=[SelectChoice(role, name) for role, name in ROLE_NAMES.items()],
    )
    locale = SelectField(_("Language"), [InputRequired(_("Please choose a language first."))], choices=language_choices)
