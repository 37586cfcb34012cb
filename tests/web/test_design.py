"""The page frame and the macros, drawn with realistic content: what every page built on them may rely on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import EmailField, Form, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from assess.paths import STATIC, TEMPLATES
from tests.web import design_samples
from tests.web.drawn import Page, draw, macro

STYLESHEET = (STATIC / "assess.css").read_text(encoding="utf-8")
PAGES = [f"samples/{file.name}" for file in sorted(design_samples.SAMPLES.glob("*.html"))]
PAGES += [f"errors/{file.name}" for file in sorted((TEMPLATES / "errors").glob("[0-9]*.html"))]


# What a program can check in every template


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_a_template_keeps_to_the_content_security_policy(file: Path):
    source = file.read_text(encoding="utf-8")

    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", source)


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_a_template_that_draws_charts_gives_them_the_direction_of_the_page(file: Path):
    for line in re.findall(r'\{%-?\s*(?:from|import)\s+"charts.html".*?%\}', file.read_text(encoding="utf-8")):
        assert "with context" in line


@pytest.mark.parametrize("name", ["macros.html", "charts.html"])
def test_the_opening_comment_gives_every_signature_as_it_is(name):
    jinja = design_samples.environment()
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    opening = re.sub(r"\s+", " ", source.split("#}")[0])
    module = jinja.get_template(name).make_module(design_samples.context("en"))
    defined = re.findall(r"\{% macro ([a-z]\w*)\((.*?)\) ?-?%\}", source, flags=re.DOTALL)

    written = {macro for macro, parameters in defined if f"{macro}({' '.join(parameters.split())})" in opening}

    assert {macro for macro, _ in defined} - written <= {"icon", "csrf_field"}
    assert all(hasattr(module, macro) for macro, _ in defined)


def test_the_stylesheet_has_no_physical_direction_and_fetches_nothing():
    rules = re.sub(r"/\*.*?\*/", "", STYLESHEET, flags=re.DOTALL)

    assert not re.search(r"(?:margin|padding|border|inset)-(?:left|right)|(?:^|[;{\s])(?:left|right)\s*:", rules)
    assert not re.search(r"text-align:\s*(?:left|right)|float:\s*(?:left|right)", rules)
    assert "url(" not in rules
    assert "@import" not in rules


def _luminance(colour: str) -> float:
    # Relative luminance and contrast as defined by WCAG 2.2.
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_used_together_can_be_read(scheme):
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLESHEET.split(":root {")[scheme + 1].split("}")[0]))
    text = [(front, back) for front in ("ink", "muted", "accent", "warm", "bad") for back in ("paper", "surface")]
    text += [(tone, f"{tone}-soft") for tone in ("accent", "warm", "good", "caution", "bad")] + [
        ("on-accent", "accent")
    ]
    text += [("ink", f"{tone}-soft") for tone in ("accent", "good", "caution", "bad")]

    faint = [pair for pair in text if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    faint += [("edge", back) for back in ("paper", "surface") if _contrast(colours["edge"], colours[back]) < 3]

    assert not faint


# The frame


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_frame_and_every_reference_leads_somewhere(name, locale):
    page = Page(design_samples.render(name, locale, message=""))

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    wanted = [
        target
        for _, attributes in page.elements
        for key in ("for", "aria-labelledby", "aria-describedby")
        for target in attributes.get(key, "").split()
    ]
    wanted += [a["href"][1:] for a in page.all("a") if re.match(r"#.", a.get("href", ""))]
    assert len(ids) == len(set(ids))
    assert set(wanted) <= set(ids)
    assert page.all("html")[0]["lang"] == locale
    assert page.all("html")[0]["dir"] == ("rtl" if locale == "ar" else "ltr")
    assert [len(page.all(tag)) for tag in ("h1", "main", "header", "footer")] == [1, 1, 1, 1]
    assert page.text_of("title")[0].split(" · ")[0] == page.text_of("h1")[0]
    assert page.all("a")[0]["href"] == "#content"


def test_a_page_about_simulated_people_says_so_and_another_does_not():
    banner = "Simulated people – demonstration"

    assert banner in design_samples.render("errors/404.html")
    assert banner not in design_samples.render("errors/404.html", simulated=False)


def test_a_stranger_is_not_offered_to_sign_out():
    page = Page(design_samples.render("errors/404.html", current_person=None))

    assert not page.all("form")


def test_a_questionnaire_page_and_its_stylesheet_weigh_little():
    page = design_samples.render("samples/questionnaire.html")

    assert len(page.encode()) + len(STYLESHEET.encode()) < 60_000
    assert len(re.findall(r"<script|rel=\"stylesheet\"|<img", page)) == 1


def test_text_that_looks_like_markup_is_shown_as_text():
    page = macro("notice('info', '<b>bold</b>', '<script>')")

    assert not page.all("b")
    assert not page.all("script")


# Questionnaire items

ITEM = "fieldset_radios('q3', 'Ich helfe.', [('1', 'nein'), ('2', 'ja')], lang='de', dir='ltr', number=3, value={!r})"


def test_an_item_is_one_group_of_native_radios_with_skip_as_one_of_them():
    page = macro(ITEM.format("2"), locale="ar")

    radios = page.all("input", type="radio", name="q3")
    assert [radio["value"] for radio in radios] == ["1", "2", "skipped"]
    assert ["checked" in radio for radio in radios] == [False, True, False]
    assert len(page.all("fieldset")) == len(page.all("legend")) == 1


def test_an_item_carries_its_own_language_and_the_controls_that_of_the_page():
    page = macro(ITEM.format(""), locale="ar")

    assert page.all("legend")[0]["lang"] == "de"
    assert "lang" not in page.all("fieldset")[0]
    assert [div.get("lang") for div in page.all("div")] == ["de", None]


def test_a_skipped_item_shows_its_skip_and_clear_is_a_button_of_the_form():
    page = macro(ITEM.format("skipped"))

    assert "checked" in page.all("input", value="skipped")[0]
    assert page.all("button") == [{"class": "button button-quiet", "name": "clear", "value": "q3"}]
    assert page.text_of("button") == ["Clear the answer to question 3"]


def test_enter_in_a_form_presses_its_default_and_not_the_first_clear_button():
    page = Page(design_samples.render("samples/questionnaire.html"))

    first = page.all("button")[1]  # after sign-out
    assert (first["name"], first["value"], first["tabindex"]) == ("go", "next", "-1")


# Fields


REACH = [SelectChoice(value="mail", label="Mail"), SelectChoice(value="phone", label="Phone")]
LANGUAGES = [SelectChoice(value="en", label="English"), SelectChoice(value="de", label="Deutsch")]


class _Details(Form):
    mail = EmailField("E-mail address", [InputRequired()])
    note = TextAreaField("Note")
    reach = RadioField("How?", choices=REACH)
    language = SelectField("Language", choices=LANGUAGES)

    def validate_mail(self, field: StringField) -> None:
        if "@" not in field.data:
            raise ValidationError("Enter an address like name@example.org")


def test_a_field_from_wtforms_looks_like_the_same_field_from_plain_values():
    form = _Details(data={"mail": "amal@example.org", "reach": "phone", "language": "de", "note": "<b>"})
    plain = {
        "mail": "'mail', 'E-mail address', type='email', value='amal@example.org'",
        "note": "'note', 'Note', type='textarea', value='<b>', required=false",
        "reach": "'reach', 'How?', type='radio', value='phone', required=false, options=reach",
        "language": "'language', 'Language', type='select', value='de', required=false, options=languages",
    }
    reach, languages = ([(choice.value, choice.label) for choice in choices] for choices in (REACH, LANGUAGES))

    for name, arguments in plain.items():
        from_wtforms = macro(f"form_field(form.{name})", form=form)
        from_values = macro(f"field({arguments})", reach=reach, languages=languages)

        assert from_wtforms.elements == from_values.elements
        assert from_wtforms.texts == from_values.texts


def test_a_refused_field_keeps_what_was_typed_says_why_and_is_linked_from_the_summary():
    form = _Details(MultiDict({"mail": "amal at home", "reach": "mail", "language": "en"}))
    form.validate()

    field = macro("form_field(form.mail)", form=form)
    summary = macro("form_errors(form)", form=form)

    control = field.all("input")[0]
    assert control["value"] == "amal at home"
    assert control["aria-invalid"] == "true"
    assert control["aria-describedby"] == "mail-error"
    assert field.text_of("p") == ["Enter an address like name@example.org"]
    assert [link["href"] for link in summary.all("a")] == ["#mail"]


def test_a_form_without_faults_has_no_summary():
    assert not macro("error_summary([])").elements


def test_a_group_is_reached_by_its_bare_name():
    page = macro("field('reach', 'How?', type='radio', options=[('mail', 'Mail'), ('phone', 'Phone')])")

    assert [radio["id"] for radio in page.all("input")] == ["reach", "reach-2"]


# States


def test_states_are_told_apart_by_words_and_verdicts_also_by_shape():
    verdicts = ("released", "released_with_conditions", "held", "suspended", "insufficient")
    drawn = {kind: macro(f"tag('{kind}')") for kind in (*verdicts, "waiting", "draft", "done", "open", "attention")}

    words = {page.text_of("span")[0] for page in drawn.values()}
    shapes = {str([shape for shape in drawn[kind].elements if shape[0] in ("path", "circle")]) for kind in verdicts}

    assert len(words) == len(drawn)
    assert len(shapes) == len(verdicts)


def test_a_verdict_comes_first_then_why_then_the_evidence():
    page = draw("{% call macros.verdict('held', 'Held', ['Too unreliable.']) %}<p>Alpha 0.58</p>{% endcall %}")

    said = [text for tag, text in page.texts if tag in ("h2", "li", "p")]
    assert said == ["Held", "Why", "Too unreliable.", "Alpha 0.58"]
