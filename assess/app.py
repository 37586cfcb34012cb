"""The factory: the one place that knows every part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from itertools import chain
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_wtf import CSRFProtect
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from assess import access, error_pages, i18n, web
from assess.administration import service as administrations
from assess.analysis import service as audits
from assess.analysis import sets as response_sets
from assess.consent import service as consent
from assess.consent.texts import consent_texts
from assess.db import declare_tables
from assess.errors import NotFound
from assess.fragments import fragment
from assess.i18n import lazy_gettext as _
from assess.paths import STATIC, TEMPLATES
from assess.people import service as people
from assess.people.models import Role
from assess.people.views import SESSION_COOKIE
from assess.programmes import rules
from assess.programmes import service as programmes
from assess.release import service as release
from assess.release import verdicts
from assess.reports import charts
from assess.responses import service as responses
from assess.safeguarding import service as safeguarding
from assess.scoring import service as scoring
from assess.transactions import Installation

declare_tables()

LANGUAGE_COOKIE = "assess_language"

# What an id in a route belongs to.
RESOLVERS: Mapping[str, access.Resolver] = {
    "administration_id": administrations.about_administration,
    "programme_id": programmes.about_programme,
    "engagement_id": programmes.about_engagement,
    "assignment_id": programmes.about_assignment,
    "concern_id": safeguarding.about_concern,
    "file_id": response_sets.about_file,
    "record_id": consent.about_record,
    "run_id": audits.about_run,
    "verdict_id": verdicts.about_verdict,
}

# What concepts further right add to what happens further left.
HOOKS = web.Hooks(
    on_submit=(
        responses.deidentify,
        partial(scoring.score_administration, reliabilities=release.reliabilities_in_force),
    ),
    on_scope_withdrawn=(responses.forget_deidentified,),
    on_background_changed=(responses.update_groups,),
)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def create_app(installation: Installation) -> Flask:
    """Return the web application of an installation.

    A consent text with a fault, an edited instrument in use or a route missing from the access table stops it.
    """
    consent_texts(installation.settings.data)
    with installation.transaction() as tx:
        administrations.check_instruments_in_use(tx)
    app = Flask("assess", template_folder=str(TEMPLATES), static_folder=str(STATIC), static_url_path="/static")
    app.config.update(
        SECRET_KEY=installation.vault.installation_key("cookies"),
        SESSION_COOKIE_NAME="assess_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=installation.settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,  # a client may take a day over a page; the token lives as long as the browser session
        WTF_I18N_ENABLED=False,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
    )
    app.extensions["assess"] = installation
    app.extensions["assess_sheets"] = {}
    app.extensions["assess_hooks"] = HOOKS
    app.before_request(_speak)
    app.before_request(_refuse_zero_bytes)
    app.before_request(_check_access)
    CSRFProtect(app)
    app.after_request(_add_headers)
    app.teardown_request(web.close_request_session)
    _register_pages(app)
    _register_words(app)
    error_pages.register(app)
    access.check_table(app)
    return app


def _register_pages(app: Flask) -> None:
    """Add the pages of every concept."""
    from assess.administration.views import pages as administration_pages
    from assess.analysis.views import pages as analysis_pages
    from assess.consent.views import pages as consent_pages
    from assess.people.views import pages as people_pages
    from assess.privacy.views import pages as privacy_pages
    from assess.programmes.views import pages as programme_pages
    from assess.release.views import pages as release_pages
    from assess.reports.views import pages as report_pages
    from assess.responses.views import pages as response_pages
    from assess.safeguarding.views import pages as safeguarding_pages

    for pages in (
        administration_pages,
        analysis_pages,
        consent_pages,
        people_pages,
        privacy_pages,
        programme_pages,
        release_pages,
        report_pages,
        response_pages,
        safeguarding_pages,
    ):
        app.register_blueprint(pages)


def _register_words(app: Flask) -> None:
    """Give templates their language, numbers, dates and furniture."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]
    app.jinja_env.globals.update(_=i18n.page_text, gettext=i18n.page_text, ngettext=i18n.page_text_for)
    app.jinja_env.filters.update(i18n.FILTERS)
    app.jinja_env.globals.update(geometry=charts, fragment=fragment)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_page_words)


