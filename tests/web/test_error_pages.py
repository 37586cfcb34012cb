"""What a refusal or a fault looks like, through HTTP."""

from __future__ import annotations

from io import BytesIO

import pytest

from assess.errors import AssessError, Conflict, InvalidInput, KeyDestroyed, Refused

NEWER = "saved something newer"


@pytest.fixture
def raising(app, monkeypatch):
    """Let the help page raise an error and return the reply."""

    def reply(error):
        def fail():
            raise error

        monkeypatch.setitem(app.view_functions, "people.help", fail)
        return app.test_client().get("/help")

    return reply


@pytest.mark.parametrize("address", ["/open/a%00b", "/help?next=%00", "/help?%00=x", "/consent/%00"])
def test_a_zero_byte_in_an_address_is_refused_before_the_database_sees_it(client, address):
    reply = client.get(address)

    assert reply.status_code == 400
    assert "This form could not be read" in reply.text


@pytest.mark.parametrize(
    "fields", [{"mail": "a\0@example.org"}, {"a\0": "x"}, {"mail": "x", "file": (BytesIO(b"x"), "a\0.csv")}]
)
def test_a_zero_byte_in_a_form_is_refused_before_the_database_sees_it(client, fields):
    assert client.post("/sign-in", data=fields).status_code == 400


def test_a_zero_byte_inside_an_uploaded_file_is_left_to_what_reads_the_file(client):
    upload = {"mail": "a@example.org", "file": (BytesIO(b"\0"), "a.gz")}

    assert client.post("/sign-in", data=upload).status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("Only so much."), 409),
        (AssessError("Only so much."), 400),
        (InvalidInput({"x": "Only so much."}), 422),
        (KeyDestroyed("Only so much."), 410),
    ],
)
def test_a_refusal_says_its_own_reason_and_blames_no_other_tab(raising, error, status):
    reply = raising(error)

    assert reply.status_code == status
    assert "Only so much." in reply.text
    assert "What you can do" in reply.text
    assert NEWER not in reply.text
    assert "could not be read" not in reply.text


def test_a_conflict_says_that_something_newer_was_saved(raising):
    reply = raising(Conflict("Look again."))

    assert reply.status_code == 409
    assert NEWER in reply.text
    assert "Look again." in reply.text


def test_only_a_style_or_script_that_exists_is_kept_by_browsers(client):
    with client.get("/static/assess.css") as found:
        assert "immutable" in found.headers["Cache-Control"]

    missing = client.get("/static/missing.css")

    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"
