"""How answers become a score: keying, missing rule, standard error, interval, band, trace, and change between waves."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from assess.instruments.rules import Band, Instrument, KeyedItem, MissingRule, Scale
from psychometrics.change import standard_error_of_measurement

SCORING_VERSION = "1"
CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
# Published bounds of bands on mean scores are rounded to two digits: 2.67 stands for 8/3.
_ROUNDING_OF_MEAN_BANDS = 0.005

Answers = Mapping[str, int | str]  # item → the code as answered, or the kind of missing
State = Literal["scored", "too_few", "too_few_in_form", "one_direction"]
RuleUsed = Literal["complete", "prorated", "substituted", "none"]
BandReason = Literal["given", "no_bands", "no_score", "no_interval", "missing_straddles", "interval_straddles"]


@dataclass(frozen=True, slots=True)
class Reliability:
    """The evidence a standard error rests on; `sd` in score units, `lower` the lower 95 % bound of the coefficient."""

    coefficient: float
    lower: float | None
    sd: float | None
    n: int | None
    statistic: str
    kind: Literal["local", "published"]
    language: str
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What a score was made from, so that anyone can make it again."""

    instrument_id: str
    instrument_version: str
    instrument_digest: str
    locale: str
    mode: str
    scoring_version: str
    inputs_digest: str
    evidence: Reliability | None


@dataclass(frozen=True, slots=True)
class Score:
    """One scale of one sitting. Without enough answers there is no value, and then no error, interval or band either.

    `lower` and `upper` are the 95 % interval, observed score ± 1.96 standard errors, cut off at the ends of the scale.
    `lowest` and `highest` are the scores that the missing answers would allow. `band` is given only when all of these
    fall into it; else `between` names the lowest and the highest band they reach. `careless` names published rules on
    careless answering that the answers broke: a thing to talk about, never a reason for the machine to act.
    """

    scale: str
    state: State
    value: float | None
    standard_error: float | None
    lower: float | None
    upper: float | None
    lowest: float
    highest: float
    n_answered: int
    n_items: int
    n_skipped: int
    rule: RuleUsed
    rule_source: str
    band: str | None
    band_reason: BandReason
    between: tuple[str, str] | None
    careless: tuple[str, ...]
    trace: Trace


@dataclass(frozen=True, slots=True)
class Form:
    """What all scales of one sitting share: questions, their language, the answers, and what holds for all of them."""

    instrument: Instrument
    answers: Answers
    locale: str
    mode: str
    n_missing: int
    careless: tuple[str, ...]
    digest: str


def read_form(instrument: Instrument, answers: Answers, *, locale: str | None = None, mode: str = "web") -> Form:
    """Return the answers of one sitting, ready to be scored; `locale` is the language it was answered in."""
    inputs = json.dumps({item.id: answers.get(item.id) for item in instrument.items}, sort_keys=True)
    return Form(
        instrument=instrument,
        answers=answers,
        locale=locale or instrument.source_language,
        mode=mode,
        n_missing=sum(not isinstance(answers.get(item.id), int) for item in instrument.items),
        careless=careless_codes(instrument, answers),
        digest=hashlib.sha256(inputs.encode()).hexdigest(),
    )


def score_scale(
    instrument: Instrument,
    scale: Scale,
    answers: Answers,
    evidence: Reliability | None,
    *,
    locale: str | None = None,
    mode: str = "web",
) -> Score:
    """Score one scale; `answers` holds every item of the form, for some rules look at all of them."""
    return score_of_form(read_form(instrument, answers, locale=locale, mode=mode), scale, evidence)


def score_of_form(form: Form, scale: Scale, evidence: Reliability | None) -> Score:
    """Score one scale of a form."""
    keyed = _keyed(form, scale)
    state = _state(form, scale, keyed)
    possible = _possible(form.instrument, scale, keyed)
    rule = _rule_used(scale.missing, complete=len(keyed) == len(scale.items)) if state == "scored" else "none"
    value = _value(form.instrument, scale, keyed, rule) if state == "scored" else None
    error = _standard_error(evidence, len(keyed), len(scale.items)) if value is not None else None
    interval = _interval(scale, value, error)
    band, band_reason, between = _band(scale, value, possible, interval)
    return Score(
        scale=scale.id,
        state=state,
        value=value,
        standard_error=error,
        lower=interval[0],
        upper=interval[1],
        lowest=possible[0],
        highest=possible[1],
        n_answered=len(keyed),
        n_items=len(scale.items),
        n_skipped=sum(form.answers.get(item) == "skipped" for item in scale.item_ids),
        rule=rule,
        rule_source=scale.missing.source,
        band=band,
        band_reason=band_reason,
        between=between,
        careless=form.careless,
        trace=_trace(form, evidence),
    )


