"""Kills the server while people answer, and looks whether it kept its word: `python -m tests.crash`."""
