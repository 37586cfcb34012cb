"""What answering costs the server: CPU per completed questionnaire, page weight, and the wait of 32 people at once.

Server CPU is user plus system time of this process while the application answers; building the requests is not counted.
The database is an encrypted file that is synchronised to disk at each commit, as in the product. A bare Flask
application is measured in turn with ours: on a busy machine both grow, and what counts is how often the one goes into
the other.
"""

from __future__ import annotations

import re
import resource
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from assess.app import create_app
from assess.paths import STATIC
from assess.people import service as people
from assess.people.views import SESSION_COOKIE
from assess.programmes.models import Programme
from assess.serving import settle
from assess.transactions import Installation
from tests.bench.bare import bare_app
from tests.bench.figures import Figure
from tests.factories import make_assignment, make_programme
from tests.servers import file_installation, serving

QUESTIONNAIRE = "mini-ipip"  # 20 items, 5 to a page
PAGES = 4
ROUNDS, WARM_UP = 40, 5
PEOPLE_AT_ONCE, TURNS = 32, 10


def figures() -> Iterator[Figure]:
    """Yield every figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        installation = file_installation(folder)
        app = create_app(installation)
        settle()
        yield from _cpu(installation, app, bare_app(folder))
        yield from _weight(installation, app)
        respondents = [_new_respondent(installation, app) for _ in range(PEOPLE_AT_ONCE)]
        for respondent in respondents:
            respondent.begin()
        installation.sessions.kw["bind"].dispose()
        yield from _waits(folder, respondents)


class Browser:
    """Sends requests to an application in this process and adds up what each kind of page costs."""

    def __init__(self, app: Flask, cookie: str = "") -> None:
        self._app = app
        self.cookie = cookie
        self.token = ""
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self.requests = 0

    def get(self, address: str, phase: str) -> str:
        """Read a page."""
        text = self._send(EnvironBuilder(path=address, headers={"Cookie": self.cookie}), phase)
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        self.token = token[1] if token else self.token
        return text

    def post(self, address: str, fields: dict[str, str], phase: str) -> None:
        """Send a form."""
        data = {**fields, "csrf_token": self.token}
        self._send(EnvironBuilder(path=address, method="POST", data=data, headers={"Cookie": self.cookie}), phase)

    def _send(self, builder: EnvironBuilder, phase: str) -> str:
        environment = builder.get_environ()
        before = resource.getrusage(resource.RUSAGE_SELF)
        body, status, headers = run_wsgi_app(self._app.wsgi_app, environment, buffered=True)
        content = b"".join(body)
        after = resource.getrusage(resource.RUSAGE_SELF)
        if int(status.split()[0]) >= 400:
            raise RuntimeError(f"{builder.path}: {status}")
        self.cpu[phase] += 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        self.requests += 1
        for cookie in headers.getlist("Set-Cookie"):
            kept = [part for part in self.cookie.split("; ") if part.partition("=")[0] != cookie.partition("=")[0]]
            self.cookie = "; ".join([*kept, cookie.partition(";")[0]])
        return content.decode()


class Respondent(Browser):
    """Someone who answers one questionnaire from beginning to end."""

    def __init__(self, app: Flask, cookie: str, assignment_id: str) -> None:
        super().__init__(app, cookie)
        self.address = f"/assignments/{assignment_id}"

    def begin(self) -> None:
        """Read what it is, and begin."""
        self.get(self.address, "begin")
        self.post(self.address, {"language": "en"}, "begin")

    def answer(self, *, script: bool) -> None:
        """Begin, answer five items a page, look it over, send; with the script each answer is also saved by itself."""
        self.begin()
        for number in range(1, PAGES + 1):
            page = self.get(f"{self.address}/pages/{number}", "pages")
            answers = dict.fromkeys(re.findall(r'name="(m\d\d@\d+)"', page), "3")
            for field in answers if script else ():
                self.post(f"{self.address}/answers", {field: "3"}, "pages")
            self.post(f"{self.address}/pages/{number}", {**answers, "go": "next"}, "pages")
        self.get(f"{self.address}/review", "send")
        self.post(f"{self.address}/submit", {}, "send")


def _cpu(installation: Installation, app: Flask, bare: Flask) -> Iterator[Figure]:
    by_page, by_answer, baseline = [], [], []
    for _ in range(ROUNDS + WARM_UP):
        for kept, script in ((by_page, False), (by_answer, True)):
            respondent = _new_respondent(installation, app)
            respondent.answer(script=script)
            kept.append(respondent)
        browser = Browser(bare)
        for number in range(1, PAGES + 1):
            browser.get(f"/pages/{number}", "pages")
            browser.post(f"/pages/{number}", {f"m{item:02d}": "3" for item in range(5)}, "pages")
        baseline.append(browser)
    cost = _typical(by_page)
    pages, least = cost["pages"], _typical(baseline)["pages"]
    yield Figure("server CPU per completed 20-item questionnaire", sum(cost.values()), "ms", 15)
    yield Figure("  of that, reading what it is and beginning", cost["begin"], "ms")
    yield Figure("  of that, the four pages, shown and saved", pages, "ms")
    yield Figure("  of that, looking it over and sending, scoring included", cost["send"], "ms")
    yield Figure("  requests in that", by_page[-1].requests, "")
    yield Figure("a bare Flask application, four pages and INSERTs", least, "ms")
    yield Figure("the four pages, as many times the bare application's", pages / least, "×")
    yield Figure("the same with the script, each answer saved by itself", sum(_typical(by_answer).values()), "ms")
    yield Figure("  requests in that", by_answer[-1].requests, "")


def _typical(browsers: list[Respondent] | list[Browser]) -> dict[str, float]:
    """Return the median cost of each phase, warm-up left out."""
    measured = browsers[WARM_UP:]
    return {phase: statistics.median(browser.cpu[phase] for browser in measured) for phase in measured[0].cpu}


def _weight(installation: Installation, app: Flask) -> Iterator[Figure]:
    respondent = _new_respondent(installation, app)
    respondent.begin()
    page = respondent.get(f"{respondent.address}/pages/1", "pages")
    loaded = re.findall(r'(?:href|src)="/static/([^"?]+)', page)
    weight = len(page.encode()) + sum((STATIC / file).stat().st_size for file in loaded)
    yield Figure("respondent page with everything it loads, uncompressed", weight / 1000, "KB", 60)
    yield Figure("requests of a respondent page, first visit", 1 + len(loaded), "", 3)


def _waits(folder: Path, respondents: list[Respondent]) -> Iterator[Figure]:
    """Let 32 people save pages over HTTP at the same time, without a pause for thought."""
    waits: list[float] = []
    with serving(folder) as (_process, port):
        threads = [threading.Thread(target=_save_pages, args=(port, person, waits)) for person in respondents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    waits.sort()
    yield Figure(f"page save of {PEOPLE_AT_ONCE} people at once, median", waits[len(waits) // 2] * 1000, "ms")
    yield Figure(f"page save of {PEOPLE_AT_ONCE} people at once, p95", waits[int(len(waits) * 0.95)] * 1000, "ms", 120)


def _save_pages(port: int, person: Respondent, waits: list[float]) -> None:
    """Save all four pages again and again with changing answers, measuring each save."""
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": person.cookie, "Content-Type": "application/x-www-form-urlencoded"}
    for turn in range(TURNS):
        for number in range(1, PAGES + 1):
            answers = {f"m{5 * number + place:02d}@{turn}": str(1 + turn % 5) for place in range(-4, 1)}
            body = urlencode({**answers, "go": "next", "csrf_token": person.token})
            begun = time.perf_counter()
            connection.request("POST", f"{person.address}/pages/{number}", body, headers)
            reply = connection.getresponse()
            reply.read()
            waits.append(time.perf_counter() - begun)
            if reply.status != 303:
                raise RuntimeError(f"page {number}: {reply.status}")
    connection.close()


def _new_respondent(installation: Installation, app: Flask) -> Respondent:
    with installation.transaction() as tx:
        programme = tx.db.scalar(select(Programme)) or make_programme(tx, battery=[QUESTIONNAIRE])
        assignment = make_assignment(tx, QUESTIONNAIRE, programme=programme)
        token = people.open_session(tx, assignment.engagement.client_id)
    return Respondent(app, f"{SESSION_COOKIE}={token}", assignment.id)
