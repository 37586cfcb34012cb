"""Safeguarding: what a client raises with a human, and that a human answers it in time.

A concern (a question about a result, a boundary problem) has an owner, a due date and an end with a remedy. Its text is
sealed with the client's key. A coach or sponsor never sees it unless the client says so.
"""