def _page_words() -> dict[str, Any]:
    """Return what every template may use."""
    visitor = web.visitor()
    return {
        "locale": i18n.current_locale(),
        "direction": i18n.text_direction(i18n.current_locale()),
        "text_direction": i18n.text_direction,
        "interface_languages": i18n.interface_languages(),
        "current_person": visitor,
        "navigation": _navigation(visitor.roles, request.endpoint, i18n.current_locale()) if visitor else (),
        "static": _static_address,
        "simulated": bool(visitor and visitor.simulated),
        "help_contact": web.installation().settings.help_contact,
    }


_NAVIGATION = {
    Role.CLIENT: (("reports.client_home", _("Start")), ("privacy.my_data", _("My data"))),
    Role.COACH: (("reports.coach_clients", _("Clients")), ("safeguarding.questions", _("Questions"))),
    Role.LEAD: (("programmes.overview", _("Programmes")), ("safeguarding.questions", _("Questions"))),
    Role.ADMINISTRATOR: (("people.accounts", _("People")), ("people.installation", _("Installation"))),
}


@cache
def _navigation(roles: frozenset[Role], shown: str | None, _locale: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the main links of a person's roles: label, address, whether it is the page shown."""
    links = {endpoint: label for role, entries in _NAVIGATION.items() if role in roles for endpoint, label in entries}
    return tuple((str(label), url_for(endpoint), endpoint == shown) for endpoint, label in links.items())


@cache
def _static_version(filename: str) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


@cache
def _static_address(filename: str) -> str:
    """Return the address of a static file that changes with its content, so that browsers may keep it."""
    return url_for("static", filename=filename, v=_static_version(filename))


def _speak() -> None:
    """Choose the language: what was picked here, else the account's, else what the browser asks for."""
    spoken = {code for code, __ in i18n.interface_languages()}
    picked = request.args.get("language") if request.method == "GET" else None
    g.language = picked if picked in spoken else None
    chosen = g.language or request.cookies.get(LANGUAGE_COOKIE)
    i18n.set_locale(chosen if chosen in spoken else i18n.best_language(list(request.accept_languages.values())))


def _refuse_zero_bytes() -> None:
    """Refuse the one character that no text of ours holds and PostgreSQL cannot store."""
    sent = [request.path]
    for name, value in chain(request.args.items(multi=True), request.form.items(multi=True)):
        sent += name, value
    sent += (upload.filename or "" for upload in request.files.values())
    if any("\0" in text for text in sent):
        raise BadRequest


def _check_access() -> BaseResponse | tuple[str, int] | None:
    """Let a request through only where the access table says so."""
    if request.endpoint == "static":
        return None  # style and script are anyone's
    installation, db = web.installation(), web.request_session()
    now = installation.clock()
    g.visitor = people.visitor_of(db, installation.vault, request.cookies.get(SESSION_COOKIE), now=now)
    if g.visitor and LANGUAGE_COOKIE not in request.cookies and not g.language:
        i18n.set_locale(g.visitor.locale)
    method = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method
    rule = access.TABLE[request.endpoint].get(method) if request.endpoint else None
    if rule is None:
        return None  # no such route, or not by this method: the error page, the same for everyone
    if access.Relation.ANYONE in rule:
        return None
    if g.visitor is None:
        return _ask_to_sign_in()
    about = g.about = access.resolve(db, request.view_args or {}, RESOLVERS)  # held, or the view had to read it again
    if about is None:
        raise NotFound
    held = access.relations(
        g.visitor,
        about,
        leads=lambda person, programme: programmes.leads(db, person, programme),
        open_to_coach=lambda engagement: rules.is_open_to_coach(engagement, now.date()),
        over=lambda engagement: rules.is_over(engagement, now.date()),
    )
    if rule.isdisjoint(held):
        raise NotFound
    return None


def _ask_to_sign_in() -> BaseResponse | tuple[str, int]:
    """Send a reader to the sign-in page; keep what a form held, so that nothing typed is lost."""
    if request.method == "GET":
        return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")), HTTPStatus.SEE_OTHER)
    if not web.is_own_form():
        return redirect(url_for("people.sign_in"), HTTPStatus.SEE_OTHER)
    fields = [(name, value) for name, values in request.form.lists() for value in values]
    return render_template("errors/signed_out.html", fields=fields), HTTPStatus.UNAUTHORIZED


def _add_headers(response: Response) -> Response:
    response.headers.extend(_HEADERS)
    if g.get("language"):
        secure = web.installation().settings.secure_cookies
        response.set_cookie(LANGUAGE_COOKIE, g.language, max_age=31536000, httponly=True, samesite="Lax", secure=secure)
    if request.endpoint == "static" and response.status_code < HTTPStatus.BAD_REQUEST:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
