"""The policy: read from its file, changed by a programme with a reason, told apart by version and content."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from assess.errors import AssessError, InvalidInput
from assess.i18n import gettext as _
from assess.release.models import PolicyVersion
from assess.release.rules import Policy
from assess.transactions import Transaction

_FILE = Path(__file__).with_name("policy.toml")
_COUNTS = ("local_people", "norm_people", "group_people", "group_people_with_condition", "signatures")
# Raising these asks for more evidence; raising the others asks for less.
_STRICTER_WHEN_HIGHER = frozenset({"reliability_released", "reliability_with_condition", *_COUNTS})
_NOT_BELOW = {
    "reliability_released": "reliability_with_condition",
    "impact_with_condition": "impact_released",
    "group_people": "group_people_with_condition",
}
THRESHOLDS = tuple(field.name for field in fields(Policy) if field.name != "version")


@cache
def default_policy() -> Policy:
    """Return the policy that a programme starts with."""
    with _FILE.open("rb") as stream:
        return policy_of(tomllib.load(stream))


def policy_of(values: Mapping[str, Any]) -> Policy:
    """Return the policy of these values; every unusable one is named."""
    unknown = set(values) - set(THRESHOLDS) - {"version"}
    missing = (set(THRESHOLDS) | {"version"}) - set(values)
    if unknown or missing:
        raise AssessError(f"policy: missing {sorted(missing)}, unknown {sorted(unknown)}")
    policy = Policy(**{**values, "version": str(values["version"])})
    faults = faults_of(policy)
    if faults:
        raise InvalidInput(faults)
    return policy


def faults_of(policy: Policy) -> dict[str, str]:
    """Return what is wrong with a policy, by threshold."""
    faults = {}
    for name in THRESHOLDS:
        value = getattr(policy, name)
        if name in _COUNTS and not (isinstance(value, int) and 1 <= value <= 1_000_000):
            faults[name] = _("Please give a whole number from 1.")
        elif name not in _COUNTS and not 0 < value < 1:
            faults[name] = _("Please give a number between 0 and 1.")
    for name, lower in _NOT_BELOW.items():
        if not faults and getattr(policy, name) < getattr(policy, lower):
            faults[name] = _("Please give at least what stands under a condition.")
    if policy.signatures > 2:
        faults["signatures"] = _("Please give 1 or 2.")
    return faults


def loosened(before: Policy, after: Policy) -> tuple[str, ...]:
    """Return the thresholds by which `after` asks for less evidence than `before`."""
    return tuple(
        name
        for name in THRESHOLDS
        if (getattr(after, name) < getattr(before, name)) == (name in _STRICTER_WHEN_HIGHER)
        and getattr(after, name) != getattr(before, name)
    )


def with_thresholds(policy: Policy, values: Mapping[str, Any], *, version: str) -> Policy:
    """Return the policy with some thresholds changed."""
    return replace(policy, version=version, **values)


def thresholds_of(policy: Policy) -> dict[str, float]:
    """Return the thresholds by name."""
    return {name: value for name, value in asdict(policy).items() if name != "version"}


def is_count(name: str) -> bool:
    """Whether a threshold counts people or signatures."""
    return name in _COUNTS


def policy_in_force(tx: Transaction, programme_id: str) -> Policy:
    """Return the programme's policy: its newest own thresholds, else the default ones."""
    own = next(iter(policy_history(tx, programme_id)), None)
    default = default_policy()
    if own is None:
        return default
    return with_thresholds(default, own.thresholds, version=f"{default.version}.{own.number}")


def policy_history(tx: Transaction, programme_id: str) -> tuple[PolicyVersion, ...]:
    """Return the programme's own policies, newest first."""
    return tuple(tx.db.scalars(_OWN, {"programme": programme_id}))


# Made once, since every questionnaire that is sent asks it.
_OWN = (
    select(PolicyVersion)
    .where(PolicyVersion.programme_id == bindparam("programme"))
    .order_by(PolicyVersion.number.desc())
)


def keep_policy(tx: Transaction, programme_id: str, thresholds: Mapping[str, float], *, reason: str) -> PolicyVersion:
    """Keep other thresholds for a programme; looser ones need a reason."""
    before = policy_in_force(tx, programme_id)
    after = with_thresholds(before, thresholds, version=before.version)
    faults = faults_of(after)
    if not faults and after == before:
        faults["reason"] = _("Nothing was changed.")
    if not faults and loosened(before, after) and not reason.strip():
        faults["reason"] = _("This asks for less evidence than before. Please say why.")
    if faults:
        raise InvalidInput(faults)
    history = policy_history(tx, programme_id)
    row = PolicyVersion(
        programme_id=programme_id,
        number=history[0].number + 1 if history else 1,
        default_version=before.version.partition(".")[0],
        thresholds=thresholds_of(after),
        reason=reason.strip(),
        made_by=tx.actor,
        made_at=tx.now,
    )
    tx.db.add(row)
    tx.db.flush()
    return row
