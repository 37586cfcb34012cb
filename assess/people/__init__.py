"""People: accounts, roles, sign-in links and sessions, and the mail that goes to them.

A name and a mail address are sealed with the person's own key; the address is found again by a keyed digest. Links and
sessions are stored as digests only, are single-use or revocable, and run out.
Words: *person*, *role* (client, coach, lead, supervisor, administrator), *link* (sign-in or invitation), *outbox*.
"""
