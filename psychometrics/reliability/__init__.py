"""Coefficients of reliability, their intervals, and tests of their equality across groups."""
