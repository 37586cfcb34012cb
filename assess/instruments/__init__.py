"""Instruments: what a questionnaire is, how its files are read and checked, and the read-only catalogue of them.

An instrument is data, never code: `instruments/<id>/<version>/instrument.toml` holds items, keys, scoring rules,
evidence and licence; `text.<locale>.toml` beside it holds the wording in one language. `shape` says which keys a file
may have, `lint` whether they make sense together, `load` reads a folder and reports every fault of every file at once,
`rules` holds the frozen values that the rest of the service works with, `catalogue` those of this installation.
A language is *answerable* (words every item and option), *reportable* (words scales and bands), or both.
Items of the published form that are never shown here are *left out*: their wording and keys stay in the file.
A version folder never changes once it was used: what must change becomes a new version.
"""
