"""The worker's part of the gate: an audit whose evidence is decided on at once, and scores made anew."""

from __future__ import annotations

from assess.analysis import work as analysis
from assess.jobs import Work
from assess.release.service import on_evidence, reliabilities_in_force
from assess.scoring.service import rescore
from assess.transactions import Installation


def audit(installation: Installation, work: Work) -> None:
    """Audit an instrument; the verdicts that follow are stored with the evidence."""
    analysis.audit(installation, work, on_evidence=on_evidence)


def score_anew(installation: Installation, work: Work) -> None:
    """Score the submitted sittings of an instrument version with the evidence now in force."""
    with installation.transaction() as tx:
        rescore(
            tx,
            work.payload["instrument"],
            work.payload["version"],
            reliabilities_in_force,
            programme_id=work.payload["programme"],
        )
