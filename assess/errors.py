"""The root error of the package, and which HTTP status each kind of refusal has."""

from http import HTTPStatus


class AssessError(Exception):
    """Something a person can be told plainly; the message says what, where and how to mend it."""

    status = HTTPStatus.BAD_REQUEST


class NotFound(AssessError):
    """It does not exist, or this person may not know that it does: the reply is the same."""

    status = HTTPStatus.NOT_FOUND


class Conflict(AssessError):
    """The thing changed in the meantime, or is closed: nothing was overwritten."""

    status = HTTPStatus.CONFLICT


class Refused(AssessError):
    """A rule of the product says no, and says why."""

    status = HTTPStatus.CONFLICT


class InvalidInput(AssessError):
    """What was entered cannot be used; each fault names its field."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


class UnknownInstrument(NotFound):
    """No instrument of that id and version is installed."""


class KeyDestroyed(AssessError):
    """The key of this person was destroyed at their wish; what it sealed cannot be read any more."""

    status = HTTPStatus.GONE


class SettingsFault(AssessError):
    """The installation is set up in a way that cannot work; all faults are listed together."""