def careless_codes(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """Return the published rules on careless answering that these answers broke, as `longest_run:<answer code>`."""
    longest: dict[int, int] = {}
    previous, run = None, 0
    for item in instrument.items:
        answer = answers.get(item.id)
        # A skip is a choice and ends a run; Johnson's program, which replaces it by the middle first, lets it count.
        run = (run + 1 if answer == previous else 1) if isinstance(answer, int) else 0
        previous = answer
        if isinstance(answer, int):
            longest[answer] = max(run, longest.get(answer, 0))
    return tuple(
        f"{rule.kind}:{code}"
        for rule in instrument.careless
        for code, limit in sorted(rule.limits.items())
        if longest.get(code, 0) > limit
    )


def band_of(scale: Scale, value: float) -> Band:
    """Return the band a score falls into: the last one that begins at or below it; 4.5 is still below a cut at 5."""
    tolerance = _ROUNDING_OF_MEAN_BANDS if scale.method == "mean" else 1e-9
    return [band for band in scale.bands if band.lower <= value + tolerance][-1]


def _keyed(form: Form, scale: Scale) -> dict[str, int]:
    """Return the answered items of the scale, each counted in the direction of its key."""
    keyed = {}
    for entry in scale.items:
        answer = form.answers.get(entry.item)
        if isinstance(answer, int):
            if answer not in form.instrument.options_of(entry.item).codes:
                raise ValueError(f'{form.instrument.id}: {answer} is no answer code of item "{entry.item}"')
            keyed[entry.item] = _directed(form.instrument, entry, answer)
    return keyed


def _directed(instrument: Instrument, entry: KeyedItem, code: int) -> int:
    """Return a code in the direction in which the item counts."""
    options = instrument.options_of(entry.item)
    return code if entry.key == 1 else options.minimum + options.maximum - code


def _state(form: Form, scale: Scale, keyed: Mapping[str, int]) -> State:
    rule = scale.missing
    if rule.max_missing_in_form is not None and form.n_missing > rule.max_missing_in_form:
        return "too_few_in_form"
    fills_gaps = rule.prorate or rule.substitute is not None
    if len(keyed) < rule.min_answered or not (fills_gaps or len(keyed) == len(scale.items)):
        return "too_few"
    wanted = {entry.key for entry in scale.items}
    if rule.both_directions and wanted != {entry.key for entry in scale.items if entry.item in keyed}:
        return "one_direction"
    return "scored"


def _rule_used(rule: MissingRule, *, complete: bool) -> RuleUsed:
    if complete:
        return "complete"
    return "substituted" if rule.substitute is not None else "prorated"


def _value(instrument: Instrument, scale: Scale, keyed: Mapping[str, int], rule: RuleUsed) -> float:
    """Return the score; prorating is the person mean over the answered items times the number of items, unrounded."""
    total, counted = sum(keyed.values()), len(keyed)
    if rule == "substituted" and scale.missing.substitute is not None:
        code, gaps = scale.missing.substitute, [entry for entry in scale.items if entry.item not in keyed]
        total += sum(_directed(instrument, entry, code) for entry in gaps)
        counted += len(gaps)
    return total / counted if scale.method == "mean" else total * len(scale.items) / counted


def _possible(instrument: Instrument, scale: Scale, keyed: Mapping[str, int]) -> tuple[float, float]:
    """Return the lowest and highest score that the missing answers allow."""
    open_items = [instrument.options_of(item) for item in scale.item_ids if item not in keyed]
    total = sum(keyed.values())
    divisor = len(scale.items) if scale.method == "mean" else 1
    return (
        (total + sum(options.minimum for options in open_items)) / divisor,
        (total + sum(options.maximum for options in open_items)) / divisor,
    )


def _standard_error(evidence: Reliability | None, n_answered: int, n_items: int) -> float | None:
    """Return the standard error of measurement, SD × √(1 − reliability) (Lord & Novick, 1968, p. 67).

    Carried by m of n parallel items, a score in units of the whole scale has n/m times the error variance.
    """
    if evidence is None or evidence.sd is None:
        return None
    reliability = min(max(evidence.coefficient, 0.0), 1.0)
    return standard_error_of_measurement(evidence.sd, reliability) * math.sqrt(n_items / n_answered)


def _interval(scale: Scale, value: float | None, error: float | None) -> tuple[float | None, float | None]:
    if value is None or error is None:
        return None, None
    return max(scale.minimum, value - _Z * error), min(scale.maximum, value + _Z * error)


def _band(
    scale: Scale, value: float | None, possible: tuple[float, float], interval: tuple[float | None, float | None]
) -> tuple[str | None, BandReason, tuple[str, str] | None]:
    """Return the band, why it is or is not given, and the lowest and highest band that cannot be ruled out."""
    if value is None:
        return None, "no_score", None
    if not scale.bands:
        return None, "no_bands", None
    lower, upper = interval
    if lower is None or upper is None:
        return None, "no_interval", None
    by_missing = band_of(scale, possible[0]).id, band_of(scale, possible[1]).id
    between = band_of(scale, min(lower, possible[0])).id, band_of(scale, max(upper, possible[1])).id
    if by_missing[0] != by_missing[1]:
        return None, "missing_straddles", between
    if between[0] != between[1]:
        return None, "interval_straddles", between
    return band_of(scale, value).id, "given", None


def _trace(form: Form, evidence: Reliability | None) -> Trace:
    return Trace(
        instrument_id=form.instrument.id,
        instrument_version=form.instrument.version,
        instrument_digest=form.instrument.digest,
        locale=form.locale,
        mode=form.mode,
        scoring_version=SCORING_VERSION,
        inputs_digest=form.digest,
        evidence=evidence,
    )
