"""People who answer over HTTP, a server that is killed, and the account of what should be there."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from assess.administration import service as administrations
from assess.people import service as people
from assess.people.views import SESSION_COOKIE
from assess.responses import service as responses
from assess.transactions import Installation
from tests.factories import make_programme, make_sitting
from tests.servers import file_installation, serving

PEOPLE_AT_ONCE = 3
CODES = ("1", "2", "3", "4", "5", "skipped")


@dataclass
class Outcome:
    """What came of all tries."""

    tries: int = 0
    acknowledged: int = 0
    repeated: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0


@dataclass
class Person:
    """Someone who answers, and the account of every answer the server has acknowledged to them, in order."""

    assignment_id: str
    cookie: str
    chance: random.Random
    given: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sent: tuple[str, dict[str, str]] | None = None
    token: str = ""

    def answer_until_cut_off(self, port: int) -> None:
        """Answer one question or one page after another until the server is gone."""
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
                self.read(connection, 1)
                while True:
                    self.send(connection, *self._next())
        except (OSError, HTTPException):
            return

    def send(self, connection: HTTPConnection, address: str, answers: dict[str, str]) -> None:
        """Send answers, each upon the revision last acknowledged; enter them once the server says they are saved."""
        self.sent = address, answers
        fields = {f"{item}@{len(self.given[item])}": value for item, value in answers.items()}
        body = urlencode({**fields, "go": "next", "csrf_token": self.token})
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"/assignments/{self.assignment_id}/{address}", body, headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status not in {200, 303}:
            raise RuntimeError(f"{address}: {reply.status} {text[:200]!r}")
        for item, value in answers.items():
            self.given[item].append(value)
        self.sent = None

    def read(self, connection: HTTPConnection, page: int) -> dict[str, str]:
        """Return what a page shows as chosen, by item."""
        connection.request("GET", f"/assignments/{self.assignment_id}/pages/{page}", headers={"Cookie": self.cookie})
        reply = connection.getresponse()
        text = reply.read().decode()
        for cookie in reply.headers.get_all("Set-Cookie") or ():
            self.cookie = f"{self.cookie.partition(';')[0]}; {cookie.partition(';')[0]}"
        self.token = re.findall(r'name="csrf_token" value="([^"]+)"', text)[-1]
        return dict(re.findall(r'name="(m\d\d)@\d+" value="(\w+)" checked', text))

    def _next(self) -> tuple[str, dict[str, str]]:
        page = self.chance.randint(1, 4)
        items = [f"m{5 * (page - 1) + place:02d}" for place in range(1, 6)]
        if self.chance.random() < 0.5:
            items = [self.chance.choice(items)]
        answers = {item: self._another(item) for item in items}
        return (f"pages/{page}", answers) if len(items) > 1 else ("answers", answers)

    def _another(self, item: str) -> str:
        """Return an answer that differs from the one before, so that each acknowledgement stands for one row."""
        before = self.given[item][-1:] or [""]
        return self.chance.choice([code for code in CODES if code != before[0]])


def run(folder: Path, *, tries: int, database: str | None = None, seed: int = 1) -> Outcome:
    """Let people answer, kill the server at a random moment, start it again and compare, so many times."""
    chance = random.Random(seed)
    installation = file_installation(folder, database)
    everyone = [_new_people(installation, chance) for _ in range(tries)]
    installation.sessions.kw["bind"].dispose()
    outcome = Outcome()
    before: Sequence[Person] = ()
    for group in [*everyone, ()]:
        with serving(folder, database) as (process, port):
            for person in before:
                _come_back(person, port, outcome)
            threads = [threading.Thread(target=person.answer_until_cut_off, args=(port,)) for person in group]
            for thread in threads:
                thread.start()
            if group:
                time.sleep(chance.uniform(0.02, 0.5))
            process.kill()
            for thread in threads:
                thread.join()
        before = group
        outcome.tries += bool(group)
    _compare_rows(file_installation(folder, database), [person for group in everyone for person in group], outcome)
    return outcome


def _new_people(installation: Installation, chance: random.Random) -> list[Person]:
    group = []
    with installation.transaction() as tx:
        programme = make_programme(tx, battery=["mini-ipip"], waves=["baseline"])
        for _ in range(PEOPLE_AT_ONCE):
            sitting = make_sitting(tx, programme=programme)
            cookie = f"{SESSION_COOKIE}={people.open_session(tx, sitting.person_id)}"
            group.append(Person(sitting.assignment_id, cookie, random.Random(chance.random())))
    return group


def _come_back(person: Person, port: int, outcome: Outcome) -> None:
    """Look what the pages show after the crash, and send again what was never acknowledged, as a browser would."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        shown: dict[str, str] = {}
        for page in range(1, 5):
            shown |= person.read(connection, page)
        unsure = person.sent[1] if person.sent else {}
        outcome.lost += sum(
            shown.get(item) != row[-1] for item, row in person.given.items() if row and item not in unsure
        )
        kept = [item for item, value in unsure.items() if shown.get(item) == value]
        outcome.torn += len(kept) not in {0, len(unsure)}
        if person.sent:
            person.send(connection, *person.sent)
            outcome.repeated += len(unsure)


def _compare_rows(installation: Installation, everyone: Sequence[Person], outcome: Outcome) -> None:
    """Compare every stored revision with the account."""
    with installation.transaction() as tx:
        for person in everyone:
            sitting = administrations.administration_of(tx, person.assignment_id)
            assert sitting is not None
            stored = {item: [str(answer) for answer in row] for item, row in responses.histories(tx, sitting).items()}
            for item, values in person.given.items():
                outcome.acknowledged += len(values)
                row = stored.get(item, [])
                outcome.lost += len(row) < len(values) or row[: len(values)] != values
                outcome.doubled += len(row) > len(values)
    installation.sessions.kw["bind"].dispose()
