"""Administration: one client, one instrument version, one language, once: from the first page to the last press.

An administration can begin only under a valid consent, holds the digest of the instrument files it was answered with,
and ends once: submitting again changes nothing.
"""
