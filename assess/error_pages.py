"""The pages that refusals and faults are shown as: what happened, and what to do next."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from assess import web
from assess.errors import AssessError, Conflict, InvalidInput, KeyDestroyed, NotFound

_ERROR_PAGES = {400, 404, 405, 413, 429, 500, 503}
_REFUSAL_PAGES = {NotFound: "404", Conflict: "409", KeyDestroyed: "410", InvalidInput: "422", AssessError: "refused"}


def register(app: Flask) -> None:
    """Show every refusal and fault as a page that says what to do next."""

    def refused(error: AssessError) -> tuple[str, int]:
        page = next(page for kind, page in _REFUSAL_PAGES.items() if isinstance(error, kind))
        return render_template(f"errors/{page}.html", message=str(error)), int(error.status)

    def spoken(error: HTTPException) -> tuple[str, int]:
        return _error_page(HTTPStatus(error.code or 500))

    def stale_form(__: CSRFError) -> tuple[str, int]:
        if not web.is_own_form():
            return _error_page(HTTPStatus.BAD_REQUEST)
        fields = [(name, value) for name, values in request.form.lists() for value in values if name != "csrf_token"]
        return render_template("errors/stale_form.html", fields=fields), HTTPStatus.BAD_REQUEST

    def broken(error: Exception) -> tuple[str, int]:
        app.logger.error("%s at %s", type(error).__name__, request.endpoint, exc_info=error)
        return _error_page(HTTPStatus.INTERNAL_SERVER_ERROR)

    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(AssessError, refused)
    app.register_error_handler(HTTPException, spoken)
    if not app.testing:
        app.register_error_handler(Exception, broken)


def _error_page(status: HTTPStatus) -> tuple[str, int]:
    page = status if status in _ERROR_PAGES else (400 if status < 500 else 500)
    return render_template(f"errors/{int(page)}.html"), int(status)
