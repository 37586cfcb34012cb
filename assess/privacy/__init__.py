"""Privacy: what is held about a person, who read it, taking it along, closing, erasing, and figures that hide people.

Withdrawing consent, closing the account and erasing are three acts; none implies another. Erasing clears what is sealed
in one transaction and destroys the person's key after it, so that backups are unreadable too; the `ledger` repeats it
after a restore. `retention` deletes what was kept long enough. Aggregates pass `disclosure`.
"""
