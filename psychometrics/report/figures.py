"""Numbers as a reader sees them: rounded here and nowhere earlier."""

from __future__ import annotations

import math


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with these decimals, a dash where it is not known; never a minus sign before a zero."""
    if value is None or math.isnan(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.,") else text


def interval(low: float, high: float, digits: int = 2) -> str:
    """Return the ends of an interval, a dash where they are not known."""
    if math.isnan(low) and math.isnan(high):
        return number(low)
    return f"{number(low, digits)} to {number(high, digits)}"


def percent(share: float) -> str:
    """Return a share as a percentage; one decimal below ten."""
    return "–" if math.isnan(share) else f"{100 * share:.{1 if 0 < share < 0.0995 else 0}f} %"


def p_value(p: float) -> str:
    """Return a p value; below .001 only that."""
    return "–" if math.isnan(p) else "<.001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def people(n: int) -> str:
    """Return a number of people."""
    return "1 person" if n == 1 else f"{n:,} people"
