"""The least a questionnaire can cost here: a bare Flask application, the same four pages, one INSERT per page."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

_PAGE = """<form method="post">{% for item in items %}<fieldset><legend>{{ item }}</legend>{% for code in range(1, 6) %}
<label><input type="radio" name="{{ item }}" value="{{ code }}">{{ code }}</label>{% endfor %}</fieldset>{% endfor %}
<button>Go on</button></form>"""


def bare_app(folder: Path) -> Flask:
    """Return the application; nobody signs in, nothing is checked, sealed or recorded."""
    app = Flask("bare")
    template = app.jinja_env.from_string(_PAGE)
    database = sqlite3.connect(folder / "bare.db", check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE response (item, answer)")

    @app.get("/pages/<int:number>")
    def page(number: int) -> str:
        return template.render(items=[f"m{5 * number + place:02d}" for place in range(-4, 1)])

    @app.post("/pages/<int:number>")
    def save(number: int) -> Response:
        with database:
            database.executemany("INSERT INTO response VALUES (?, ?)", list(request.form.items()))
        return redirect(f"/pages/{number + 1}", 303)

    return app
