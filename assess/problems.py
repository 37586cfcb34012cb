"""Why long work stopped: kept as a code with its figures, worded in the language of whoever reads it."""

from __future__ import annotations

import json

from assess.errors import AssessError
from assess.i18n import lazy_gettext

_WORDS = {
    "inside": lazy_gettext("Something went wrong inside assess (%(error)s). The log of the worker says where."),
    "worker_stopped": lazy_gettext(
        "The work was started three times and each time its worker stopped. See the log of the worker."
    ),
    "nothing_to_audit": lazy_gettext(
        "There is nothing to audit: every scale has one item only, or nobody answered any of its items."
    ),
    "too_few_agreed": lazy_gettext(
        "Fewer than %(n)s people agreed to this so far, and figures of so few tell who they are."
    ),
    "cannot_audit": lazy_gettext("The answers to %(scale)s cannot be audited (%(why)s)."),
}
CODES = tuple(_WORDS)
_MARK = "code:"


def coded(code: str, **figures: str | int) -> str:
    """Return a problem as it is kept."""
    return _MARK + json.dumps([code, figures], ensure_ascii=False)


def told(problem: str) -> str:
    """Return a kept problem in the language being spoken; what was kept as a sentence stays as it is."""
    if not problem.startswith(_MARK):
        return problem
    code, figures = json.loads(problem.removeprefix(_MARK))
    return str(_WORDS[code] % figures)


class WorkStopped(AssessError):
    """Work that cannot be done, and a code of why."""

    def __init__(self, code: str, **figures: str | int) -> None:
        self.kept = coded(code, **figures)
        super().__init__(told(self.kept))
