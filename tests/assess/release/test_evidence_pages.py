"""The words of the page of an audit."""

from __future__ import annotations

from assess.analysis.evidence import FORMAT
from assess.analysis.models import AuditRun
from assess.i18n import speaking
from assess.release import commands
from assess.release.evidence_pages import scales_left_out, stage_words


def test_a_stage_is_told_in_the_language_of_the_reader(installation):
    phq8 = installation.catalogue.latest("phq-8")

    with speaking("fr"):
        words = [stage_words(phq8, stage) for stage in ("total: reliability", "total: language: en - de", "")]

    assert [text.partition(": ")[2] for text in words] == ["fidélité", "Langue, anglais – allemand", ""]


def test_scales_an_audit_could_not_look_at_are_named_with_the_reason(installation):
    phq8 = installation.catalogue.latest("phq-8")
    run = AuditRun(evidence={"format": FORMAT, "left_out": {"total": "nobody_answered"}})

    (entry,) = scales_left_out(run, phq8)

    assert entry[1] == "nobody_answered"
    with speaking("fr"):
        assert str(commands.gate_words().left_out(entry[1])).strip() == "Personne n’a répondu à ses items."
