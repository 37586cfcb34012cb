"""The audit as JSON: every figure at full precision, with what is needed to make it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from psychometrics.report.study import ScaleStudy, Study


def report(study: Study) -> str:
    """Return the study as JSON; what is not known is null."""
    content = {
        "data": {"file": study.file, "sha256": study.sha256, "n_rows": study.n_rows},
        "made": {"date": study.date, "seed": study.seed, "versions": dict(study.versions)},
        "groupings": list(study.groupings),
        "notes": list(study.notes),
        "scales": [_scale(scale) for scale in study.scales],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _scale(study: ScaleStudy) -> dict[str, Any]:
    scale = asdict(study.scale) | {"wording": dict(study.scale.wording)}
    verdicts = [asdict(verdict) | {"level": verdict.level.name.lower()} for verdict in study.verdicts]
    scores = {key: _known(value) for key, value in asdict(study.scores).items()}
    return {
        "scale": scale,
        "n_complete": study.n_complete,
        "n_without_answer": study.n_without_answer,
        "share_missing": _known(study.share_missing),
        "verdicts": verdicts,
        "scores": scores,
        "audit": study.audit.as_dict(),
    }


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value
