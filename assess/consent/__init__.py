"""Consent: read, understand, choose scope by scope, act, and take back as easily.

A text version is stored once under its SHA-256 and old records are shown only from that copy. A record is a locked
snapshot of what was shown and chosen. No item is shown before a valid record exists: right version, right language,
comprehension passed, eligible. Scopes: `store` (needed to take part), `coach_reads`, `instrument_quality`,
`sponsor_aggregates`, `research`. Withdrawing, erasing and closing the account are three acts.
"""
