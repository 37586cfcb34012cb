"""Measures what the design promises in figures: `python -m tests.bench`, or some parts by name."""
