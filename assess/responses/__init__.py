"""Responses: answers and skips as given, sealed with the client's key, and the respondent-by-item matrix.

A later answer supersedes an earlier one, nothing is overwritten. A missing answer always has a kind (`skipped`,
`not_reached`, `not_shown`, `not_in_form`, `erased`, `error`); it is never a blank and never a zero.
De-identified copies, for those who agreed, stand apart and lose their way back when the client's key is destroyed.
"""
