"""What a page of questions shows, and what a press of one of its buttons asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from assess.i18n import gettext as _
from assess.instruments.rules import Instrument, Language
from assess.responses import rules
from assess.responses.rules import Answer, Clash, Given, Missing, Remark


@dataclass(frozen=True, slots=True)
class Question:
    """One item as a page shows it; `field` carries the revision it shows."""

    id: str
    number: int
    field: str
    text: str
    options: tuple[tuple[str, str], ...]
    value: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said so far on one page: revision and answer of its items, and remarks on them."""

    answers: Mapping[str, tuple[int, Answer]]
    remarks: Mapping[str, Sequence[Remark]]


NOTHING_SAID = Said({}, {})


@dataclass(frozen=True, slots=True)
class Press:
    """What one of the page's buttons asks for, besides saving what the page holds."""

    go: str
    cleared: str
    remarks: Mapping[str, tuple[Remark, str]]

    @property
    def stays_at(self) -> str:
        """The item to come back to; empty when the press leads to another page."""
        return self.cleared or next(iter(self.remarks), "")


def read_press(form: MultiDict[str, str]) -> Press:
    """Return which button was pressed; a comment that was typed is kept whichever it was."""
    item_id, _colon, kind = form.get("remark", "").partition(":")
    said = {item_id: Remark(kind)} if kind in {remark.value for remark in Remark} else {}
    comments = {name.removeprefix("comment-"): text.strip() for name, text in form.items() if name[:8] == "comment-"}
    about = [*said, *(item for item, text in comments.items() if text and item not in said)]
    remarks = {item: (said.get(item, Remark.OTHER), comments.get(item, "")) for item in about}
    return Press(form.get("go", "stay"), form.get("clear", "").partition("@")[0], remarks)


def read_answers(instrument: Instrument, form: MultiDict[str, str]) -> Given:
    """Return the answers a page holds; Clear empties its own question."""
    fields = list(form.items())
    if form.get("clear"):
        fields.append((form["clear"], ""))
    return rules.read_fields(instrument, fields)


def questions_of(instrument: Instrument, language: Language, number: int, said: Said) -> tuple[Question, ...]:
    """Return the items of one page with what was said about each."""
    first = (number - 1) * instrument.items_per_page + 1
    questions = []
    for position, item in enumerate(rules.pages_of(instrument)[number - 1], start=first):
        revision, answer = said.answers.get(item.id, (0, Missing.NOT_REACHED))
        words = language.options[item.response_scale]
        questions.append(
            Question(
                id=item.id,
                number=position,
                field=rules.field_name(item.id, revision),
                text=language.items[item.id],
                options=tuple(
                    (str(option.code), words[option.id])
                    for option in instrument.response_scale(item.response_scale).options
                ),
                value=value_of(answer),
                remarks=tuple(said.remarks.get(item.id, ())),
            )
        )
    return tuple(questions)


def fault_messages(instrument: Instrument, given: Given) -> dict[str, str]:
    """Say of each field what it held that the questionnaire does not have."""
    known = {item.id for item in instrument.items}
    unknown = _("The page sent an answer to “%(item)s”, which is not a question here. It was left out.")
    not_offered = _("“%(answer)s” is not one of the answers to this question. Please choose one.")
    return {
        item_id: (not_offered if item_id in known else unknown) % {"item": item_id, "answer": value}
        for item_id, value in given.faults.items()
    }


def clash_messages(instrument: Instrument, language: Language, clashes: Collection[Clash]) -> dict[str, Markup]:
    """Say calmly which answer is stored, and which one an older tab gave."""
    message = _(
        "You answered this elsewhere in the meantime, in another tab or before you went back. Saved is: %(stored)s. "
        "Here you chose: %(given)s. Choose the one you want; nothing was replaced."
    )
    return {
        clash.item_id: Markup(message)  # noqa: S704 the message is our own
        % {
            "stored": words_of(instrument, language, clash.item_id, clash.stored),
            "given": words_of(instrument, language, clash.item_id, clash.given),
        }
        for clash in clashes
    }


def words_of(instrument: Instrument, language: Language, item_id: str, answer: Answer) -> Markup:
    """Return an answer in the words of its option, in their own language and direction."""
    if not isinstance(answer, Missing):
        options = instrument.options_of(item_id)
        words = next(language.options[options.id][option.id] for option in options.options if option.code == answer)
        return Markup('<bdi lang="{}">“{}”</bdi>').format(language.locale, words)
    skipped = answer is Missing.SKIPPED
    return Markup("<bdi>{}</bdi>").format(_("skipped") if skipped else _("no answer"))


def value_of(answer: Answer | None) -> str:
    """Return the form value of an answer; nothing is chosen where there is none."""
    return "" if answer is None or answer is Missing.NOT_REACHED else rules.written(answer)
