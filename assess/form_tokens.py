"""Forms that another site filled in are refused: each form of ours carries a token that only this browser is shown.

The browser keeps a secret in a cookie that no script and no other site can read; the token is its keyed digest.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from flask import Flask, Response, current_app, g, request

from assess.errors import AssessError

_COOKIE, _FIELD, _HEADER = "assess_form", "csrf_token", "X-CSRFToken"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class StaleForm(AssessError):
    """The form does not carry the token of this browser: it is too old, or not ours."""


def token() -> str:
    """Return the token of the forms on this page; a browser without a secret is given one with the reply."""
    if "form_token" not in g:
        secret = request.cookies.get(_COOKIE) or secrets.token_urlsafe(24)
        g.form_secret, g.form_token = secret, _token_of(secret)
    return str(g.form_token)


def protect(app: Flask) -> None:
    """Check every form that is sent, and give every browser that is shown a form its secret."""
    app.before_request(_check)
    app.after_request(_hand_out)
    app.jinja_env.globals["csrf_token"] = token


def _check() -> None:
    if request.method in _READING or not current_app.config.get("CHECK_FORM_TOKENS", True):
        return
    secret, given = request.cookies.get(_COOKIE), request.form.get(_FIELD) or request.headers.get(_HEADER) or ""
    if not secret or not hmac.compare_digest(_token_of(secret).encode(), given.encode()):
        raise StaleForm


def _hand_out(response: Response) -> Response:
    if "form_secret" in g and _COOKIE not in request.cookies:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(_COOKIE, g.form_secret, httponly=True, samesite="Lax", secure=secure)
    return response


def _token_of(secret: str) -> str:
    key = current_app.config["SECRET_KEY"]
    return base64.urlsafe_b64encode(hmac.digest(key, b"form\x1f" + secret.encode(), "sha256")).decode()
