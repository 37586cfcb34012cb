"""A form is taken only with the token that this browser was shown."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def browsers(app):
    """Two browsers that are shown the sign-in form, each with its token."""
    app.config["WTF_CSRF_ENABLED"] = True
    shown = []
    for _ in range(2):
        client = app.test_client()
        shown.append((client, re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)[0]))
    return shown


def _sent(client, token, **more):
    return client.post("/sign-in", data={"mail": "nobody@example.org", "csrf_token": token}, **more).status_code


def test_the_token_of_this_browser_is_taken_again_and_again(browsers):
    (client, token), _other = browsers

    assert [_sent(client, token), _sent(client, token)] == [200, 200]


def test_the_script_sends_the_token_as_a_header(browsers):
    (client, token), _other = browsers

    assert _sent(client, "", headers={"X-CSRFToken": token}) == 200


@pytest.mark.parametrize("forged", ["", "x", "é", "\u2028"])
def test_no_token_or_a_made_up_one_is_refused(browsers, forged):
    (client, _token), _other = browsers

    assert _sent(client, forged) == 400


def test_the_token_of_another_browser_is_refused(app, browsers):
    (client, _token), (_other, others_token) = browsers

    assert _sent(client, others_token) == 400
    assert _sent(app.test_client(), others_token) == 400


def test_the_secret_is_kept_from_scripts_and_other_sites(app):
    cookies = app.test_client().get("/sign-in").headers.getlist("Set-Cookie")

    secret = next(cookie for cookie in cookies if cookie.startswith("assess_form="))
    assert "HttpOnly" in secret
    assert "SameSite=Lax" in secret
