"""Forms about programmes, for leads."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import DateField, EmailField, IntegerField, SelectChoice, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange

from assess.i18n import lazy_gettext as _
from assess.people.forms import language_choices
from assess.programmes.models import WaveKind

WAVE_NAMES = {
    WaveKind.BASELINE: _("At the start"),
    WaveKind.MIDPOINT: _("Half-way"),
    WaveKind.END: _("At the end"),
    WaveKind.FOLLOW_UP: _("Some time later"),
}
TIE_NAMES = {
    "manager": _("One of us reports to the other at work"),
    "evaluator": _("One of us assesses, grades or examines the other"),
    "relative": _("We are family"),
    "romantic": _("We are, or were, a couple"),
    "therapist": _("One of us is or was the other’s therapist or doctor"),
    "business": _("We do business together, or own something together"),
    "friend": _("We are friends"),
    "colleague": _("We work in the same team"),
    "other": _("Something else that could stand between us"),
}
_GIVE_WEEKS = _("Please give a number of weeks from 1 to 520.")
_GIVE_MONTHS = _("Please give a number of months from 1 to 120.")
_GIVE_LANGUAGE = _("Please choose a language first.")
_GIVE_DATE = _("Please give a date.")
_GIVE_MAIL = _("Please give an e-mail address such as name@example.org.")


class ProgrammeForm(FlaskForm):
    """A new programme."""

    name = StringField(_("Name of the programme"), [DataRequired(_("Please give the programme a name."))])
    contact = StringField(
        _("Whom clients can ask (name, and how to reach them)"),
        [DataRequired(_("Please name someone clients can ask."))],
    )
    battery = SelectMultipleField(_("Questionnaires"), [DataRequired(_("Please choose at least one."))])
    waves = SelectMultipleField(
        _("When clients answer"),
        [DataRequired(_("Please choose at least one."))],
        choices=[SelectChoice(kind, name) for kind, name in WAVE_NAMES.items()],
        default=[WaveKind.BASELINE, WaveKind.END],
    )
    weeks = IntegerField(
        _("Length of an engagement in weeks"),
        [InputRequired(_GIVE_WEEKS), NumberRange(1, 520, _GIVE_WEEKS)],
        default=26,
    )
    keep_months = IntegerField(
        _("Months after which answers are deleted"),
        [InputRequired(_GIVE_MONTHS), NumberRange(1, 120, _GIVE_MONTHS)],
        default=24,
    )


class EngagementForm(FlaskForm):
    """A client, a coach, from a day to a day."""

    client_name = StringField(_("Client’s name"), [DataRequired(_("Please give a name."))])
    client_mail = EmailField(_("Client’s e-mail address"), [DataRequired(_GIVE_MAIL)])
    client_locale = SelectField(_("Client’s language"), [InputRequired(_GIVE_LANGUAGE)], choices=language_choices)
    coach_name = StringField(_("Coach’s name"), [DataRequired(_("Please give a name."))])
    coach_mail = EmailField(_("Coach’s e-mail address"), [DataRequired(_GIVE_MAIL)])
    starts_on = DateField(_("First day"), [DataRequired(_GIVE_DATE)])
    ends_on = DateField(_("Last day"), [DataRequired(_GIVE_DATE)])
