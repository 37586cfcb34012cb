"""The long work of the worker: which function does which kind of job, and what is done every day."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from assess.analysis import work as analysis
from assess.jobs import Handler, enqueue_daily
from assess.people import mail
from assess.privacy import retention
from assess.release import work as release
from assess.transactions import Installation


def handlers(installation: Installation) -> Mapping[str, Handler]:
    """Return what is done for each kind of job."""
    work = {
        "audit": release.audit,
        "import": analysis.import_file,
        "mail": mail.deliver,
        "purge": retention.perform,
        "rescore": release.score_anew,
    }
    return {kind: partial(perform, installation) for kind, perform in work.items()}


def plan(installation: Installation) -> None:
    """Ask for what is done every day by itself; the job rows remember when that was, so a restart changes nothing."""
    with installation.transaction() as tx:
        enqueue_daily(tx.db, "purge", now=tx.now)
